import HisuiBytes
import HisuiCollect
import HisuiEvent
import HisuiStore

/// The sources of a snapshot as rows.
enum SourceList {
    /// Without those that only remember that a collector has begun.
    static func states(of snapshot: Snapshot) -> [(Snapshot.Stream, SourceState)] {
        snapshot.sourceStates
            .sorted { $0.key < $1.key }
            .flatMap { stream, states in
                states.filter { !$0.account.isZero || !isBeginning($0) }
                    .sorted { $0.source.id < $1.source.id }.map { (stream, $0) }
            }
    }

    private static func isBeginning(_ state: SourceState) -> Bool {
        state.source.kind == .file && FileBeginning(state.position.span) != nil
    }

    static func json(
        _ stream: Snapshot.Stream, _ state: SourceState, _ watched: WatchedSources,
        now: Timestamp
    ) -> JSONLine {
        var line = JSONLine()
        line.add("zone", stream.zone)
        line.add("stream", stream.stream)
        line.add("source", state.source.id)
        line.add("kind", "\(state.source.kind)")
        line.add("offered", state.account.offered)
        line.add("stored", state.account.stored)
        line.add("deduplicated", state.account.deduplicated)
        line.add("dropped", state.account.dropped)
        let reasons = DropReason.allCases.compactMap { reason in
            state.account[reason] > 0 ? (reason.name, state.account[reason]) : nil
        }
        line.add("dropped_by_reason", reasons)
        line.add(
            "dropped_within",
            DropReason.allCases.compactMap { reason -> JSONLine? in
                guard let span = state.account.dropSpans[reason] else { return nil }
                var object = JSONLine()
                object.add("reason", reason.name)
                object.add("first", span.first.utcText)
                object.add("last", span.last.utcText)
                return object
            })
        line.add("gaps", state.account.gaps)
        if state.lastReceived != .none {
            line.add(
                "last_received", state.lastReceived.text(offsetSeconds: 0, fractionDigits: 3))
        }
        watched[stream, state]?.add(to: &line, now: now)
        return line
    }

    static func words(_ reason: DropReason) -> String {
        switch reason {
        case .kernelBuffer: say("the kernel's buffer was full", "受信バッファあふれ")
        case .queueFull: say("the queue was full", "待ち行列あふれ")
        case .tooLong: say("too long", "長すぎる")
        case .quota: say("beyond the sender's quota", "送信元の上限超過")
        case .spillFull: say("no room to wait for the store", "一時退避の容量超過")
        case .lostBeforeRead: say("gone before they were read", "読み取り前に消失")
        }
    }

    /// From when to when.
    static func text(_ span: MomentSpan, _ zone: TimeZoneRules) -> String {
        let first = span.first.text(zone, fractionDigits: 3)
        let last = span.last.text(zone, fractionDigits: 3)
        return say("\(first) to \(last)", "\(first) ～ \(last)")
    }

    /// What was dropped, by source and reason, in the order in which it ended.
    static func drops(_ snapshot: Snapshot, timeZone: TimeZoneRules) -> String {
        var lines: [(last: Timestamp, text: String)] = []
        for (stream, state) in states(of: snapshot) {
            for reason in DropReason.allCases where state.account[reason] > 0 {
                let span = state.account.dropSpans[reason]
                let (count, why) = (state.account[reason].grouped, words(reason))
                let time = span.map { text($0, timeZone) } ?? "-"
                lines.append(
                    (
                        span?.last ?? .none,
                        time + "  "
                            + say(
                                "dropped of \(stream.zone)/\(state.source.id): \(count): \(why)",
                                "取りこぼし \(stream.zone)/\(state.source.id): \(count) 件: \(why)")
                            + "\n"
                    ))
            }
        }
        if lines.isEmpty { return "" }
        return "\n" + lines.sorted { $0.last < $1.last }.map(\.text).joined()
    }

    /// The gaps the store recorded, newest last.
    ///
    /// - Parameter source: only its; nil: those of all.
    static func gaps(
        _ snapshot: Snapshot, of source: String? = nil, timeZone: TimeZoneRules
    ) -> String {
        var text = ""
        for (stream, gaps) in snapshot.gaps.sorted(by: { $0.key < $1.key }) {
            for gap in gaps where source.map({ gap.source == $0 }) ?? true {
                text += gap.detected.text(timeZone) + "  "
                text += say("gap in ", "欠落 ") + "\(stream.zone)/\(gap.source): "
                text += "\(count(gap)): \(cause(gap))\n"
            }
        }
        return text.isEmpty ? "" : "\n" + text
    }

    /// How many records are missing, in words.
    static func count(_ gap: Gap) -> String {
        guard let count = gap.count else { return say("an unknown number of records", "件数不明") }
        return say("\(count.grouped) record\(count == 1 ? "" : "s")", "\(count.grouped) 件")
    }

    static func cause(_ gap: Gap) -> String { say(gap.cause, gap.japaneseCause ?? gap.cause) }

    /// How long ago, in the largest unit that fits.
    static func age(of time: Timestamp, now: Timestamp) -> String {
        guard time != .none else { return "-" }
        let seconds = max(0, (now.nanoseconds - time.nanoseconds) / 1_000_000_000)
        return duration(seconds) + say("", "前")
    }

    /// So many seconds, in the largest unit that fits.
    static func duration(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: say("\(seconds) s", "\(seconds) 秒")
        case ..<3600: say("\(seconds / 60) min", "\(seconds / 60) 分")
        case ..<86_400: say("\(seconds / 3600) h", "\(seconds / 3600) 時間")
        default: say("\(seconds / 86_400) d", "\(seconds / 86_400) 日")
        }
    }
}
