import HisuiBytes
import HisuiEvent
import HisuiShape

/// Which fields of the schema a journal entry's own fields are.
///
/// A field whose name begins with an underscore is set by journald and cannot be forged by the
/// sender; the others are what the sender says. Every field keeps its native name. Of the names of
/// the schema:
/// - a trusted field always goes before what the sender says (`_PID` before `SYSLOG_PID`);
/// - a process that journald has seen (`_PID`) and whose name it could no longer read, because the
///   process had ended, has no `process.name`: what it calls itself is `log.syslog.appname`;
/// - who sent the entry, and from which host, session and boot, is what journald says, even if a
///   rule reads something else in the message (`identity` below): a message is only text;
/// - which unit it is about is for the manager alone to say (`init.scope`, where PID 1 is); every
///   other sender's unit is what journald says, whatever program it calls itself;
/// - what else the entry is *about* (a command, a user) is what the rule reads in the message, if
///   it does: sudo's `COMMAND=` is `process.command_line`, and `_CMDLINE` tells sudo's own.
enum JournalFields {
    struct Mapping {
        var native: String
        var name: String
        var type: Shape.FieldType
        /// Says who sent the entry: no rule changes it.
        var isIdentity = false
        /// Counts for nothing beside this native field.
        var yieldsTo: String?
    }

    /// In order of trust: the first one present gives the field.
    static let mappings: [Mapping] = [
        Mapping(native: "_HOSTNAME", name: "host.name", type: .keyword, isIdentity: true),
        Mapping(native: "_MACHINE_ID", name: "host.id", type: .keyword, isIdentity: true),
        Mapping(native: "_BOOT_ID", name: "host.boot.id", type: .keyword, isIdentity: true),
        Mapping(native: "_PID", name: "process.pid", type: .integer, isIdentity: true),
        Mapping(native: "SYSLOG_PID", name: "process.pid", type: .integer),
        Mapping(native: "_AUDIT_SESSION", name: "audit.session", type: .keyword, isIdentity: true),
        Mapping(native: "_AUDIT_LOGINUID", name: "user.audit.id", type: .keyword, isIdentity: true),
        Mapping(native: "_COMM", name: "process.name", type: .keyword),
        Mapping(
            native: "SYSLOG_IDENTIFIER", name: "process.name", type: .keyword, yieldsTo: "_PID"),
        Mapping(native: "SYSLOG_IDENTIFIER", name: "log.syslog.appname", type: .keyword),
        Mapping(native: "_UID", name: "user.id", type: .keyword, isIdentity: true),
        Mapping(native: "_EXE", name: "process.executable", type: .keyword),
        Mapping(native: "_CMDLINE", name: "process.command_line", type: .text),
        Mapping(native: "_SYSTEMD_UNIT", name: "systemd.unit", type: .keyword),
        Mapping(native: "PRIORITY", name: "log.syslog.severity.code", type: .integer),
        Mapping(native: "SYSLOG_FACILITY", name: "log.syslog.facility.code", type: .integer),
    ]

    /// Native fields that are numbers; the others are keywords.
    static let integers: Set<String> = [
        "__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP", "PRIORITY",
        "SYSLOG_FACILITY", "SYSLOG_PID", "_PID", "CODE_LINE", "ERRNO",
    ]

    /// Names of the schema that no rule may change for this entry.
    static func identity(
        of record: Span<UInt8>, _ entry: JournalEntry, isFromUnit: Bool
    ) -> Set<String> {
        var present: Set<String> = []
        for field in entry.fields {
            present.insert(String(decodingBytes: record, field.name.range))
        }
        var names: Set<String> = []
        for mapping in mappings where mapping.isIdentity && present.contains(mapping.native) {
            names.insert(mapping.name)
        }
        if isFromUnit { names.insert("systemd.unit") }
        return names
    }
}

extension ShapeBuilder {
    /// Adds the fields of a journal entry: native names in order of the entry, then the schema's.
    mutating func addJournal(_ record: Span<UInt8>, _ entry: JournalEntry, bodyCount: Int) {
        var slot = 0
        var first: [String: Int] = [:]
        for (number, field) in entry.fields.enumerated() {
            if field.hasLength { slot += 1 }
            if number == entry.message {
                // The message is `message`; it needs no second name.
                slot += bodyCount
                continue
            }
            let name = String(decodingBytes: record, field.name.range)
            let type: Shape.FieldType = JournalFields.integers.contains(name) ? .integer : .keyword
            add(name, type, .slot(slot, .raw))
            if first[name] == nil { first[name] = slot }
            slot += 1
        }
        var given: Set<String> = []
        for mapping in JournalFields.mappings where !given.contains(mapping.name) {
            guard let slot = first[mapping.native] else { continue }
            if let stronger = mapping.yieldsTo, first[stronger] != nil { continue }
            given.insert(mapping.name)
            set(mapping.name, mapping.type, .slot(slot, .raw))
        }
    }
}
