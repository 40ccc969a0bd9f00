import Glibc
import HisuiBytes
import HisuiDetect
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiShape
import HisuiYAML

/// Runs rules over events in memory, on one thread: JSON objects, one a line, or rows that were
/// parsed of lines of text before.
///
///     Detecting EVENTS RUNS LOGSOURCES RULES... [-- DEFINITIONS...]
///
/// Rules and definitions of parsers, `schema.yaml` among them, are files of their own. Prints the
/// events, the rules in force, the findings, the processor's microseconds, those of user and system
/// together, to compile the rules and, the least of the runs, to evaluate all events by a detector
/// that has seen them before; and the greatest resident size in KiB.
@main
enum Detecting {
    private static let batchLines = 4096

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count > 4, let runs = Int(arguments[2]) else {
            print("usage: Detecting EVENTS RUNS LOGSOURCES RULES... [-- DEFINITIONS...]")
            exit(2)
        }
        let named = arguments[4...].split(separator: "--", maxSplits: 1)
        do {
            let events = try read(arguments[1])
            var sources = LogSources()
            for problem in sources.add(try read(arguments[3]), file: arguments[3]) {
                print(problem)
            }
            let files = try named[0].map { (name: $0, bytes: try read($0)) }
            let before = processorMicros()
            let (rules, _) = RuleSet.compile(files: files, sources: sources)
            let compiling = processorMicros() - before
            if named.count > 1 {
                let set = try definitions(Array(named[1]))
                measure(rules, rows: events, set, runs, compiling)
            } else {
                measure(rules, objects: events, runs, compiling)
            }
        } catch {
            print("Detecting: \(error)")
            exit(1)
        }
    }

    private static func measure(
        _ rules: RuleSet, objects: [UInt8], _ runs: Int, _ compiling: Int
    ) {
        let lines = lines(objects)
        var detector = Detector(rules)
        measure(rules, lines.count, runs, compiling) { findings in
            for (number, line) in lines.enumerated() {
                detector.takeJSON(
                    objects.span.extracting(line), number: UInt64(number), into: &findings)
            }
        }
    }

    private static func measure(
        _ rules: RuleSet, rows text: [UInt8], _ definitions: DefinitionSet, _ runs: Int,
        _ compiling: Int
    ) {
        let lines = lines(text)
        let received = Timestamp(nanoseconds: SystemClock.nanoseconds())
        var parser = Parser(definitions: definitions, timeZone: .tokyo)
        var batches: [RowBatch] = []
        for first in stride(from: 0, to: lines.count, by: batchLines) {
            var batch = RecordBatch(source: Source(id: "bench", kind: .file, form: .syslog))
            for line in lines[first..<min(first + batchLines, lines.count)] {
                batch.append(text.span.extracting(line), received: received)
            }
            batches.append(parser.parse(batch))
        }
        var detector = Detector(rules)
        measure(rules, lines.count, runs, compiling) { findings in
            for (number, batch) in batches.enumerated() {
                detector.take(
                    batch, shapes: parser.shapes, first: UInt64(number * batchLines),
                    into: &findings)
            }
        }
    }

    private static func measure(
        _ rules: RuleSet, _ events: Int, _ runs: Int, _ compiling: Int,
        _ body: (inout [Finding]) -> Void
    ) {
        var best = Int.max
        var found = 0
        for run in 0...runs {
            var findings: [Finding] = []
            let before = processorMicros()
            body(&findings)
            // The first run makes the plans.
            if run > 0 { best = min(best, processorMicros() - before) }
            found = findings.count
        }
        print("\(events) \(rules.count) \(found) \(compiling) \(best) \(residentKiB())")
    }

    private static func lines(_ bytes: [UInt8]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var at = 0
        while let end = ByteSearch.first(of: 0x0A, in: bytes.span, at..<bytes.count) {
            lines.append(at..<end)
            at = end + 1
        }
        return lines
    }

    private static func definitions(_ names: [String]) throws(FileError) -> DefinitionSet {
        var schema: Schema?
        var files: [(name: String, bytes: [UInt8])] = []
        for name in names {
            let bytes = try read(name)
            if name.hasSuffix("/schema.yaml") {
                schema = Schema.load(bytes, file: name).schema
            } else {
                files.append((name, bytes))
            }
        }
        guard let schema else {
            print("Detecting: schema.yaml is not among the definitions, or is wrong")
            exit(2)
        }
        return DefinitionSet.compile(files: files, schema: schema).0
    }

    private static func read(_ path: String) throws(FileError) -> [UInt8] {
        let contents = try RealFileSystem().contents(path)
        var bytes: [UInt8] = []
        bytes.append(contents.bytes, 0..<contents.bytes.count)
        return bytes
    }

    private static func residentKiB() -> Int {
        var usage = rusage()
        // Safe: writes one structure that is there.
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }

    private static func processorMicros() -> Int {
        var time = timespec()
        // Safe: the pointer is used during the call only.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
    }
}
