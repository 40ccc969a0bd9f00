import HisuiBytes
import Logging
import ServiceLifecycle

/// Tells the service manager that the daemon lives, as long as its writer really turns.
struct WatchdogService: Service, CustomStringConvertible {
    let description = "watchdog"
    /// When the writer last came round its loop, by `SystemClock`.
    let lastTurnMillis: @Sendable () -> Int
    /// Returns when the daemon can be called ready.
    let waitUntilReady: @Sendable () -> Void
    let log: Logger

    /// A writer that has not come round for so long is stuck in the disk.
    private static let stuckMillis = 30_000

    func run() async throws {
        await WorkerThread.run("wait", waitUntilReady)
        ServiceManager.ready()
        let interval = max(100, (ServiceManager.watchdogMillis ?? 10_000) / 3)
        await cancelWhenGracefulShutdown {
            var told = false
            while !Task.isCancelled {
                let still = SystemClock.monotonicMilliseconds() - lastTurnMillis()
                if still < Self.stuckMillis {
                    ServiceManager.alive()
                    told = false
                } else if !told {
                    log.critical(
                        "the writer has not moved for \(still / 1000) s: is the disk stuck?")
                    told = true
                }
                try? await Task.sleep(for: .milliseconds(interval))
            }
        }
        ServiceManager.stopping()
    }
}
