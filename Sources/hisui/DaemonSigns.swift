import HisuiEvent
import HisuiParse
import HisuiPipeline

/// Whether the daemons of a store's zones live, by what they say of themselves.
enum DaemonSigns {
    /// A sign that is older by so many intervals is none: the daemon does not work, or its store
    /// is a copy.
    private static let intervals: Int64 = 6

    /// A line for each zone that ever had a daemon.
    ///
    /// - Parameter zones: only these; nil for all.
    static func lines(store: String, zones: Set<String>?, now: Timestamp) -> String {
        let lines = Heartbeat.all(store: store)
            .filter { zones?.contains($0.zone) ?? true }.map { line($0, now) + "\n" }
        return lines.isEmpty ? "" : "\n" + lines.joined()
    }

    /// A line where the daemon of a zone does not work now, so that nothing can arrive; nil where
    /// it lives.
    static func problem(store: String, zone: String, now: Timestamp) -> String? {
        guard let sign = Heartbeat.read(store: store, zone: zone) else {
            return say(
                "No daemon has run for zone \(zone) yet: nothing can arrive.",
                "領域 \(zone) のデーモンはまだ動いていません。何も届きません。")
        }
        return isAlive(sign, now) ? nil : line(sign, now)
    }

    private static func isAlive(_ sign: Heartbeat, _ now: Timestamp) -> Bool {
        let seconds = (now.nanoseconds - sign.time.nanoseconds) / 1_000_000_000
        return sign.state == .running && seconds <= Int64(sign.intervalSeconds) * intervals
    }

    private static func line(_ sign: Heartbeat, _ now: Timestamp) -> String {
        let seconds = (now.nanoseconds - sign.time.nanoseconds) / 1_000_000_000
        let age = SourceList.duration(max(0, seconds))
        if sign.state == .stopped {
            return say(
                "The daemon of zone \(sign.zone) was stopped in an orderly way \(age) ago.",
                "領域 \(sign.zone) のデーモンは \(age)前に正常に停止しました。")
        }
        if !isAlive(sign, now) {
            return say(
                "The daemon of zone \(sign.zone) gives no sign of life; the last one came "
                    + "\(age) ago.",
                "領域 \(sign.zone) のデーモンの稼働信号が途絶えています（最終: \(age)前）。")
        }
        let alive = say(
            "The daemon of zone \(sign.zone) lives (process \(sign.pid), last sign \(age) ago).",
            "領域 \(sign.zone) のデーモンは稼働中です（プロセス \(sign.pid)、最終信号 \(age)前）。")
        let silent = say(
            " \(sign.silent) of its \(sign.sources) sources are silent.",
            "収集元 \(sign.sources) 件のうち \(sign.silent) 件が受信途絶です。")
        return alive + (sign.silent > 0 ? silent : "") + unsaid(sign.losses)
    }

    /// What the parser knew of records and did not say; empty if it said all.
    private static func unsaid(_ losses: ParseLosses) -> String {
        var parts: [String] = []
        if losses.unjoined > 0 {
            parts.append(
                say(
                    "\(losses.unjoined.grouped) events of several records have no row",
                    "複数記録からなる事象 \(losses.unjoined.grouped) 件をまとめられず"))
        }
        if losses.unfolded > 0 {
            parts.append(
                say(
                    "\(losses.unfolded.grouped) operations on files were not told",
                    "ファイル操作 \(losses.unfolded.grouped) 件を表示できず"))
        }
        if losses.unpaired > 0 {
            parts.append(
                say(
                    "the pairs of \(losses.unpaired.grouped) records stayed text",
                    "\(losses.unpaired.grouped) 件の名前と値の組を分解できず"))
        }
        if parts.isEmpty { return "" }
        let list = parts.joined(separator: say("; ", "、"))
        return say(
            " Since it began \(list). The records are stored.",
            "起動以降、\(list)。原文は保管済みです。")
    }
}
