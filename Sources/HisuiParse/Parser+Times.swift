import HisuiBytes
import HisuiEvent
import HisuiShape

/// Times that messages state, as definitions say how.
extension DefinitionSet {
    /// The time that a message states whose rule says where.
    ///
    /// - Parameters:
    ///   - firstSlot: of the message's slots in `slots`.
    ///   - text: what the slots are of.
    func statedTime(
        of match: RuleMatch, _ text: Span<UInt8>, _ slots: Span<ByteRange>, firstSlot: Int
    ) -> TimeText.Value? {
        var value: TimeText.Value?
        forEachSlot(of: match) { capture, slot in
            guard let format = capture.format else { return }
            value = format.read(text, slots[firstSlot + slot].range)?.value
        }
        return value
    }

    /// The zone of times of messages that a rule knows; nil: the source's.
    func zone(of match: RuleMatch) -> TimeZoneRules? { zones[rules[Int(match.rule)].member] }
}

extension Parser {
    /// Takes the time that the message states in place of the header's.
    @inline(never)
    mutating func takeStatedTime(
        _ match: RuleMatch, _ text: Span<UInt8>, firstSlot: Int, _ row: inout RowBatch.Row
    ) {
        guard
            let value = definitions.statedTime(
                of: match, text, scratch.slots.span, firstSlot: firstSlot)
        else { return }
        take(value, zone: definitions.zone(of: match), &row)
    }

    /// Takes a time that stands in the record as the row's.
    mutating func take(
        _ value: TimeText.Value, zone: TimeZoneRules?, _ row: inout RowBatch.Row
    ) {
        let time = clock.time(value, zone: zone)
        guard time != .none else { return }
        row.time = time
        if value.hasYear {
            row.flags.remove(.yearInferred)
        } else {
            row.flags.insert(.yearInferred)
        }
    }
}
