import CLinux
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiQuery
import HisuiStore

// Searches in one process that goes on, as the daemon answers them: what a query costs once the
// program is there and segments are open.
//
//     WarmSearch STORE RUNS QUERY…      microseconds of each run and rows, a line for each query
//
// The first run is not shown. Every run asks the store for a snapshot of its own.

guard CommandLine.arguments.count > 3, let runs = Int(CommandLine.arguments[2]), runs > 0 else {
    print("usage: WarmSearch STORE RUNS QUERY…")
    exit(2)
}

func microseconds(_ clock: clockid_t) -> Int {
    var time = timespec()
    // Safe: the pointer is used during the call only.
    unsafe clock_gettime(clock, &time)
    return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
}

// As `hisui search` does.
hisui_return_memory_above(4 << 20)
do {
    let reader = try StoreReader(fileSystem: RealFileSystem(), path: CommandLine.arguments[1])
    for text in CommandLine.arguments[3...] {
        let query = try Query.parse(text, now: Timestamp(nanoseconds: 0), timeZone: .tokyo)
        var line = ""
        var rows = 0
        for run in 0...runs {
            let start = microseconds(CLOCK_MONOTONIC)
            let cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID)
            rows = 0
            var out: [UInt8] = []
            var writer = JSONLinesWriter()
            try QueryRunner(snapshot: try reader.snapshot(), query: query).run { row in
                rows += 1
                out.removeAll(keepingCapacity: true)
                writer.write(row, to: &out)
                return true
            }
            if run > 0 {
                line += " \(microseconds(CLOCK_MONOTONIC) - start)"
                line += "/\(microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)"
            }
        }
        print("\(rows)\(line)\t\(text)")
    }
} catch {
    print("WarmSearch: \(error)")
    exit(1)
}
