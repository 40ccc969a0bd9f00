import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiShape
import HisuiYAML

/// Parses the first lines of a log, in batches, as an import does, and keeps nothing.
///
///     Parsing LOG LINES RUNS DEFINITION...
///
/// Definitions are named in their order, `schema.yaml` among them. Prints the lines, how many of
/// them a rule knew, how many shapes there were, the rules, and the least of the processor's
/// microseconds, those of user and system together, of one run over all lines with a parser that
/// has seen them before.
@main
enum Parsing {
    private static let batchLines = 4096

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count > 4, let lines = Int(arguments[2]), let runs = Int(arguments[3])
        else {
            print("usage: Parsing LOG LINES RUNS DEFINITION...")
            exit(2)
        }
        do {
            let set = try definitions(Array(arguments[4...]))
            let batches = try batches(arguments[1], lines)
            measure(set, batches, runs)
        } catch {
            print("Parsing: \(error)")
            exit(1)
        }
    }

    private static func measure(_ set: DefinitionSet, _ batches: [RecordBatch], _ runs: Int) {
        var parser = Parser(definitions: set, timeZone: .tokyo)
        var best = Int.max
        var (rows, known) = (0, 0)
        for run in 0...runs {
            (rows, known) = (0, 0)
            var micros = 0
            for batch in batches {
                let given = batch
                let before = processorMicros()
                let made = parser.parse(given)
                micros += processorMicros() - before
                rows += made.rows.count
                known += made.rows.count { !parser.shapes[$0.shape].rule.isEmpty }
            }
            // The first run makes the shapes.
            if run > 0 { best = min(best, micros) }
        }
        print("\(rows) \(known) \(parser.shapes.count) \(set.ruleCount) \(best)")
    }

    private static func definitions(_ names: [String]) throws(FileError) -> DefinitionSet {
        var schema: Schema?
        var files: [(name: String, bytes: [UInt8])] = []
        for name in names {
            let contents = try RealFileSystem().contents(name)
            var bytes: [UInt8] = []
            bytes.append(contents.bytes, 0..<contents.bytes.count)
            if name.hasSuffix("/schema.yaml") {
                schema = Schema.load(bytes, file: name).schema
            } else {
                files.append((name, bytes))
            }
        }
        guard let schema else {
            print("Parsing: schema.yaml is not among the definitions, or is wrong")
            exit(2)
        }
        let (set, diagnostics) = DefinitionSet.compile(files: files, schema: schema)
        for diagnostic in diagnostics { print(diagnostic) }
        if !diagnostics.isEmpty { exit(1) }
        return set
    }

    private static func batches(_ log: String, _ lines: Int) throws(FileError) -> [RecordBatch] {
        let contents = try RealFileSystem().contents(log)
        let bytes = contents.bytes
        let source = Source(id: "bench", kind: .file, form: .syslog)
        let received = Timestamp(nanoseconds: SystemClock.nanoseconds())
        var batches: [RecordBatch] = []
        var batch = RecordBatch(source: source)
        var (at, count) = (0, 0)
        while at < bytes.count, count < lines {
            let end = ByteSearch.first(of: 0x0A, in: bytes, at..<bytes.count) ?? bytes.count
            batch.append(bytes.extracting(at..<end), received: received)
            at = end + 1
            count += 1
            if batch.entries.count == batchLines {
                batches.append(batch)
                batch = RecordBatch(source: source)
            }
        }
        if !batch.entries.isEmpty { batches.append(batch) }
        return batches
    }

    private static func processorMicros() -> Int {
        var time = timespec()
        // Safe: the pointer is used during the call only.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
    }
}
