import HisuiEvent
import HisuiPipeline
import HisuiStore

/// What the daemons of a store's zones know of their sources beside their counts.
struct WatchedSources {
    private var zones: [String: [String: WatchState.Known]] = [:]

    init(_ snapshot: Snapshot, store: String) {
        for zone in Set(snapshot.sourceStates.keys.map(\.zone)) {
            zones[zone] = WatchState.known(store: store, zone: zone)
        }
    }

    /// Nil for a source that no daemon watches, such as an import.
    subscript(_ stream: Snapshot.Stream, _ state: SourceState) -> WatchState.Known? {
        zones[stream.zone].flatMap { WatchState.of(state.source.id, in: $0) }
    }
}

extension WatchState.Known {
    /// Whether it is heard.
    var stateText: String { isSilent ? say("SILENT", "受信途絶") : say("heard", "受信中") }

    /// `+3 min`: ahead of the machine's clock; nil until it is known.
    var clockText: String? {
        offsetMillis.map { offset in
            let seconds = offset / 1000
            let sign = seconds == 0 ? "" : seconds > 0 ? "+" : "-"
            return sign + SourceList.duration(Int64(clamping: seconds.magnitude))
        }
    }

    func add(to line: inout JSONLine, now: Timestamp) {
        line.add("silent", isSilent)
        if let intervalMillis { line.add("usual_interval_ms", intervalMillis) }
        if let lastEvent {
            line.add("last_event", lastEvent.text(offsetSeconds: 0, fractionDigits: 3))
        }
        if let lagMillis { line.add("lag_ms", lagMillis) }
        if let offsetMillis { line.add("clock_offset_ms", offsetMillis) }
        if let coverage { line.add("coverage_permyriad", coverage) }
        if let usualCoverage { line.add("usual_coverage_permyriad", usualCoverage) }
        line.add("hourly", rate.counts(at: now))
    }
}
