/// What kind of place records come from. The raw value is stored; never renumber.
public enum SourceKind: UInt8, Sendable, CaseIterable {
    case journal = 1
    case syslogUDP = 2
    case syslogTCP = 3
    case syslogUnix = 4
    case file = 5
    case `import` = 6
    /// Hisui itself: see `Act`.
    case acts = 7
    /// Syslog over RELP, acknowledged when it is durable.
    case relp = 8
    /// Requests of HTTP, answered when they are durable.
    case http = 9
    /// The Linux audit system: auditd's plug-in, and what the kernel lost.
    case audit = 10
}

/// What the bytes of a record are (DESIGN: "what a stranger would call the original").
/// The raw value is stored; never renumber. `docs/format.md` defines each.
public enum RecordForm: UInt8, Sendable, CaseIterable {
    /// A syslog datagram or frame payload, with or without header, without the frame's delimiter.
    case syslog = 1
    /// One line of a file, without its line feed (and without a carriage return before it).
    case line = 2
    /// One entry in the journal export format, without the blank line: as the file has it, or, read
    /// from a journal, its fields in byte order of their names.
    case journal = 3
    /// One JSON object (RFC 8259) on one line, without its line feed.
    case json = 4
}

/// A source as the store names it: where records come from, inside one zone.
///
/// `id` is what an operator types and what `hisui sources` prints; it is unique within a zone and
/// stays the same over restarts. 1 to 128 bytes of `a-z A-Z 0-9 . _ : / @ -`.
public struct Source: Hashable, Sendable {
    public var id: String
    public var kind: SourceKind
    public var form: RecordForm

    public init(id: String, kind: SourceKind, form: RecordForm) {
        self.id = id
        self.kind = kind
        self.form = form
    }
}
