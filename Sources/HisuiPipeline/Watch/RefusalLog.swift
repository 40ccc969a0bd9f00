import HisuiBytes
import HisuiCollect

/// Which refused peers are told in the log: for each listener and reason the first at once, and
/// then, at most once a minute, how many there were since.
struct RefusalLog {
    private static let pauseMillis: Int64 = 60_000

    private struct Key: Hashable {
        var id: String
        var reason: Refusals.Reason
    }
    private struct Told {
        var count: UInt64
        var time: Int64
    }
    private var told: [Key: Told] = [:]

    /// - Parameter now: `Moment.elapsed`.
    /// - Returns: what is to be told now.
    mutating func lines(_ reports: [ListenerReport], at now: Int64) -> [String] {
        var lines: [String] = []
        var kept: [Key: Told] = [:]
        for report in reports {
            for (reason, entry) in report.counts.refusals.sorted {
                let key = Key(id: report.id, reason: reason)
                // A listener that was opened again counts from nothing.
                let before = told[key].flatMap { $0.count <= entry.count ? $0 : nil }
                kept[key] = before
                if let before {
                    guard entry.count > before.count, now - before.time >= Self.pauseMillis else {
                        continue
                    }
                }
                kept[key] = Told(count: entry.count, time: now)
                let more = entry.count - (before?.count ?? 0)
                lines.append(Self.line(report.id, reason, entry, more))
            }
        }
        told = kept
        return lines
    }

    private static func line(
        _ id: String, _ reason: Refusals.Reason, _ entry: Refusals.Entry, _ more: UInt64
    ) -> String {
        var text = "source \(id): \(reason.words): \(more)"
        if !entry.peer.isEmpty { text += "; the last one was \(entry.peer)" }
        if !entry.detail.isEmpty { text += ": \(entry.detail)" }
        return TerminalText.escaped(text)
    }
}

extension Refusals.Reason {
    /// What happened, in the log's language.
    var words: String {
        switch self {
        case .connections: "connections refused, as many as connections_max are open"
        case .connectionsOfSender:
            "connections refused, as many of the peer as connections_per_sender_max are open"
        case .descriptors: "no descriptor was left for a connection, which waits"
        case .memory: "no memory was left for a connection"
        case .handshake: "TLS handshakes failed"
        case .handshakeTime: "TLS handshakes took too long"
        case .certificate: "certificates were not permitted"
        case .brokenRules: "sessions closed, what came breaks the protocol"
        case .token: "requests had no listed token"
        case .request: "requests are none that this listener takes"
        case .requestTime: "requests took too long"
        case .body: "bodies of requests were damaged, or expand too much"
        }
    }
}
