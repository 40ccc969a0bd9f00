import HisuiBytes
import HisuiShape
import HisuiStore

/// A test on the value of a slot; all blocks that are asked share it.
final class SlotQuestion: Sendable {
    let test: any ValueTest
    /// Of the test, whatever the shape.
    let identity: FieldTest.Identity
    let slot: Int
    let decoding: Shape.Decoding
    /// Whether values are tested as they stand in the records.
    let isAsStored: Bool
    /// Of these one occurs in every value that passes, as it stands in the record; empty if that is
    /// not known.
    let probes: [TextProbe]
    /// The test as a question to the text that the slot is, if it is a regular expression.
    let expression: TextQuestion?

    init(_ test: FieldTest, _ slot: Int, _ decoding: Shape.Decoding, isUTF8: Bool) {
        self.test = test.test
        identity = test.identity
        self.slot = slot
        self.decoding = decoding
        isAsStored = isUTF8 && decoding == .raw
        // What these decodings give stands in the record.
        let isPart: Bool =
            switch decoding {
            case .raw, .name, .jsonValue, .address: true
            default: false
            }
        probes = isPart && isUTF8 ? test.test.probes : []
        expression = (decoding == .raw ? test.test.regexp : nil).map { regexp in
            var text = StretchText(literals: [[], []], slots: [slot])
            text.isAsStored = isUTF8
            return TextQuestion(
                test.test, text, .expression(ExpressionQuestion(regexp, in: text)))
        }
    }
}

extension SlotQuestion {
    /// Whether a slot's value passes.
    ///
    /// - Parameter value: as it stands in the record.
    func matches(_ value: [UInt8], in shape: Shape) -> Bool {
        if isAsStored { return test.matches(value.span) }
        var text: [UInt8] = []
        shape.encoding.appendText(value.span, 0..<value.count, to: &text)
        if decoding == .raw { return test.matches(text.span) }
        var decoded: [UInt8] = []
        decoding.append(text.span, ByteRange(0..<text.count), to: &decoded)
        return test.matches(decoded.span)
    }

    /// What can be said of all values that are numbers of a range.
    func verdict(numbers: ClosedRange<UInt64>) -> Verdict {
        switch decoding {
        case .raw: return test.verdict(numbers: numbers)
        case .severityOfPriority, .facilityOfPriority:
            guard numbers.upperBound <= Self.priorityMax else { return .depends }
            var passing = 0
            for number in numbers {
                var text: [UInt8] = []
                text.appendDecimal(number)
                if matches(text, in: .any) { passing += 1 }
            }
            return passing == 0 ? .never : passing == numbers.count ? .always : .depends
        default: return .depends
        }
    }

    /// Facility 23, severity 7 (RFC 5424 §6.2.1).
    private static let priorityMax: UInt64 = 191
}
