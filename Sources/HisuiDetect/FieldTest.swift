import HisuiBytes

/// One question about one field of an event. Rules that ask the same share it.
struct FieldTest: Hashable, Sendable {
    enum Comparison: Hashable, Sendable {
        case equal, less, lessOrEqual, greater, greaterOrEqual

        func holds(_ number: Double, _ limit: Double) -> Bool {
            switch self {
            case .equal: number == limit
            case .less: number < limit
            case .lessOrEqual: number <= limit
            case .greater: number > limit
            case .greaterOrEqual: number >= limit
            }
        }
    }

    enum Relation: Hashable, Sendable { case equal, contains, startsWith, endsWith }

    enum Question: Hashable, Sendable {
        case pattern(TextPattern)
        /// Equal to one of many texts, in lower case unless cased.
        case oneOf(Set<[UInt8]>, isCased: Bool)
        /// The field has no value, or one of these, which are in lower case.
        case onlyOneOf(Set<[UInt8]>)
        case expression(RegularExpression)
        case network(IPNetwork)
        case compare(Comparison, Double)
        /// A part of the date in the field.
        case time(WrittenDate.Part, Comparison, Double)
        /// The field is there, be it null.
        case exists
        /// The field is not there.
        case absent
        /// The field is not there, or null.
        case missing
        case related(Relation, toField: Int, isCased: Bool)
    }

    /// The field's number in the rule set's table; nil for the event as a whole: keywords.
    var field: Int?
    var question: Question

    /// The answer, all of the event's values being known.
    func holds(_ values: borrowing EventValues) -> Bool {
        switch question {
        case .exists: return field.map { values.state($0) != .absent } ?? false
        case .absent: return field.map { values.state($0) == .absent } ?? false
        case .missing: return field.map { values.state($0) != .present } ?? false
        case .onlyOneOf:
            guard let field, values.state(field) == .present else { return true }
            return values.any(field) { bytes, range in fits(bytes, range) }
        case .related(let relation, let other, let isCased):
            guard let field else { return false }
            return values.any(field) { bytes, range in
                values.any(other) { _, part in
                    FieldTest.related(relation, bytes, range, part, isCased: isCased)
                }
            }
        default:
            guard let field else {
                return values.anywhere { bytes, range in fits(bytes, range) }
            }
            return values.any(field) { bytes, range in fits(bytes, range) }
        }
    }

    /// Whether one value fits.
    func fits(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        switch question {
        case .pattern(let pattern): return pattern.matches(bytes, range)
        case .oneOf(let set, let isCased):
            return FieldTest.isOne(of: set, bytes, range, isCased: isCased)
        case .onlyOneOf(let set):
            return FieldTest.isOne(of: set, bytes, range, isCased: false)
        case .expression(let expression): return expression.matches(bytes, range)
        case .network(let network):
            guard let address = IPAddress.parse(bytes, range) else { return false }
            return network.contains(address) || network.contains(address.unmapped)
        case .compare(let comparison, let limit):
            guard range.count <= 40 else { return false }
            var text: [UInt8] = []
            for index in range { text.append(bytes[index]) }
            guard let number = Double(String(decoding: text, as: UTF8.self)) else { return false }
            return comparison.holds(number, limit)
        case .time(let part, let comparison, let limit):
            guard let value = WrittenDate(bytes, range)?[part] else { return false }
            return comparison.holds(Double(value), limit)
        case .exists, .absent, .missing, .related: return false
        }
    }

    private static func isOne(
        of set: Set<[UInt8]>, _ bytes: Span<UInt8>, _ range: Range<Int>, isCased: Bool
    ) -> Bool {
        var value: [UInt8] = []
        value.reserveCapacity(range.count)
        for index in range {
            value.append(isCased ? bytes[index] : ByteSearch.lowered(bytes[index]))
        }
        return set.contains(value)
    }

    private static func related(
        _ relation: Relation, _ bytes: Span<UInt8>, _ range: Range<Int>, _ part: Range<Int>,
        isCased: Bool
    ) -> Bool {
        if !isCased, hasOtherLetters(bytes, range) || hasOtherLetters(bytes, part) {
            let value = TextPattern.folded(bytes.extracting(range))
            let both = value + TextPattern.folded(bytes.extracting(part))
            return related(
                relation, both.span, 0..<value.count, value.count..<both.count, isCased: true)
        }
        func isEqual(_ range: Range<Int>) -> Bool {
            let other = bytes.extracting(part)
            return isCased
                ? ByteSearch.equal(bytes, range, other)
                : ByteSearch.equalIgnoringCase(bytes, range, other)
        }
        switch relation {
        case .equal: return isEqual(range)
        case .startsWith:
            return part.count <= range.count
                && isEqual(range.lowerBound..<range.lowerBound + part.count)
        case .endsWith:
            return part.count <= range.count
                && isEqual(range.upperBound - part.count..<range.upperBound)
        case .contains:
            let needle = bytes.extracting(part)
            return isCased
                ? ByteSearch.first(of: needle, in: bytes, range) != nil
                : ByteSearch.firstIgnoringCase(of: needle, in: bytes, range) != nil
        }
    }

    /// Whether letters beyond ASCII may stand there, which have to be folded as text.
    private static func hasOtherLetters(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] >= 0x80 { return true }
        return false
    }
}
