import HisuiBytes
import HisuiEvent
import HisuiYAML
import Testing

@testable import HisuiParse

/// The shipped rules together, on lines made to cost them much.
///
/// Counted in comparisons of the matcher, which are bytes looked at, often eight at once. Lines of
/// netfilter that fail at their end cost the most.
@Suite struct LibraryCostTests {
    static let comparisonsPerByteMax = 128

    @Test func noLineCostsMoreThanItsShareOfComparisons() {
        let set = DefinitionSet.compile(
            files: ShippedFiles.definitions, schema: ShippedFiles.schema
        ).set
        var lines: [(text: [UInt8], program: String?)] = []
        for (name, bytes) in ShippedFiles.definitions {
            let log = HisuiYAMLLog.make()
            let definition = DefinitionReader.read(
                bytes, file: name, schema: ShippedFiles.schema, log)
            let program = definition.flatMap { SampleRunner.program(of: $0) }.map {
                String(decoding: $0, as: UTF8.self)
            }
            for sample in definition?.samples ?? [] where !sample.isRecord {
                lines.append((Array(sample.line.utf8), sample.program ?? program))
            }
        }
        #expect(lines.count > 300)
        var worst = (cost: 0.0, line: "")
        for (line, program) in lines {
            for hostile in Self.hostile(line) {
                for program in [program, nil] {
                    let cost = Self.cost(set, hostile, program)
                    if cost > worst.cost {
                        worst = (cost, String(decoding: hostile.prefix(200), as: UTF8.self))
                    }
                }
            }
        }
        #expect(worst.cost <= Double(Self.comparisonsPerByteMax), "\(worst)")
    }

    /// Records whose values have names: which rule knows them is asked of values, and whoever
    /// writes one can make it as long as he likes.
    @Test func noRecordWithNamedValuesCostsMoreThanItsShareOfComparisons() {
        let set = DefinitionSet.compile(
            files: ShippedFiles.definitions, schema: ShippedFiles.schema
        ) { _ in true }.set
        var parser = Parser(definitions: set, timeZone: .tokyo)
        var worst = (cost: 0.0, line: "")
        var counted = 0
        for (name, bytes) in ShippedFiles.definitions {
            let log = HisuiYAMLLog.make()
            let definition = DefinitionReader.read(
                bytes, file: name, schema: ShippedFiles.schema, log)
            guard let definition, definition.members != nil else { continue }
            for sample in definition.samples where sample.lines.isEmpty {
                let record = Array(sample.line.utf8)
                let plans = parser.plans.count
                let slots = Self.slots(of: record, &parser)
                guard parser.plans.count > plans, let plan = parser.plans.last else { continue }
                counted += 1
                for slot in slots.indices where !slots[slot].range.isEmpty {
                    let (long, moved) = Self.lengthened(record, slots, slot)
                    var steps = StepCount()
                    var buffer: [UInt8] = []
                    _ = plan.match(long.span, moved.span, &buffer, steps: &steps)
                    let cost = Double(steps.total) / Double(long.count + 100)
                    if cost > worst.cost { worst = (cost, sample.line) }
                }
            }
        }
        #expect(counted > 100)
        #expect(worst.cost <= Double(Self.comparisonsPerByteMax), "\(worst)")
    }

    private static func slots(of record: [UInt8], _ parser: inout Parser) -> [ByteRange] {
        var batch = RecordBatch(source: Source(id: "s", kind: .file, form: .line))
        batch.append(record.span, received: .none)
        return parser.parse(batch).slots
    }

    /// The record with one value repeated until it has a KiB, and where the values are then.
    private static func lengthened(
        _ record: [UInt8], _ slots: [ByteRange], _ slot: Int
    ) -> ([UInt8], [ByteRange]) {
        let range = slots[slot].range
        var value: [UInt8] = []
        while value.count < 1024 { value += record[range] }
        let grown = value.count - range.count
        let long = record[..<range.lowerBound] + value + record[range.upperBound...]
        let moved = slots.enumerated().map { index, one in
            ByteRange(
                offset: one.offset + (index > slot ? UInt32(grown) : 0),
                count: index == slot ? UInt32(value.count) : one.count)
        }
        return (Array(long), moved)
    }

    /// A line a KiB long: repeated, its end repeated, its middle repeated, with an end that fails.
    private static func hostile(_ line: [UInt8]) -> [[UInt8]] {
        func filled(_ start: ArraySlice<UInt8>, _ unit: ArraySlice<UInt8>) -> [UInt8] {
            var out = Array(start)
            while out.count < 1024, !unit.isEmpty { out += unit }
            return out
        }
        let (third, half) = (line.count / 3, line.count / 2)
        return [
            filled([], line[...]), filled(line[...], line[half...]),
            filled(line[..<half], line[third..<half]) + line[half...],
            filled(line[..<third], line[third...]) + [0x00],
        ]
    }

    private static func cost(
        _ set: DefinitionSet, _ line: [UInt8], _ program: String?
    ) -> Double {
        let record = Array((program ?? "").utf8) + line
        let start = program?.utf8.count ?? 0
        var scratch = RowScratch()
        var steps = StepCount()
        _ = set.match(
            record.span, message: start..<record.count, program: program.map { _ in 0..<start },
            into: &scratch, steps: &steps)
        // To find out that nobody knows a line costs as much as a line of some bytes.
        return Double(steps.total) / Double(line.count + 100)
    }
}
