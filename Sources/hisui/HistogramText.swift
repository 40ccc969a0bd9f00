import HisuiBytes
import HisuiEvent
import HisuiQuery

/// A histogram for a person: a line for each bar, with its time, its count and marks for groups of
/// severities, which tell them apart without colours too.
struct HistogramText {
    /// Severities that are shown alike: a mark, a colour, and which counts of a bar.
    private struct Group {
        var mark: String
        /// Of the foreground and of the background, the same: a bar is solid, and what is copied
        /// from it still has its marks.
        var colour: String
        var severities: Range<Int>
        var name: String
    }

    private static var groups: [Group] {
        [
            Group(
                mark: "#", colour: "31;41", severities: 0..<4,
                name: say("error or worse", "エラー以上")),
            Group(mark: "=", colour: "33;43", severities: 4..<5, name: say("warning", "警告")),
            Group(
                mark: "-", colour: "36;46", severities: 5..<8,
                name: say("notice or less", "通知以下")),
            Group(
                mark: ".", colour: "37;47", severities: 8..<9,
                name: say("no severity", "重大度なし")),
        ]
    }

    /// Columns of bars at least, however narrow the terminal.
    private static let barColumnsLeast = 10

    private let histogram: Histogram
    private let timeZone: TimeZoneRules
    private let columns: Int
    private let isColoured: Bool
    private let groups = Self.groups

    /// - Parameter columns: of the terminal.
    init(_ histogram: Histogram, timeZone: TimeZoneRules, columns: Int, isColoured: Bool) {
        self.histogram = histogram
        self.timeZone = timeZone
        self.columns = columns
        self.isColoured = isColoured
    }

    var text: String {
        guard let peak = histogram.peak else {
            return say("No event.\n", "該当する事象はありません。\n")
        }
        let used = groups.filter { group in
            histogram.bars.contains { Self.count($0, group) > 0 }
        }
        var text = used.map { paint($0.mark, $0) + " " + $0.name }.joined(separator: "  ") + "\n"
        let countColumns = peak.total.grouped.utf8.count
        let label = self.label(of: peak.start).utf8.count
        let room = max(Self.barColumnsLeast, columns - label - countColumns - 4)
        for bar in histogram.bars {
            let count = bar.total.grouped
            text += self.label(of: bar.start) + "  "
            text += String(repeating: " ", count: countColumns - count.utf8.count) + count
            let marks = self.marks(of: bar, peak: peak.total, room: room)
            text += (marks.isEmpty ? "" : "  " + marks) + "\n"
        }
        let (total, steps) = (histogram.total.grouped, histogram.bars.count)
        let step = Self.name(of: histogram.step)
        text += say(
            "\(total) events in \(steps) steps of \(step), \(timeZone.name)\n",
            "計 \(total) 件、\(step)ごとに \(steps) 区間（\(timeZone.name)）\n")
        let when = self.label(of: peak.start)
        text += say(
            "peak: \(peak.total.grouped) at \(when)\n", "最大: \(peak.total.grouped) 件（\(when)）\n")
        return text
    }

    private static func count(_ bar: Histogram.Bar, _ group: Group) -> UInt64 {
        bar.counts[group.severities].reduce(0, +)
    }

    /// The bar: as long as its events are many, and at least one mark for each group that has any.
    private func marks(of bar: Histogram.Bar, peak: UInt64, room: Int) -> String {
        let shown = groups.map { ($0, Self.count(bar, $0)) }.filter { $0.1 > 0 }
        let whole = Double(bar.total) / Double(peak) * Double(room)
        let length = max(shown.count, min(room, Int(whole.rounded())))
        // One mark for each, the others by their share; what is left by rounding goes to the last.
        let spare = Double(length - shown.count)
        var text = ""
        var (before, given) = (0.0, 0)
        for (group, count) in shown {
            before += Double(count)
            let end = Int((before / Double(bar.total) * spare).rounded())
            text += paint(String(repeating: group.mark, count: 1 + end - given), group)
            given = end
        }
        return text
    }

    private func paint(_ marks: String, _ group: Group) -> String {
        isColoured ? "\u{1B}[\(group.colour)m\(marks)\u{1B}[0m" : marks
    }

    /// The beginning of a bar, as exactly as the step needs.
    private func label(of time: Int64) -> String {
        let text = Timestamp(nanoseconds: time).text(timeZone).utf8
        let count =
            switch histogram.step {
            case .seconds(let count): count % 60 == 0 ? 16 : 19
            case .hours: 16
            case .day, .week: 10
            case .months(let count): count % 12 == 0 ? 4 : 7
            }
        return String(decoding: text.prefix(count), as: UTF8.self)
            .split(separator: "T").joined(separator: " ")
    }

    /// A step in words.
    private static func name(of step: TimeStep) -> String {
        func name(_ count: Int, _ english: String, _ japanese: String) -> String {
            say("\(count) \(english)\(count == 1 ? "" : "s")", "\(count) \(japanese)")
        }
        return switch step {
        case .seconds(3600): name(1, "hour", "時間")
        case .seconds(let count) where count % 60 == 0: name(count / 60, "minute", "分")
        case .seconds(let count): name(count, "second", "秒")
        case .hours(let count): name(count, "hour", "時間")
        case .day: name(1, "day", "日")
        case .week: name(1, "week", "週間")
        case .months(let count) where count % 12 == 0: name(count / 12, "year", "年")
        case .months(let count): name(count, "month", "か月")
        }
    }
}
