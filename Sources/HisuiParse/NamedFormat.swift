import HisuiBytes
import HisuiEvent
import HisuiShape

/// What `input:` of a definition of named values may say.
enum NamedInput: String, CaseIterable, Sendable {
    case json
    case csv
    case kv
    case cef
    case leef
    case xmlEvent = "xmlevent"
    case w3c
    case auditkv
    case sd

    /// Whether messages say by themselves that they are in it, so that they need no definition.
    var saysItself: Bool {
        switch self {
        case .json, .cef, .leef, .xmlEvent: true
        case .csv, .kv, .auditkv, .sd: false
        // The file does.
        case .w3c: true
        }
    }
}

extension NamedInput {
    /// Whether the names of values are those that a definition, a file or a shipper has chosen, so
    /// that no stranger's text can bring one in.
    var hasChosenNames: Bool {
        switch self {
        case .json, .csv, .w3c: true
        default: false
        }
    }
}

/// How the values of a message are written where they have names, with all that has to be known to
/// read them.
///
/// A format is added here, in `NamedFormat+Values.swift`, which finds the values, and in
/// `MemberDefinitionReader`, which reads what a definition says of it. Everything else — plans,
/// rules, times, admission — is the same for all.
enum NamedFormat: Hashable, Sendable {
    case json
    case csv(CSVFormat)
    case kv(PairText)
    case cef, leef
    case xmlEvent
    case w3c(W3CFormat)
    /// Records of the Linux audit system; see `AuditText`.
    case audit
    /// The same as journald hands them on; tried for entries that came so, and for no others.
    case journalAudit
    /// Structured data (RFC 5424 §6.3) and the text behind it.
    case structured

    var input: NamedInput {
        switch self {
        case .json: .json
        case .csv: .csv
        case .kv: .kv
        case .cef: .cef
        case .leef: .leef
        case .xmlEvent: .xmlEvent
        case .w3c: .w3c
        case .audit, .journalAudit: .auditkv
        case .structured: .sd
        }
    }
}

extension NamedFormat {
    /// Formats that say what they are.
    static let known: [(format: NamedFormat, firsts: [[UInt8]])] = [
        (.json, [[0x7B], [0x40], [0x20], [0x09]]),
        (.cef, [ExtensionText.cef.start]), (.leef, [ExtensionText.leef.start]),
        (.xmlEvent, [Array("<Event".utf8), Array("<?xml".utf8)]),
    ]

    /// Members that hold the time where no definition says so.
    func times(_ objects: ObjectNames) -> (times: [[String]], utcTimes: [[String]]) {
        switch self {
        case .json: (objects.times.map { [$0] }, objects.utcTimes.map { [$0] })
        case .xmlEvent: ([["Event.System.TimeCreated.#attributes.SystemTime"]], [])
        case .cef: ([["rt"], ["end"], ["start"]], [])
        case .leef: ([["devTime"]], [])
        case .csv, .kv, .structured: ([], [])
        case .audit, .journalAudit: ([["audit.time"]], [])
        case .w3c: ([["date-time"]], [["date", "time"]])
        }
    }

    /// Members that are the message, best first.
    func messages(_ objects: ObjectNames) -> [String] {
        switch self {
        case .json: objects.messages
        case .xmlEvent: ["Event.RenderingInfo.Message"]
        case .csv, .kv, .cef, .leef, .w3c, .audit, .journalAudit, .structured: []
        }
    }
}

/// Lines of delimited values (RFC 4180).
struct CSVFormat: Hashable, Sendable {
    /// Names in the order of the values; a column called `_` is no field.
    var columns: [String]
    var delimiter: UInt8
    /// How many values a line must have; there are never more than columns unless `hasMore`.
    var least: Int
    /// Values may follow those of the columns.
    var hasMore = false

    init(columns: [String], delimiter: UInt8, least: Int? = nil, hasMore: Bool = false) {
        self.columns = columns
        self.delimiter = delimiter
        self.least = least ?? columns.count
        self.hasMore = hasMore
    }

    /// How many values a line may have.
    var countsMax: Int { hasMore ? Limits.columnsMax : columns.count }
}

/// Values with names, found in a message.
struct NamedValues {
    /// All of them, and what belongs to them; in the text.
    var range: Range<Int>
    /// Whether the values are slots, and not the range as a whole.
    var isTakenApart: Bool
}

/// A value with a name: a slot of the shape.
struct NamedMember {
    var name: String
    /// In the shape.
    var slot: Int
    var decoding: Shape.Decoding
    var type: Shape.FieldType = .keyword
    /// How many bytes of name it costs beside the fixed text.
    var nameBytes = 0
}
