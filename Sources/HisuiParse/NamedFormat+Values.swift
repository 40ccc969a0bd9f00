import HisuiBytes
import HisuiEvent
import HisuiShape

extension NamedFormat {
    /// Appends the slots of the values that `message` is; nil, with nothing appended, if it is not
    /// in this format.
    ///
    /// - Complexity: O(length of the message); allocates nothing but room in `slots`.
    @inline(__always)
    func appendSlots(
        of text: Span<UInt8>, _ message: Range<Int>, to slots: inout [ByteRange]
    ) -> NamedValues? {
        switch self {
        case .json:
            guard let start = NamedFormat.objectStart(text, message) else { return nil }
            switch JSONShape.appendSlots(
                of: text, start..<message.upperBound,
                slotsMax: Limits.slotsPerShapeMax - slots.count, to: &slots)
            {
            case .none: return nil
            case .parts(let end): return NamedValues(range: start..<end, isTakenApart: true)
            case .whole(let end): return NamedValues(range: start..<end, isTakenApart: false)
            }
        case .csv(let csv):
            let first = slots.count
            guard
                DelimitedText.appendValues(
                    of: text, message, delimiter: csv.delimiter, counts: csv.least...csv.countsMax,
                    to: &slots)
            else { return nil }
            if slots.count > Limits.slotsPerShapeMax || csv.isHeader(text, slots.span, first) {
                slots.removeSubrange(first...)
                return nil
            }
            return NamedValues(range: message, isTakenApart: true)
        case .kv(let pairs):
            guard
                pairs.appendValues(
                    of: text, message, countMax: Limits.slotsPerShapeMax - slots.count, to: &slots)
            else { return nil }
            return NamedValues(range: message, isTakenApart: true)
        }
    }

    /// The values that `appendSlots` found, with their names; nil if these are too long.
    ///
    /// - Parameter first: the number of their first slot.
    func members(
        of text: Span<UInt8>, _ range: Range<Int>, _ slots: Span<ByteRange>, first: Int
    ) -> [NamedMember]? {
        switch self {
        case .json:
            guard let found = JSONShape.members(of: text, range) else { return nil }
            return found.map { member in
                let field = JSONShape.field(
                    of: member, text, slots[first + member.slot], firstSlot: first)
                return NamedMember(
                    name: field.name, slot: first + member.slot,
                    decoding: member.isText ? .jsonEscapes : .jsonValue, type: field.type,
                    nameBytes: member.path.count)
            }
        case .csv(let csv):
            return (first..<slots.count).compactMap { slot in
                let name = csv.name(slot - first)
                if name == "_" { return nil }
                let start = slots[slot].range.lowerBound
                let isQuoted = start > range.lowerBound && text[start - 1] == 0x22
                return NamedMember(
                    name: name, slot: slot, decoding: isQuoted ? .doubledQuotes : .raw)
            }
        case .kv(let pairs):
            return pairs.pairs(of: text, range).enumerated().compactMap { index, pair in
                if pair.name.isEmpty { return nil }
                return NamedMember(
                    name: String(decodingBytes: text, pair.name), slot: first + index,
                    decoding: pair.isQuoted ? .backslashEscapes : .raw,
                    nameBytes: pair.name.count)
            }
        }
    }

    /// Where an object may begin: at the first brace, blanks and the cookie of CEE left aside.
    @inline(__always)
    private static func objectStart(_ text: Span<UInt8>, _ message: Range<Int>) -> Int? {
        var at = message.lowerBound
        while at < message.upperBound, text[at] == 0x20 || text[at] == 0x09 { at += 1 }
        if at < message.upperBound, text[at] == 0x40 {
            guard message.upperBound - at > 5,
                ByteSearch.equal(text, at..<at + 5, cookie.span)
            else { return nil }
            at += 5
            while at < message.upperBound, text[at] == 0x20 { at += 1 }
        }
        return at < message.upperBound && text[at] == 0x7B ? at : nil
    }

    private static let cookie = Array("@cee:".utf8)
}

extension CSVFormat {
    /// Whether the values are the names of the columns.
    @inline(__always)
    func isHeader(_ text: Span<UInt8>, _ slots: Span<ByteRange>, _ first: Int) -> Bool {
        for index in columns.indices {
            guard first + index < slots.count else { return true }
            let range = slots[first + index].range
            guard range.count == columns[index].utf8.count,
                ByteSearch.equal(text, range, Array(columns[index].utf8).span)
            else { return false }
        }
        return true
    }

    /// What the value number `index` is called.
    func name(_ index: Int) -> String {
        index < columns.count ? columns[index] : "column\(index + 1)"
    }
}
