import CLinux
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiQuery
import HisuiStore

/// Searches in one process that goes on, as a daemon answers them: what a query costs once the
/// program is there and segments are open.
///
///     WarmSearch STORE RUNS QUERY…
///
/// All queries are asked in turn, so that none finds what it left itself a moment ago. For each
/// query a line: rows, then for each run its microseconds, and those of the processor behind a
/// slash. The first run is not shown. Every run asks the store for a snapshot of its own.
@main
enum WarmSearch {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count > 3, let runs = Int(arguments[2]), runs > 0 else {
            print("usage: WarmSearch STORE RUNS QUERY…")
            exit(2)
        }
        // As `hisui search` does.
        hisui_return_large_memory()
        do {
            let reader = try StoreReader(fileSystem: RealFileSystem(), path: arguments[1])
            var lines = arguments[3...].map { Line(text: $0) }
            for run in 0...runs {
                for index in lines.indices { try lines[index].add(isShown: run > 0, reader) }
            }
            for line in lines { print("\(line.rows)\(line.times)") }
        } catch {
            print("WarmSearch: \(error)")
            exit(1)
        }
    }

    /// What is known of a query.
    private struct Line {
        let text: String
        private(set) var rows = 0
        private(set) var times = ""

        init(text: String) { self.text = text }

        /// Asks once more.
        mutating func add(isShown: Bool, _ reader: StoreReader) throws {
            let query = try Query.parse(text, now: Timestamp(nanoseconds: 0), timeZone: .tokyo)
            let start = microseconds(CLOCK_MONOTONIC)
            let cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID)
            var rows = 0
            var out: [UInt8] = []
            var writer = JSONLinesWriter()
            try QueryRunner(snapshot: try reader.snapshot(), query: query).run { row in
                rows += 1
                out.removeAll(keepingCapacity: true)
                writer.write(row, to: &out)
                return true
            }
            self.rows = rows
            guard isShown else { return }
            times += " \(microseconds(CLOCK_MONOTONIC) - start)"
            times += "/\(microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)"
        }
    }

    private static func microseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        // Safe: the pointer is used during the call only.
        unsafe clock_gettime(clock, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
    }
}
