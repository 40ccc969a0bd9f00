import CLinux
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiStore
import Logging
import Synchronization

/// The sealer's thread: turns closed log files into segments, beside reception.
///
/// Not in its way, until so many bytes of logs wait that readers, who take the open part of a
/// stream from logs, would have to hold too much: then `hasRoom` is false, and the writer waits.
/// A log that cannot be sealed does not count: it is told and stays, and reception goes on.
final class SealStage: Sendable {
    /// What failed is tried again after so long.
    private static let retryMillis = 60_000

    private struct Waiting {
        var log: ClosedLog
        var bytes: Int
    }

    private let closed = BoundedQueue<Waiting>(weightMax: Limits.closedLogsMax)
    /// Of the logs that were not tried yet.
    private let waitingBytes = Atomic<Int>(0)
    private let waitingBytesMax: Int
    private let fileSystem: any FileSystem
    private let store: String
    private let log: Logger
    private let onSealed: @Sendable () -> Void

    /// - Parameter onSealed: called when there is a new segment; must not wait.
    init(
        fileSystem: any FileSystem = RealFileSystem(), store: String,
        waitingBytesMax: Int = Limits.waitingLogBytesMax, log: Logger,
        onSealed: @escaping @Sendable () -> Void
    ) {
        self.fileSystem = fileSystem
        self.store = store
        self.waitingBytesMax = waitingBytesMax
        self.log = log
        self.onSealed = onSealed
    }

    /// Says which log files were closed.
    func take(_ logs: [ClosedLog]) {
        for log in logs {
            // What cannot be asked for its size will not be sealed either, which is told then.
            let waiting = Waiting(log: log, bytes: (try? fileSystem.size(log.path)) ?? 0)
            if closed.offer(waiting, weight: 1) {
                waitingBytes.add(waiting.bytes, ordering: .relaxed)
            }
        }
    }

    /// Whether the writer may go on.
    var hasRoom: Bool { waitingBytes.load(ordering: .relaxed) < waitingBytesMax }

    func stop() { closed.close() }

    /// Runs until stopped. What fails stays a log, is told, and is tried again: nothing is lost.
    func run() {
        // What is received must be written first; the writer waits where this cannot follow.
        hisui_thread_nice(10)
        var failed: [ClosedLog] = []
        var nextTry = 0
        while true {
            switch closed.take(waitMillis: Self.retryMillis) {
            case .element(let waiting):
                let isSealed = seal(waiting.log)
                waitingBytes.subtract(waiting.bytes, ordering: .relaxed)
                if isSealed { break }
                if failed.isEmpty {
                    nextTry = SystemClock.monotonicMilliseconds() + Self.retryMillis
                }
                failed.append(waiting.log)
            case .nothing:
                break
            case .end:
                return
            }
            // Also while new ones keep coming.
            if !failed.isEmpty, SystemClock.monotonicMilliseconds() >= nextTry {
                failed = failed.filter { !seal($0) }
                nextTry = SystemClock.monotonicMilliseconds() + Self.retryMillis
            }
        }
    }

    private func seal(_ closed: ClosedLog) -> Bool {
        do throws(StoreError) {
            let segment = try Sealer(fileSystem: fileSystem, store: store).seal(closed)
            log.info("sealed \(Path.name(of: segment))")
            record(segment, closed)
            onSealed()
            return true
        } catch {
            log.error("a log could not be sealed, stays, and is tried again: \(error)")
            return false
        }
    }

    private func record(_ segment: String, _ closed: ClosedLog) {
        do throws(StoreError) {
            try SegmentActs(fileSystem: fileSystem, store: store, actor: .daemon()).record(
                [.init(zone: closed.zone, stream: closed.stream, path: segment)])
        } catch {
            log.error("the digest of \(Path.name(of: segment)) is not among the acts: \(error)")
        }
    }
}
