import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiStore
import Logging

/// The sealer's thread: turns closed log files into segments, beside reception, never in its way.
final class SealStage: Sendable {
    /// What failed is tried again after so long.
    private static let retryMillis = 60_000

    private let closed = BoundedQueue<ClosedLog>(weightMax: Limits.closedLogsMax)
    private let store: String
    private let log: Logger
    private let onSealed: @Sendable () -> Void

    /// - Parameter onSealed: called when there is a new segment; must not wait.
    init(store: String, log: Logger, onSealed: @escaping @Sendable () -> Void) {
        self.store = store
        self.log = log
        self.onSealed = onSealed
    }

    /// Says which log files were closed.
    func take(_ logs: [ClosedLog]) {
        for log in logs { _ = closed.offer(log, weight: 1) }
    }

    func stop() { closed.close() }

    /// Runs until stopped. What fails stays a log, is told, and is tried again: nothing is lost.
    func run() {
        var failed: [ClosedLog] = []
        var nextTry = 0
        while true {
            switch closed.take(waitMillis: Self.retryMillis) {
            case .element(let log):
                if seal(log) { break }
                if failed.isEmpty {
                    nextTry = SystemClock.monotonicMilliseconds() + Self.retryMillis
                }
                failed.append(log)
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
            let segment = try Sealer(fileSystem: RealFileSystem(), store: store).seal(closed)
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
            try SegmentActs(store: store, actor: .daemon()).record(
                [.init(zone: closed.zone, stream: closed.stream, path: segment)])
        } catch {
            log.error("the digest of \(Path.name(of: segment)) is not among the acts: \(error)")
        }
    }
}
