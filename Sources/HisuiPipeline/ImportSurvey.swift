public import HisuiBytes
import HisuiCollect
public import HisuiEvent
public import HisuiParse
import HisuiShape

/// What an import of some files would find, without a store: how many records a rule knows, and
/// what those look like that none does.
///
/// One thread, whose memory does not grow with the files: shapes are counted, at most
/// `Limits.surveyShapesMax` at a time.
public struct ImportSurvey: Sendable {
    /// Records of one rule of a parser definition.
    public struct Rule: Hashable, Sendable {
        public var parser: String
        public var rule: String
    }

    /// Messages alike that no rule knows.
    public struct UnknownShape: Sendable {
        /// The text that all of them have, `<…>` for what varies.
        public var text: [UInt8]
        public var count: UInt64
        /// The first record of them.
        public var sample: [UInt8]
    }

    public private(set) var records: UInt64 = 0
    /// Bytes of the records, without delimiters.
    public private(set) var bytes: UInt64 = 0
    /// Records by rule.
    public private(set) var rules: [Rule: UInt64] = [:]
    /// Records that a rule knows.
    public var recognised: UInt64 { rules.values.reduce(0, +) }
    /// Least and greatest time of records that have one; nil if none has.
    public private(set) var times: ClosedRange<Timestamp>?
    /// Records with a remark, by the bit of the remark.
    public private(set) var flags = [UInt64](repeating: 0, count: RowFlags.names.count)
    /// Records of lines that are no valid UTF-8, and how many of them are text in each encoding.
    public private(set) var notUTF8: UInt64 = 0
    public private(set) var fitting: [TextEncoding: UInt64] = [:]
    /// Files, as far as they could be read.
    public private(set) var fileCount = 0
    /// Files of journal entries among them.
    public private(set) var journalCount = 0
    /// Why files could not be read, or not to their end.
    public private(set) var failures: [String] = []
    /// The messages that no rule knows, where they are asked for.
    public private(set) var messages: UnknownMessages?

    private let options: Importer.Options
    private var parser: Parser
    private var shapes = ShapeCounts()

    /// - Parameters:
    ///   - options: as for an import; store and zone are not used.
    ///   - gathersMessages: whether `messages` is asked for.
    public init(_ options: Importer.Options, gathersMessages: Bool = false) {
        self.options = options
        let definitions = Importer(options).definitions
        if gathersMessages {
            messages = UnknownMessages(
                inside: InsideReader(definitions, timeZone: options.timeZone))
        }
        parser = Parser(
            definitions: definitions, timeZone: options.timeZone,
            encoding: options.encoding)
    }

    /// Reads a file; `-` is standard input.
    ///
    /// - Parameter progress: called now and then, with what was found so far and how much of the
    ///   file was read.
    public mutating func read(_ path: String, progress: (ImportSurvey, Int) -> Void) {
        do throws(CollectError) {
            var input = try FileImport(
                path: path, name: options.source, clock: options.clock,
                encoding: options.encoding, join: options.join, table: options.table)
            fileCount += 1
            if input.source.form == .journal { journalCount += 1 }
            while var batch = try input.next() {
                if let reference = options.referenceTime {
                    batch.latestPossible = Timestamp(nanoseconds: reference)
                }
                take(options.clock.measure(.parse) { parser.parse(batch) })
                progress(self, input.fileBytesRead)
            }
        } catch {
            failures.append("\(error)")
        }
    }

    /// The most frequent shapes that no rule knows, and how many there are.
    public func unknownShapes(_ count: Int) -> (shapes: [UnknownShape], total: Int) {
        let all = shapes.unknown
        let sorted = all.sorted { a, b in
            a.count == b.count ? a.text.lexicographicallyPrecedes(b.text) : a.count > b.count
        }
        return (Array(sorted.prefix(count)), all.count)
    }

