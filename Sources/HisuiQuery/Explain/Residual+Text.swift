import HisuiBytes
import HisuiShape

// As an explanation shows it: LogsQL, but that a slot of the shape stands where a field's name
// would.
extension Residual: CustomStringConvertible {
    var description: String {
        switch self {
        case .time(let filter): Filter.time(filter).description
        case .clock(let filter): Filter.clock(filter).description
        case .fields(let comparison): Filter.fields(comparison).description
        case .row(let test, let name): Quoting.text(name) + ":" + Self.text(of: test)
        case .slot(let question): "‹\(question.slot)›:" + Self.text(of: question.test)
        case .text(let question):
            question.text.slots.map { "‹\($0)›" }.joined() + ":" + Self.text(of: question.test)
        case .not(let inner): "!(\(inner))"
        case .and(let inner): inner.map { "\($0)" }.joined(separator: " ")
        case .or(let inner): "(" + inner.map { "\($0)" }.joined(separator: " or ") + ")"
        }
    }

    private static func text(of test: any ValueTest) -> String {
        var text = ""
        test.print(to: &text)
        return text
    }
}

extension Shape {
    /// The record's fixed text, with `‹n›` where slot n stands.
    var outline: String {
        var text: [UInt8] = []
        for number in 0...recordSlotCount {
            if number > 0 { text.append(utf8: "‹\(number - 1)›") }
            let literal = literals[number]
            encoding.appendText(literal.span, 0..<literal.count, to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
