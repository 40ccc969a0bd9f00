import HisuiPipeline
import Synchronization

/// Progress that several threads may show.
final class SharedProgress: Sendable {
    private let progress = Mutex(Progress())
    private let started = monotonicSeconds()

    var elapsedSeconds: Double { monotonicSeconds() - started }

    func show(_ report: Importer.Report) {
        progress.withLock { progress in
            progress.show { seconds in
                let rate = Int(Double(report.records) / seconds)
                return say(
                    "\(report.records.grouped) records, \(rate.grouped) a second",
                    "\(report.records.grouped) 件（毎秒 \(rate.grouped) 件）")
            }
        }
    }

    func clear() { progress.withLock { $0.clear() } }
}