    private mutating func take(_ rows: RowBatch) {
        records += UInt64(rows.rows.count)
        bytes += UInt64(rows.recordBytes)
        shapes.use(parser.shapes)
        let mayBeOther = options.encoding == .utf8 && rows.source.form == .line
        for row in rows.rows {
            let record = rows.bytes.span.extracting(
                Int(row.offset)..<Int(row.offset) + Int(row.count))
            shapes.count(row.shape, record)
            if let shape = shapes.unknown(row.shape) {
                messages?.take(row, of: rows, shape: shape)
            }
            for bit in flags.indices where row.flags.rawValue & (1 << UInt32(bit)) != 0 {
                flags[bit] += 1
            }
            if !row.flags.contains(.timeInferred) {
                let before = times ?? row.time...row.time
                times = min(before.lowerBound, row.time)...max(before.upperBound, row.time)
            }
            if mayBeOther, !UTF8Text.isValid(record, 0..<record.count) { takeOther(record) }
        }
        shapes.fold(into: &rules)
    }

    /// Looks which encoding a record is in that is not UTF-8.
    private mutating func takeOther(_ record: Span<UInt8>) {
        notUTF8 += 1
        // Any bytes are text in UTF-16, and those of ISO-2022-JP are valid UTF-8.
        for encoding in [TextEncoding.cp932, .eucJP] {
            var text: [UInt8] = []
            if encoding.appendText(record, 0..<record.count, to: &text) {
                fitting[encoding, default: 0] += 1
            }
        }
    }
}

/// Counts records by shape, and keeps a sample of those that no rule knows.
private struct ShapeCounts {
    private var table: ShapeTable?
    private var shapes: [Shape] = []
    private var counts: [UInt64] = []
    /// By number, what those are counted under that no rule knows.
    private var texts: [[UInt8]?] = []
    private var seen: [[UInt8]: ImportSurvey.UnknownShape] = [:]

    var unknown: [ImportSurvey.UnknownShape] { Array(seen.values) }

    /// Takes the numbers of another table from now on.
    mutating func use(_ table: ShapeTable) {
        if self.table !== table {
            self.table = table
            shapes = []
            counts = []
            texts = []
        }
        for shape in table.shapes(from: shapes.count) {
            shapes.append(shape)
            counts.append(0)
            texts.append(shape.parser.isEmpty ? ImportSurvey.text(of: shape) : nil)
        }
    }

    mutating func count(_ shape: UInt32, _ record: Span<UInt8>) {
        counts[Int(shape)] += 1
        guard counts[Int(shape)] == 1, let text = texts[Int(shape)], seen[text] == nil else {
            return
        }
        var sample: [UInt8] = []
        sample.append(record, 0..<min(record.count, 4096))
        seen[text] = ImportSurvey.UnknownShape(text: text, count: 0, sample: sample)
    }

    /// The shape of that number, if no rule knows it.
    func unknown(_ shape: UInt32) -> Shape? {
        texts[Int(shape)] == nil ? nil : shapes[Int(shape)]
    }

    /// Adds what was counted by number, and forgets the rarest where there are too many.
    mutating func fold(into rules: inout [ImportSurvey.Rule: UInt64]) {
        for number in counts.indices where counts[number] > 0 {
            if let text = texts[number] {
                seen[text]?.count += counts[number]
            } else {
                let shape = shapes[number]
                let rule = ImportSurvey.Rule(parser: shape.parser, rule: shape.rule)
                rules[rule, default: 0] += counts[number]
            }
            counts[number] = 0
        }
        guard seen.count > Limits.surveyShapesMax else { return }
        let kept = seen.sorted { $0.value.count > $1.value.count }.prefix(seen.count / 2)
        seen = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }
}

extension ImportSurvey {
    /// The message of a shape, `<…>` for what varies.
    static func text(of shape: Shape) -> [UInt8] {
        var text: [UInt8] = []
        let message = shape.message
        for number in message.first...message.last {
            let literal = shape.literals[number]
            let first = number == message.first ? message.firstByte : 0
            let last = number == message.last ? message.lastByte : literal.count
            text += literal[first..<last]
            if number < message.last { text.append(utf8: "<\(name(shape.slots[number].kind))>") }
        }
        return text
    }

    private static func name(_ kind: Shape.Kind) -> String {
        switch kind {
        case .text, .word: "…"
        case .integer: "number"
        case .ipv4, .ipv6: "address"
        case .hex: "hex"
        case .time: "time"
        }
    }
}
