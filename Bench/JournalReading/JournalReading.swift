import Glibc
import HisuiCollect
import HisuiEvent
import Synchronization

/// Reads a directory of journals to its end, as the daemon's collector does, and keeps nothing.
///
///     JournalReading DIRECTORY ENTRIES
///
/// Prints the entries, their bytes as records, the gaps, and the processor's microseconds, those
/// of user and system together, until ENTRIES were handed over.
@main
enum JournalReading {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let entries = Int(arguments[2]), entries > 0 else {
            print("usage: JournalReading DIRECTORY ENTRIES")
            exit(2)
        }
        let stop = StopSignal()
        let sink = CountingSink(entries, stop)
        do {
            try JournalCollector(directory: arguments[1]).collect(
                into: sink, resume: { _ in nil }, until: stop)
        } catch {
            print("JournalReading: \(error)")
            exit(1)
        }
        print(sink.line)
    }
}

/// Counts what it is given, and raises the stop when it was enough.
private final class CountingSink: RecordSink {
    private struct Counts {
        var entries = 0
        var bytes = 0
        var gaps = 0
        var micros = 0
    }

    private let counts = Mutex(Counts())
    private let wanted: Int
    private let stop: StopSignal

    init(_ wanted: Int, _ stop: StopSignal) {
        self.wanted = wanted
        self.stop = stop
    }

    func put(_ batch: consuming RecordBatch) -> Bool {
        let (entries, bytes, gaps) = (batch.entries.count, batch.bytes.count, batch.gaps.count)
        counts.withLock {
            $0.entries += entries
            $0.bytes += bytes
            $0.gaps += gaps
            guard $0.entries >= wanted else { return }
            $0.micros = Self.processorMicros()
            stop.raise()
        }
        return true
    }

    var line: String {
        counts.withLock { "\($0.entries) \($0.bytes) \($0.gaps) \($0.micros)" }
    }

    private static func processorMicros() -> Int {
        var time = timespec()
        // Safe: the pointer is used during the call only.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
    }
}
