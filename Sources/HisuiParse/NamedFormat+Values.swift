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
        let room = Limits.slotsPerShapeMax - slots.count
        switch self {
        case .json:
            guard let start = NamedFormat.objectStart(text, message) else { return nil }
            switch JSONShape.appendSlots(
                of: text, start..<message.upperBound,
                slotsMax: room, to: &slots)
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
        case .kv(let pairs):
            guard pairs.appendValues(of: text, message, countMax: room, to: &slots) else {
                return nil
            }
        case .cef, .leef:
            let format: ExtensionText = self == .cef ? .cef : .leef
            guard format.appendValues(of: text, message, countMax: room, to: &slots) else {
                return nil
            }
        case .xmlEvent:
            guard EventXML.appendValues(of: text, message, countMax: room, to: &slots) else {
                return nil
            }
        case .w3c(let lines): return lines.appendSlots(of: text, message, to: &slots)
        case .audit:
            guard room > AuditText.valuesMax, var audit = AuditText(text, message) else {
                return nil
            }
            audit.forEachValue(text) { slots.append(ByteRange($0)) }
        case .journalAudit:
            guard room > AuditText.valuesMax, var audit = AuditText(journal: text, message) else {
                return nil
            }
            audit.forEachValue(text) { slots.append(ByteRange($0)) }
        case .structured:
            guard StructuredData.appendValues(of: text, message, countMax: room, to: &slots) else {
                return nil
            }
        }
        return NamedValues(range: message, isTakenApart: true)
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
        case .cef: return extensionMembers(.cef, text, range, first)
        case .leef: return extensionMembers(.leef, text, range, first)
        case .w3c(let lines): return lines.members(text, slots, first: first)
        case .xmlEvent:
            return EventXML.values(of: text, range).enumerated().map { index, value in
                NamedMember(
                    name: String(decoding: value.name, as: UTF8.self), slot: first + index,
                    decoding: .xmlText, nameBytes: value.name.count)
            }
        case .audit:
            return AuditText(text, range)?.members(text, first: first)
        case .journalAudit:
            return AuditText(journal: text, range)?.members(text, first: first)
        case .structured: return StructuredData.members(of: text, range, first: first)
        }
    }

    /// Values under their own names, and under those that labels give them.
    private func extensionMembers(
        _ format: ExtensionText, _ text: Span<UInt8>, _ range: Range<Int>, _ first: Int
    ) -> [NamedMember] {
        let decoding: Shape.Decoding = format == .cef ? .cefEscapes : .raw
        let values = format.values(of: text, range)
        var members: [NamedMember] = []
        var known: Set<String> = []
        for (index, value) in values.enumerated() {
            let name =
                value.header.map { format.headerNames[$0] }
                ?? String(decodingBytes: text, value.name)
            known.insert(name)
            members.append(
                NamedMember(
                    name: name, slot: first + index, decoding: decoding,
                    nameBytes: value.name.count))
        }
        for (index, value) in values.enumerated() where !value.label.isEmpty {
            var label: [UInt8] = []
            decoding.append(text, ByteRange(value.label), to: &label)
            let name = String(decoding: label, as: UTF8.self)
            // What a label says never takes the place of a value with that name.
            guard known.insert(name).inserted else { continue }
            members.append(
                NamedMember(
                    name: name, slot: first + index, decoding: decoding, nameBytes: label.count))
        }
        return members
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
