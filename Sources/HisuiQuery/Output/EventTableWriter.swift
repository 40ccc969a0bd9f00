public import HisuiBytes

/// Events for a person at a terminal, one on a line: local time, perhaps the zone, host, program,
/// message.
///
/// Nothing from a record reaches the terminal as it is: what could steer the terminal or hide text
/// is shown escaped. Columns grow with what they hold, up to a bound, so that a stream of rows can
/// be shown as it comes; wide characters count two. Rows with those around them are parted by `--`,
/// and `>` stands before those that the query selects.
public struct EventTableWriter: RowWriter {
    private let timeZone: TimeZoneRules
    private let isColoured: Bool
    private let columnsMax: Int
    private let showsZone: Bool
    private var zoneWidth = 4
    private var hostWidth = 8
    private var programWidth = 8
    private var parting = ContextParting()

    private static let zoneWidthMax = 16
    private static let hostWidthMax = 24
    private static let programWidthMax = 20

    /// Fields the table looks at: what `QueryOptions.fields` may be limited to.
    public static let fields = [
        FieldName.time, FieldName.message, FieldName.zone, "host.name", "process.name",
        "log.syslog.appname", "process.pid", "log.syslog.severity.code",
    ]

    /// - Parameters:
    ///   - isColoured: whether to colour by severity.
    ///   - columnsMax: width of the terminal, where a line ends in `…`; nil to show all.
    ///   - showsZone: whether to tell of which zone an event is.
    public init(
        timeZone: TimeZoneRules, isColoured: Bool, columnsMax: Int?, showsZone: Bool = false
    ) {
        self.showsZone = showsZone
        self.timeZone = timeZone
        self.isColoured = isColoured
        self.columnsMax = columnsMax ?? .max
    }

    public mutating func write(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        parting.part(row, to: &out)
        let colour = isColoured ? Self.colour(row) : nil
        if let colour { out.append(contentsOf: colour.utf8) }
        var columns = 0
        if row.index(of: FieldName.context) != nil {
            out.append(utf8: row.index(of: FieldName.hit) == nil ? "  " : "> ")
            columns = 2
        }
        columns += appendTime(row, to: &out)
        if showsZone {
            columns +=
                2
                + Self.append(
                    row, FieldName.zone, width: &zoneWidth, most: Self.zoneWidthMax, to: &out)
            out.append(contentsOf: "  ".utf8)
        }
        columns +=
            2
            + Self.append(
                row, "host.name", width: &hostWidth, most: Self.hostWidthMax, to: &out)
        out.append(contentsOf: "  ".utf8)
        let program = row.index(of: "process.name") != nil ? "process.name" : "log.syslog.appname"
        columns +=
            2
            + Self.append(
                row, program, width: &programWidth, most: Self.programWidthMax, to: &out)
        out.append(contentsOf: "  ".utf8)
        if let index = row.index(of: FieldName.message) {
            TerminalText.appendEscaped(
                row.bytes.span, row.range(at: index),
                columnsMax: columnsMax == .max ? .max : max(10, columnsMax - columns), to: &out)
        }
        if colour != nil { out.append(contentsOf: "\u{1B}[0m".utf8) }
        out.append(0x0A)
    }

    public mutating func finish(to out: inout [UInt8]) {}

    private func appendTime(_ row: borrowing ResultRow, to out: inout [UInt8]) -> Int {
        let index = row.index(of: FieldName.time)
        let range = index.map { row.range(at: $0) } ?? 0..<0
        if let time = TimeLiteral.complete(row.bytes.span.extracting(range)) {
            LocalTimeText.append(time, timeZone, milliseconds: true, to: &out)
        } else {
            out.append(contentsOf: String(repeating: " ", count: 23).utf8)
        }
        out.append(contentsOf: "  ".utf8)
        return 25
    }

    /// Appends a value padded to `width`, which grows with it.
    private static func append(
        _ row: borrowing ResultRow, _ name: String, width: inout Int, most: Int,
        to out: inout [UInt8]
    ) -> Int {
        let index = row.index(of: name)
        let used = TerminalText.appendEscaped(
            row.bytes.span, index.map { row.range(at: $0) } ?? 0..<0, columnsMax: most, to: &out)
        width = max(width, used)
        for _ in used..<width { out.append(0x20) }
        return width
    }

    /// How a severity (RFC 5424 §6.2.1) looks.
    private static func colour(_ row: borrowing ResultRow) -> String? {
        guard let index = row.index(of: "log.syslog.severity.code"),
            row.range(at: index).count == 1
        else { return nil }
        return switch row.bytes[row.range(at: index).lowerBound] {
        case UInt8(ascii: "0")...UInt8(ascii: "2"): "\u{1B}[1;31m"
        case UInt8(ascii: "3"): "\u{1B}[31m"
        case UInt8(ascii: "4"): "\u{1B}[33m"
        case UInt8(ascii: "5"): "\u{1B}[36m"
        case UInt8(ascii: "7"): "\u{1B}[2m"
        default: nil
        }
    }
}
