import ServiceLifecycle
import UnixSignals

/// Calls `reload` at every SIGHUP.
struct ReloadService: Service, CustomStringConvertible {
    let description = "reload"
    let reload: @Sendable () -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                ServiceManager.reloading()
                reload()
                ServiceManager.ready()
            }
        }
    }
}
