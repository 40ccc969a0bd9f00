import HisuiCollect
import HisuiPolicy
import Logging
import ServiceLifecycle
import Synchronization

/// All collectors of the daemon: those of the configuration, changed by a reload.
final class SourceService: Service, CustomStringConvertible {
    let description = "sources"

    private struct Running {
        var configuration: Configuration.Source
        var supervisor: SourceSupervisor
    }

    private let running = Mutex<[String: Running]>([:])
    private let arrivals: AsyncStream<SourceSupervisor>
    private let arrive: AsyncStream<SourceSupervisor>.Continuation
    private let sink: any RecordSink
    private let resume: @Sendable (String) -> [UInt8]?
    private let onStop: @Sendable () -> Void
    private let log: Logger

    /// - Parameter onStop: called when the daemon stops, before collectors are waited for.
    init(
        sink: any RecordSink, resume: @escaping @Sendable (String) -> [UInt8]?,
        onStop: @escaping @Sendable () -> Void, log: Logger
    ) {
        self.sink = sink
        self.resume = resume
        self.onStop = onStop
        self.log = log
        (arrivals, arrive) = AsyncStream.makeStream(of: SourceSupervisor.self)
    }

    /// Starts what is new, stops what is gone, and leaves alone what stayed as it was.
    func apply(_ sources: [Configuration.Source]) {
        running.withLock { running in
            for (id, entry) in running where !sources.contains(entry.configuration) {
                log.info("source \(id): stopped")
                entry.supervisor.requestStop()
                running[id] = nil
            }
            for source in sources where running[source.id] == nil {
                log.info("source \(source.id): started")
                let supervisor = SourceSupervisor(
                    name: source.id,
                    make: { () throws(CollectError) in try CollectorFactory.collector(for: source)
                    },
                    sink: sink, resume: resume, log: log)
                running[source.id] = Running(configuration: source, supervisor: supervisor)
                arrive.yield(supervisor)
            }
        }
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await supervisor in arrivals {
                    group.addTask { await supervisor.run() }
                }
            }
        } onGracefulShutdown: {
            self.arrive.finish()
            self.onStop()
            self.running.withLock { running in
                for entry in running.values { entry.supervisor.requestStop() }
            }
        }
    }
}
