import HisuiCollect
import HisuiBytes
import Logging
import Synchronization

/// Runs one collector, each time on a new thread, and starts it again when it fails.
///
/// A collector ends by itself only with an error that needs someone: an address in use, a journal
/// that cannot be read. It is told once, and tried again after 1 s, 2 s, 4 s … up to a minute, so
/// that a source comes back by itself when its cause is gone.
final class SourceSupervisor: Sendable {
    private static let pauseMillisMax = 60_000

    let name: String
    private let make: @Sendable () throws(CollectError) -> any Collector
    private let sink: any RecordSink
    private let resume: @Sendable (String) -> [UInt8]?
    private let stop = StopSignal()
    /// Raised when the first collector was made or refused: it listens, or cannot.
    let begun = StopSignal()
    /// Raised when `run` returns.
    let ended = StopSignal()
    /// The collector that runs; nil while there is none.
    private let current = Mutex<(any Collector)?>(nil)
    /// What the listener of the collector that ended last had counted.
    private let lastReport = Mutex<ListenerReport?>(nil)
    private let predecessor: StopSignal?
    private let log: Logger

    /// - Parameters:
    ///   - make: a new collector; each is used once.
    ///   - resume: the last durable position of a source.
    ///   - predecessor: raised when the one that read the source before has ended: what it still
    ///     hands over must not be read a second time, and its address must be free.
    init(
        name: String, make: @escaping @Sendable () throws(CollectError) -> any Collector,
        sink: any RecordSink, resume: @escaping @Sendable (String) -> [UInt8]?,
        after predecessor: StopSignal? = nil, log: Logger
    ) {
        self.predecessor = predecessor
        self.name = name
        self.make = make
        self.sink = sink
        self.resume = resume
        self.log = log
    }

    /// What the collector knows of why nothing comes from a source.
    func cause(ofSilence source: String) -> SilenceCause {
        current.withLock { current in
            guard let current else { return .notCollected }
            guard let connections = current.connections(of: source) else { return .unknown }
            if connections.open > 0 { return .connectionOpen }
            return switch connections.lastEnd {
            case .closed: .connectionClosed
            case .cut: .connectionCut
            case .byUs, nil: .unknown
            }
        }
    }

    /// What the collector's listener counts, or had counted when it ended; nil if there was none.
    var report: ListenerReport? {
        current.withLock { $0 }?.report ?? lastReport.withLock { $0 }
    }

    /// Waits until the collector listens and it is durable where it began, or it cannot be made.
    ///
    /// - Parameter deadline: by `SystemClock`; it is not waited for longer.
    func waitForBeginning(until deadline: Int) {
        for signal in [{ self.begun }, { self.current.withLock { $0 }?.begun }] {
            let left = deadline - SystemClock.monotonicMilliseconds()
            signal()?.wait(milliseconds: Int32(max(0, left)))
        }
    }

    /// Asks the collector to end; `run` returns soon after.
    func requestStop() { stop.raise() }

    /// Lets the collector read its certificates again; those in force stay if it cannot.
    func reload() {
        do throws(CollectError) {
            try current.withLock { $0 }?.reload()
        } catch {
            log.error("source \(name): \(error); what is in force stays")
        }
        warnOfExpiry()
    }

    /// Tells of a certificate that has ended or will soon.
    func warnOfExpiry() {
        guard let end = current.withLock({ $0 })?.certificateExpiry else { return }
        let left = end - Int64(SystemClock.nanoseconds() / 1_000_000_000)
        if left < 0 {
            log.error("source \(name): its certificate has expired; senders will refuse it")
        } else if left < Self.expiryWarningSeconds {
            log.warning("source \(name): its certificate expires in \(left / 86_400) days")
        }
    }

    private static let expiryWarningSeconds: Int64 = 30 * 86_400

    /// Runs until stopped.
    func run() async {
        defer {
            begun.raise()
            ended.raise()
        }
        if let predecessor {
            await WorkerThread.run("wait") { predecessor.wait(milliseconds: -1) }
        }
        var pauseMillis = 1000
        while !stop.isRaised {
            let failure = Mutex<CollectError?>(nil)
            let started = SystemClock.monotonicMilliseconds()
            await WorkerThread.run(name) { [self] in
                do throws(CollectError) {
                    let collector = try make()
                    current.withLock { $0 = collector }
                    warnOfExpiry()
                    begun.raise()
                    try collector.collect(into: sink, resume: resume, until: stop)
                } catch {
                    begun.raise()
                    failure.withLock { $0 = error }
                }
            }
            let report = report
            lastReport.withLock { $0 = report }
            current.withLock { $0 = nil }
            guard let error = failure.withLock({ $0 }), !stop.isRaised else { return }
            if SystemClock.monotonicMilliseconds() - started > Self.pauseMillisMax {
                pauseMillis = 1000
            }
            log.error("source \(name): \(error); tried again in \(pauseMillis / 1000) s")
            await WorkerThread.run("wait") { [stop, pauseMillis] in
                stop.wait(milliseconds: Int32(pauseMillis))
            }
            pauseMillis = min(pauseMillis * 2, Self.pauseMillisMax)
        }
    }
}
