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

    /// How often it speaks at least, what rules know of it, by how much its clock differs, and
    /// whether it is silent.
    static func cells(_ known: WatchState.Known?) -> [String] {
        guard let known else { return ["-", "-", "-", "-"] }
        let share = known.coverage.map { "\($0 / 100) %" }
        let state = known.isSilent ? say("SILENT", "受信途絶") : say("heard", "受信中")
        return [
            known.intervalMillis.map { SourceList.duration($0 / 1000) } ?? "-", share ?? "-",
            known.offsetMillis.map(clock) ?? "-", state,
        ]
    }

    /// `+3 min`: ahead of the machine's clock.
    private static func clock(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let sign = seconds == 0 ? "" : seconds > 0 ? "+" : "-"
        return sign + SourceList.duration(Int64(clamping: seconds.magnitude))
    }
}

extension WatchState.Known {
    func add(to line: inout JSONLine) {
        line.add("silent", isSilent)
        if let intervalMillis { line.add("usual_interval_ms", intervalMillis) }
        if let offsetMillis { line.add("clock_offset_ms", offsetMillis) }
        if let coverage { line.add("coverage_permyriad", coverage) }
        if let usualCoverage { line.add("usual_coverage_permyriad", usualCoverage) }
    }
}
