import HisuiEvent
import HisuiPipeline
import HisuiStore

/// The sources of a store for a person: what fits on 80 columns, in either language.
///
/// The bars stand last: terminals disagree about their width.
struct SourceTable {
    private let rows: [(zone: String, cells: [String], rate: [UInt64])]
    private let total: Account

    init(_ snapshot: Snapshot, store: String, now: Timestamp) {
        let watched = WatchedSources(snapshot, store: store)
        let states = SourceList.states(of: snapshot)
        rows = states.map { stream, state in
            let known = watched[stream, state]
            return (
                stream.zone, Self.cells(state, known, now),
                known?.rate.counts(at: now) ?? []
            )
        }
        total = states.reduce(into: Account()) { $0.add($1.1.account) }
    }

    private static func cells(
        _ state: SourceState, _ known: WatchState.Known?, _ now: Timestamp
    ) -> [String] {
        let last = state.lastReceived == .none ? nil : state.lastReceived
        return [
            state.source.id, known?.stateText ?? "-",
            last.map { short(($0.nanoseconds, now.nanoseconds)) } ?? "-",
            known?.lagMillis.map { short($0 / 1000) } ?? "-", short(state.account.dropped),
            short(state.account.gaps), known?.offsetMillis.map(clock) ?? "-",
            known?.coverage.map { "\($0 / 100)%" } ?? "-",
        ]
    }

    /// - Parameter columnsMax: names of sources are shortened to fit; nil: nothing is.
    func text(columnsMax: Int?) -> String {
        let bars = (columnsMax ?? 120) >= 120 ? RateHistory.hours : 8
        let shown = rows.map { $0.cells + [Self.bars($0.rate, bars)] }
        let header = Self.header
        var nameWidth = Int.max
        if let columnsMax {
            let others = (1..<header[0].count).map { column in
                (header.map { $0[column] } + shown.map { $0[column] })
                    .reduce(0) { max($0, Table.width($1)) } + 2
            }
            nameWidth = max(12, columnsMax - others.reduce(0, +))
        }
        var text = ""
        let zones = Set(rows.map(\.zone)).sorted()
        for zone in zones {
            if zones.count > 1 { text += (text.isEmpty ? "" : "\n") + Self.heading(zone) }
            var table = Table(header: header[0], rightAligned: [2, 3, 4, 5, 6, 7])
            if header.count > 1 { table.add(header[1]) }
            for (row, cells) in zip(rows, shown) where row.zone == zone {
                table.add([Self.shortened(cells[0], to: nameWidth)] + cells.dropFirst())
            }
            text += table.text
        }
        return text + (rows.isEmpty ? "" : totals)
    }

    private static func heading(_ zone: String) -> String {
        say("Zone \(zone)\n", "領域 \(zone)\n")
    }

    /// One line, or two where a word of the glossary is wider than what stands below it.
    private static var header: [[String]] {
        switch Language.current {
        case .english:
            [["SOURCE", "STATE", "LAST", "LAG", "DROPS", "GAPS", "CLOCK", "PARSED", "24 HOURS"]]
        case .japanese:
            [
                ["", "", "", "", "取り", "", "", "", ""],
                ["収集元", "状態", "最終", "遅延", "こぼし", "欠落", "時計差", "解析率", "24 時間"],
            ]
        }
    }

    private var totals: String {
        let (offered, stored) = (total.offered.grouped, total.stored.grouped)
        let (twice, lost) = (total.deduplicated.grouped, total.dropped.grouped)
        return "\n"
            + say(
                "offered \(offered) = stored \(stored) + deduplicated \(twice) + dropped \(lost)",
                "提供 \(offered) = 保管 \(stored) + 重複 \(twice) + 取りこぼし \(lost)") + "\n"
    }

    // MARK: - Short texts

    /// A name of at most so many columns: what distinguishes most stands at its end.
    static func shortened(_ name: String, to width: Int) -> String {
        guard name.count > width else { return name }
        let tail = (width - 2) * 2 / 3
        return name.prefix(width - 2 - tail) + ".." + name.suffix(tail)
    }

    /// How long ago `span.0` was at `span.1`, in nanoseconds.
    private static func short(_ span: (Int64, Int64)) -> String {
        short(max(0, (span.1 - span.0) / 1_000_000_000))
    }

    /// Seconds in the largest unit that fits.
    static func short(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: say("\(seconds)s", "\(seconds)秒")
        case ..<3600: say("\(seconds / 60)m", "\(seconds / 60)分")
        case ..<86_400: say("\(seconds / 3600)h", "\(seconds / 3600)時間")
        default: say("\(seconds / 86_400)d", "\(seconds / 86_400)日")
        }
    }

    /// A count in at most five columns.
    static func short(_ count: UInt64) -> String {
        switch count {
        case ..<10_000: "\(count)"
        case ..<1_000_000: "\(count / 1000)k"
        case ..<1_000_000_000: "\(count / 1_000_000)M"
        default: "\(count / 1_000_000_000)G"
        }
    }

    private static func clock(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let sign = seconds == 0 ? "" : seconds > 0 ? "+" : "-"
        return sign + short(Int64(clamping: seconds.magnitude))
    }

    /// Counts as bars, several hours in each where there are fewer bars.
    static func bars(_ counts: [UInt64], _ number: Int) -> String {
        let each = max(1, counts.count / max(1, number))
        let sums = stride(from: 0, to: counts.count, by: each).map { start in
            counts[start..<min(start + each, counts.count)].reduce(0, &+)
        }
        let greatest = sums.max() ?? 0
        guard greatest > 0 else { return "-" }
        let heights = Array("▁▂▃▄▅▆▇█")
        return String(
            sums.map { sum -> Character in
                if sum == 0 { return "." }
                let share = Double(sum) / Double(greatest) * Double(heights.count)
                return heights[min(heights.count - 1, Int(share))]
            })
    }
}
