import HisuiBytes
import HisuiCollect
import HisuiEvent
import HisuiPipeline

/// Whom the listeners of a store's daemons turned away, since these listen.
struct RefusedPeers {
    private let reports: [(zone: String, report: ListenerReport)]

    /// - Parameter zones: only these; nil for all.
    init(store: String, zones: Set<String>?) {
        let known = Heartbeat.all(store: store).map(\.zone).filter { zones?.contains($0) ?? true }
        reports = known.flatMap { zone in
            ListenerState.reports(store: store, zone: zone).map { (zone, $0) }
        }
    }

    private init(_ reports: [(zone: String, report: ListenerReport)]) { self.reports = reports }

    /// Of the listener to which a source belongs only.
    func of(_ source: String, zone: String) -> RefusedPeers {
        let found = reports.filter {
            $0.zone == zone && ($0.report.id == source || source.hasPrefix($0.report.id + "/"))
        }
        let nearest = found.max { $0.report.id.count < $1.report.id.count }
        return RefusedPeers(nearest.map { [$0] } ?? [])
    }

    /// Those of a listener of that id; nil if there is none.
    func listener(_ id: String) -> RefusedPeers? {
        let found = reports.filter { $0.report.id == id }
        return found.isEmpty ? nil : RefusedPeers(found)
    }

    // MARK: - For a person

    /// A line or two for each listener and reason; empty if nobody was turned away.
    func text(now: Timestamp) -> String {
        let lines = reports.flatMap { Self.lines($0.report, after: Refusals(), now) }
        return lines.isEmpty ? "" : Self.heading + lines.joined()
    }

    /// Everything about listeners, those that turned nobody away included.
    func page(_ zone: TimeZoneRules, now: Timestamp) -> String {
        reports.map { place, report in
            let counts = report.counts
            let (accepted, open) = (counts.accepted.grouped, "\(counts.open)")
            return TerminalText.escaped(report.id) + "\n"
                + say(
                    "  zone \(place), listening since \(report.since.text(zone)): "
                        + "\(accepted) connections, \(open) of them open\n",
                    "  領域 \(place)、\(report.since.text(zone)) から待受: 接続 \(accepted) 件"
                        + "（うち接続中 \(open) 件）\n")
                + Self.lines(report, after: Refusals(), now).joined()
        }.joined()
    }

    /// Those who were turned away since `earlier`.
    func text(since earlier: RefusedPeers, now: Timestamp) -> String {
        reports.flatMap { zone, report in
            let before = earlier.reports.first {
                $0.zone == zone && $0.report.id == report.id && $0.report.since == report.since
            }
            return Self.lines(report, after: before?.report.counts.refusals ?? Refusals(), now)
        }.joined()
    }

    private static var heading: String {
        "\n" + say("Peers that listeners turned away\n", "待受が拒否した接続\n")
    }

    private static func lines(
        _ report: ListenerReport, after earlier: Refusals, _ now: Timestamp
    ) -> [String] {
        report.counts.refusals.sorted.compactMap { reason, entry in
            guard entry.count > earlier[reason] else { return nil }
            let count = (entry.count - earlier[reason]).grouped
            let age = SourceList.age(of: entry.time, now: now)
            let peer = entry.peer.isEmpty ? "" : say(", from ", "、") + entry.peer
            let line = say(
                "  \(report.id): \(words(reason)): \(count); the last \(age) ago\(peer)",
                "  \(report.id): \(words(reason)) \(count) 件（最新: \(age)\(peer)）")
            let detail = entry.detail.isEmpty ? "" : "    \(TerminalText.escaped(entry.detail))\n"
            return TerminalText.escaped(line) + "\n" + detail
        }
    }

    private static func words(_ reason: Refusals.Reason) -> String {
        switch reason {
        case .connections:
            say("connections beyond connections_max", "上限（connections_max）を超えた接続")
        case .connectionsOfSender:
            say(
                "connections beyond connections_per_sender_max",
                "送信元ごとの上限（connections_per_sender_max）を超えた接続")
        case .descriptors:
            say("times no descriptor was left", "ファイル記述子の不足")
        case .memory: say("times no memory was left", "メモリ不足")
        case .handshake: say("failed TLS handshakes", "TLS ハンドシェイクの失敗")
        case .handshakeTime:
            say("TLS handshakes that took too long", "TLS ハンドシェイクの時間切れ")
        case .certificate:
            say("certificates that are not permitted", "許可されていない証明書")
        case .brokenRules:
            say("sessions that broke the protocol", "プロトコル違反による切断")
        case .token: say("requests without a listed token", "登録済みトークンのない要求")
        case .request:
            say("requests this listener does not take", "この受信口では受け付けない要求")
        case .requestTime: say("requests that took too long", "要求の時間切れ")
        case .body:
            say("bodies damaged or expanding too much", "破損または展開上限を超えた本文")
        }
    }

    // MARK: - For a program

    /// An object for each listener that turned somebody away.
    func json(since earlier: RefusedPeers? = nil) -> [JSONLine] {
        reports.compactMap { zone, report in
            let before = earlier?.reports.first {
                $0.zone == zone && $0.report.id == report.id && $0.report.since == report.since
            }
            guard report.counts.refusals.total > before?.report.counts.refusals.total ?? 0 else {
                return nil
            }
            return Self.object(zone, report)
        }
    }

    /// An object for each listener.
    var objects: [JSONLine] { reports.map(Self.object) }

    private static func object(_ zone: String, _ report: ListenerReport) -> JSONLine {
        var line = JSONLine()
        line.add("listener", report.id)
        line.add("zone", zone)
        line.add("since", report.since.utcText)
        line.add("accepted", report.counts.accepted)
        line.add("open", UInt64(max(0, report.counts.open)))
        line.add("closed_idle", report.counts.closedIdle)
        line.add("reset", report.counts.reset)
        line.add("held", report.counts.held)
        line.add("refused", report.counts.refusals.total)
        line.add(
            "refusals",
            report.counts.refusals.sorted.map { reason, entry in
                var object = JSONLine()
                object.add("reason", reason.rawValue)
                object.add("count", entry.count)
                object.add("last", entry.time.utcText)
                object.add("peer", entry.peer)
                object.add("detail", entry.detail)
                return object
            })
        return line
    }
}
