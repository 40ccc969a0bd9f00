import Glibc
import HisuiBytes
import HisuiPipeline
import Synchronization

/// The line of an import on the terminal; several threads may show it.
///
///     2/10 messages.2.gz  45.1 %, 1,234 of 2,731 MB  612,345 records/s, 98.1 MB/s  0:34 left
final class ImportProgress: Sendable {
    private let progress = Mutex(Progress())
    private let started = monotonicSeconds()
    private let files: Int

    /// - Parameter files: how many there are.
    init(files: Int) { self.files = files }

    var elapsedSeconds: Double { monotonicSeconds() - started }

    func show(_ report: ImportReport) {
        progress.withLock { progress in
            progress.show { text(report, seconds: $0) }
        }
    }

    /// Shows how far a dry run has come.
    func show(_ survey: ImportSurvey, file: String, number: Int, done: Int, total: Int) {
        var report = ImportReport()
        report.records = survey.records
        report.bytes = survey.bytes
        report.file = file
        report.fileNumber = number
        report.fileBytesDone = done
        report.fileBytesTotal = total
        show(report)
    }

    func clear() { progress.withLock { $0.clear() } }

    private func text(_ report: ImportReport, seconds: Double) -> String {
        let done = Double(report.fileBytesDone)
        let total = Double(report.fileBytesTotal)
        var share = "\((report.fileBytesDone / 1_000_000).grouped) MB"
        var left = ""
        // Of a stream nobody knows how long it is; a file that grows may pass its length.
        if done > 0, total >= done {
            share =
                "\((done * 100 / total).fixed(1)) %, "
                + say(
                    "\((report.fileBytesDone / 1_000_000).grouped) of "
                        + "\((report.fileBytesTotal / 1_000_000).grouped) MB",
                    "\((report.fileBytesDone / 1_000_000).grouped) / "
                        + "\((report.fileBytesTotal / 1_000_000).grouped) MB")
            let rest = Self.clock(seconds * (total - done) / done)
            left = say("  \(rest) left", "  残り \(rest)")
        }
        let rate = Int(Double(report.records) / seconds).grouped
        let speed = (Double(report.bytes) / seconds / 1e6).fixed(1)
        let figures =
            "  \(share)  " + say("\(rate) records/s", "毎秒 \(rate) 件") + ", \(speed) MB/s\(left)"
        let before = "\(report.fileNumber)/\(files) "
        let room = Self.columns() - 1 - TerminalText.displayWidth(before + figures)
        return before + Self.end(of: report.file, columns: max(8, room)) + figures
    }

    /// The end of a path, which tells more than its beginning, made harmless.
    private static func end(of path: String, columns: Int) -> String {
        var text = TerminalText.escaped(path)
        if TerminalText.displayWidth(text) <= columns { return text }
        while TerminalText.displayWidth(text) > columns - 1 { text.removeFirst() }
        return "…" + text
    }

    /// Minutes and seconds, with hours where there are any.
    private static func clock(_ seconds: Double) -> String {
        let all = Int(min(seconds, 1e8))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (hours, minutes) = (all / 3600, all / 60 % 60)
        return (hours > 0 ? "\(hours):\(two(minutes))" : "\(minutes)") + ":\(two(all % 60))"
    }

    private static func columns() -> Int {
        var size = winsize()
        // Safe: the call writes one structure.
        let isKnown = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0
        return isKnown && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}
