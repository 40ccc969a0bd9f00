import HisuiBytes
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
    /// Raised when the last supervisor of a source has ended. Changed while `running` is held.
    private let ends = Mutex<[String: StopSignal]>([:])
    /// Raised when the daemon stops.
    private let ended = StopSignal()
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

    /// Starts what is new, stops what is gone, and leaves alone what stayed as it was, but for
    /// certificates, which are read again.
    func apply(_ sources: [Configuration.Source]) {
        running.withLock { running in
            for (id, entry) in running
            where !sources.contains(where: { $0.id == id && $0.input == entry.configuration.input })
            {
                log.info("source \(id): stopped")
                entry.supervisor.requestStop()
                running[id] = nil
            }
            for entry in running.values { entry.supervisor.reload() }
            for source in sources where running[source.id] == nil {
                log.info("source \(source.id): started")
                let supervisor = SourceSupervisor(
                    name: source.id,
                    make: { () throws(CollectError) in try CollectorFactory.collector(for: source)
                    },
                    sink: sink, resume: resume, after: ends.withLock { $0[source.id] }, log: log)
                ends.withLock { $0[source.id] = supervisor.ended }
                running[source.id] = Running(configuration: source, supervisor: supervisor)
                arrive.yield(supervisor)
            }
        }
    }

    /// Why nothing comes from a source, by its id or that of the configured one.
    func cause(ofSilence source: String) -> SilenceCause {
        let supervisor = running.withLock { running in
            running.filter { SourceRouting.isDerived(source, from: $0.key) }
                .max { $0.key.utf8.count < $1.key.utf8.count }?.value.supervisor
        }
        return supervisor?.cause(ofSilence: source) ?? .notCollected
    }

    /// What listeners count, by id.
    var reports: [ListenerReport] {
        running.withLock { $0.values.compactMap(\.supervisor.report) }.sorted { $0.id < $1.id }
    }

    /// Waits until every source listens and has begun, or cannot, or is very slow about it.
    func waitForBeginning() {
        let deadline = SystemClock.monotonicMilliseconds() + Self.beginningMillisMax
        for supervisor in running.withLock({ $0.values.map(\.supervisor) }) {
            supervisor.waitForBeginning(until: deadline)
        }
    }

    private static let beginningMillisMax = 5000

    /// Looks at the end of certificates once a day.
    private func watchCertificates() async {
        await WorkerThread.run("certificates") { [self] in
            while !ended.wait(milliseconds: Self.dayMillis) {
                for entry in running.withLock({ Array($0.values) }) {
                    entry.supervisor.warnOfExpiry()
                }
            }
        }
    }

    private static let dayMillis: Int32 = 86_400_000

    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.watchCertificates() }
                for await supervisor in arrivals {
                    group.addTask { await supervisor.run() }
                }
                self.ended.raise()
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
