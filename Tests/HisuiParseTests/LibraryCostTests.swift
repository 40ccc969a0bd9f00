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
