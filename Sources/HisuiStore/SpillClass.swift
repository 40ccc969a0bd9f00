public import HisuiEvent

/// How dear a record is when the spill ring is full: the lowest class goes first.
///
/// By the priority that a syslog record begins with, which is what its sender says: nothing better
/// is known before it is parsed. The raw value is part of file names.
public enum SpillClass: UInt8, Sendable, CaseIterable {
    /// Severities info and debug.
    case low = 0
    /// Warning and notice, and records without a priority.
    case middle = 1
    /// Emergency to error.
    case high = 2
    /// The facilities auth, authpriv and audit, whatever the severity.
    case security = 3
    /// Counts and gaps, not records: never dropped.
    case accounts = 4

    /// The class of a syslog record: `<PRI>` and what follows.
    ///
    /// - Complexity: O(1).
    public static func of(_ record: Span<UInt8>) -> SpillClass {
        guard record.count > 2, record[0] == UInt8(ascii: "<") else { return .middle }
        var priority = 0
        var at = 1
        while at < record.count, at <= 3, record[at] &- 0x30 <= 9 {
            priority = priority * 10 + Int(record[at] & 0xF)
            at += 1
        }
        guard at > 1, at < record.count, record[at] == UInt8(ascii: ">") else { return .middle }
        switch priority >> 3 {
        case 4, 10, 13: return .security
        default: break
        }
        switch priority & 7 {
        case 0...3: return .high
        case 4, 5: return .middle
        default: return .low
        }
    }

    /// Whether records of that kind cannot wait: their senders do not know whether anybody listens,
    /// or are programs of this machine, which stand still when they wait.
    public static func isUnstoppable(_ kind: SourceKind) -> Bool {
        kind == .syslogUDP || kind == .syslogUnix
    }
}
