import ServiceLifecycle

/// A stage as a service: its loop on a thread of its own, from start to graceful stop.
///
/// The service group stops services one after the other, last first, and takes a service that ends
/// before its turn for a failure. A stage whose input has ended is done early and waits here for
/// its turn.
struct ThreadService: Service, CustomStringConvertible {
    let description: String
    /// The stage's loop.
    let body: @Sendable () -> Void
    /// Makes the loop end; called once, when it is this service's turn to stop.
    let requestStop: @Sendable () -> Void

    func run() async throws {
        await withGracefulShutdownHandler {
            await WorkerThread.run(description, body)
        } onGracefulShutdown: {
            requestStop()
        }
        try? await gracefulShutdown()
    }
}
