import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// What the rows of one source say: which parser definitions know them, what the others look like,
/// and how far the sender's clock is off.
///
/// Of a record nothing is kept but what it has in common with others of its kind: no record is
/// shown, and so nothing needs to be an act.
struct SourceSurvey {
    /// Patterns that are kept; those beyond are counted and not told apart.
    private static let patternsMax = 1000
    /// Columns of a pattern.
    private static let patternColumnsMax = 100

    private(set) var records = 0
    /// Records by the definition that knows them.
    private(set) var parsers: [String: Int] = [:]
    /// Records that no rule knows, by what they have in common.
    private(set) var patterns: [String: Int] = [:]
    /// Records by what was remarked about them (`hisui.flags`): joins that are not whole, bytes
    /// that are no text, lines that were cut.
    private(set) var flags: [String: Int] = [:]
    /// Records with a time of their own, and the greatest lead of such a time over its receipt, in
    /// milliseconds: the sender's clock, less the way (see `OffsetWatch`).
    private(set) var timed = 0
    private(set) var lead = Int64.min

    var recognised: Int { parsers.values.reduce(0, +) }

    /// Definitions by how much they know, most first.
    var parsersByCount: [(name: String, count: Int)] { Self.sorted(parsers) }
    /// Patterns likewise.
    var patternsByCount: [(name: String, count: Int)] { Self.sorted(patterns) }

    /// Remarks likewise.
    var flagsByCount: [(name: String, count: Int)] { Self.sorted(flags) }

    /// Adds the definitions that know records, what was remarked about them, and the most frequent
    /// patterns of what none knows.
    func add(to line: inout JSONLine, most patternCount: Int) {
        line.add("parsers", parsersByCount.map { ($0.name, UInt64($0.count)) })
        line.add("flags", flagsByCount.map { ($0.name, UInt64($0.count)) })
        line.add(
            "unknown",
            patternsByCount.prefix(patternCount).map { pattern in
                var object = JSONLine()
                object.add("pattern", pattern.name)
                object.add("records", UInt64(pattern.count))
                return object
            })
    }

    private static func sorted(_ counts: [String: Int]) -> [(name: String, count: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { (name: $0.key, count: $0.value) }
    }

    private mutating func take(_ shape: Shape, _ pattern: String?) {
        records += 1
        if let pattern {
            if patterns[pattern] != nil || patterns.count < Self.patternsMax {
                patterns[pattern, default: 0] += 1
            }
        } else {
            parsers[shape.parser, default: 0] += 1
        }
    }

    private mutating func take(_ remarks: RowFlags) {
        for (bit, name) in RowFlags.names.enumerated()
        where remarks.contains(RowFlags(rawValue: 1 << UInt32(bit))) {
            flags[name, default: 0] += 1
        }
    }

    // MARK: - Blocks

    /// Counts the rows of a block.
    ///
    /// - Parameters:
    ///   - surveys: by source.
    ///   - first: the index before which rows are passed over.
    ///   - wanted: whose rows are counted.
    /// - Complexity: O(rows), none where the block has no wanted source.
    static func take(
        _ block: Block, from first: UInt64 = 0, into surveys: inout [String: SourceSurvey],
        _ wanted: (Source) -> Bool
    ) throws(StoreError) {
        let isWanted = block.sources.map(wanted)
        guard block.endIndex > first, isWanted.contains(true) else { return }
        let sources = try block.sourceNumbers()
        let shapes = try block.rowShapes()
        let (times, received) = (try block.times(), try block.received())
        let flags = try block.flags()
        let patterns = block.shapes.map { $0.shape.parser.isEmpty ? pattern($0.shape) : nil }
        for row in Int(max(first, block.firstIndex) - block.firstIndex)..<block.count
        where isWanted[Int(sources[row])] {
            let shape = Int(shapes[row])
            var survey = surveys.removeValue(forKey: block.sources[Int(sources[row])].id) ?? .init()
            survey.take(block.shapes[shape].shape, patterns[shape])
            let remarks = RowFlags(rawValue: flags[row])
            if remarks != [] { survey.take(remarks) }
            if !remarks.contains(.timeInferred) {
                let lead = times[row].subtractingReportingOverflow(received[row])
                if !lead.overflow {
                    survey.timed += 1
                    survey.lead = max(survey.lead, lead.partialValue / 1_000_000)
                }
            }
            surveys[block.sources[Int(sources[row])].id] = survey
        }
        block.dropCaches()
    }

    /// The newest rows of a source, about so many at most.
    static func newest(
        of source: Source, _ stream: Snapshot.Stream, in snapshot: Snapshot, about recordsMax: Int
    ) throws(StoreError) -> SourceSurvey {
        var surveys: [String: SourceSurvey] = [:]
        for block in snapshot.blocks.reversed()
        where block.zone == stream.zone && block.stream == stream.stream {
            try take(block, into: &surveys) { $0.id == source.id }
            if surveys[source.id]?.records ?? 0 >= recordsMax { break }
        }
        return surveys[source.id] ?? SourceSurvey()
    }

    /// The fixed text of a message with `*` for what varies.
    private static func pattern(_ shape: Shape) -> String {
        let message = shape.message
        var bytes: [UInt8] = []
        for number in message.first...message.last {
            if number > message.first { bytes.append(UInt8(ascii: "*")) }
            let literal = shape.literals[number]
            let start = number == message.first ? message.firstByte : 0
            let end = number == message.last ? message.lastByte : literal.count
            if start < end { shape.encoding.appendText(literal.span, start..<end, to: &bytes) }
        }
        var shown: [UInt8] = []
        TerminalText.appendEscaped(
            bytes.span, 0..<bytes.count, columnsMax: patternColumnsMax, to: &shown)
        return String(decoding: shown, as: UTF8.self)
    }
}
