import CLinux
import Glibc
import HisuiBytes
import HisuiPolicy
import HisuiStore
import Logging
import Synchronization

/// The merger's thread: makes small segments into larger ones, when nothing else is to be done.
///
/// It has the lowest priority that the system grants, and rests as long as it works. It shares no
/// lock with what appends, and no file with what seals.
final class MergeStage: Sendable {
    /// What failed, or waited for a deletion, is looked at again after so long.
    private static let retryMillis = 600_000
    /// The longest rest, so that a stop need not wait.
    private static let restMicrosMax = 50_000

    private let sealed = BoundedQueue<Void>(weightMax: 1)
    private let isStopped = Atomic<Bool>(false)
    private let store: String
    private let zone: String
    private let calendar: RetentionCalendar
    private let log: Logger

    init(_ configuration: Configuration, log: Logger) {
        store = configuration.store
        zone = configuration.zone
        calendar = configuration.retentionCalendar
        self.log = log
    }

    /// Says that there is a new segment.
    func look() { _ = sealed.offer((), weight: 1) }

    /// Ends a merge before its next block; nothing is left behind.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        sealed.close()
    }

    /// Runs until stopped.
    func run() {
        hisui_thread_nice(19)
        var merger: ZoneMerger
        do throws(StoreError) {
            merger = try ZoneMerger(
                store: store, zone: zone, calendar: calendar, actor: .daemon(), log: log)
        } catch {
            log.error("segments are not merged until the next start: \(error)")
            return
        }
        var rested = SystemClock.monotonicMicroseconds()
        while true {
            _ = merger.run {
                let worked = SystemClock.monotonicMicroseconds() - rested
                usleep(UInt32(min(max(worked, 0), Self.restMicrosMax)))
                rested = SystemClock.monotonicMicroseconds()
                return isStopped.load(ordering: .relaxed)
            }
            if case .end = sealed.take(waitMillis: Self.retryMillis) { return }
            rested = SystemClock.monotonicMicroseconds()
        }
    }
}
