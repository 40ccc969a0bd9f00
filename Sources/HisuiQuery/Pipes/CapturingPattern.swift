import HisuiBytes

/// A regular expression in a pipe, as the query says it, and which of its groups are asked for.
///
/// As in VictoriaLogs, and other than in filters, `.` fits no line feed.
struct CapturingPattern: Sendable {
    let source: [UInt8]
    let expression: CapturingExpression

    /// - Parameters:
    ///   - token: where the expression stands.
    ///   - groups: as `CapturingExpression.init` has it.
    init(
        _ source: [UInt8], at token: Token, in parser: Parser,
        remembering groups: ([String?]) throws(RegularExpressionError) -> [Int]
    ) throws(QueryError) {
        let text = String(decoding: source, as: UTF8.self)
        guard text.utf8.elementsEqual(source) else {
            throw parser.error("a regular expression has to be valid UTF-8", at: token)
        }
        self.source = source
        do {
            expression = try CapturingExpression(text, remembering: groups)
        } catch {
            throw parser.error("the regular expression is refused: \(error.reason)", at: token)
        }
    }
}
