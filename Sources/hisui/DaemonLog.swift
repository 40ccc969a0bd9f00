import Glibc
import Logging

/// What the daemon says of itself: one line on standard error, without a clock of its own.
///
/// Under systemd each line carries its priority (`<3>` and so on, sd-daemon(3)), and the journal
/// adds time and unit; on a terminal the level stands in its place.
struct DaemonLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info
    private let isUnderSystemd = unsafe getenv("JOURNAL_STREAM") != nil

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // The service group tells of each step of starting and stopping; its errors matter.
        if event.source == "ServiceLifecycle" && event.level < .warning { return }
        var text = event.message.description
        for (key, value) in (event.metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
            text += " \(key)=\(value)"
        }
        let prefix = isUnderSystemd ? "<\(Self.priority(of: event.level))>" : "\(event.level): "
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            StandardError.write("\(prefix)\(line)\n")
        }
    }

    private static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
