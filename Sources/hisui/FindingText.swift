import HisuiBytes
import HisuiDetect

/// A finding in words, for the daemon's log.
enum FindingText {
    /// Entities named in one line.
    private static let valuesMax = 3

    /// One line: title, entities, how many events, and what to do next.
    static func line(_ finding: Finding) -> String {
        let title = say(finding.ruleTitle, finding.ruleTitleJapanese ?? finding.ruleTitle)
        let entities = finding.entities.map { entity in
            let shown = entity.values.prefix(valuesMax).map { escaped($0) }
            let rest = entity.values.count - shown.count
            let more = rest > 0 ? say(" and \(rest) more", " ほか \(rest) 件") : ""
            return entity.name + "=" + shown.joined(separator: ",") + more
        }.joined(separator: " ")
        let count = finding.eventCount
        let level = finding.ruleLevel.map { " [\($0)]" } ?? ""
        if finding.followsOpen {
            return say(
                "finding ended: \(title), \(count) events in all; hisui alerts show \(finding.id)",
                "検知の終了: \(title)、事象は全 \(count) 件。詳細: hisui alerts show \(finding.id)")
        }
        return say(
            "finding\(level): \(title): \(entities); \(count) event\(count == 1 ? "" : "s"); "
                + "hisui alerts show \(finding.id)",
            "検知\(level): \(title): \(entities)（事象 \(count) 件）。詳細: hisui alerts show \(finding.id)")
    }

    private static func escaped(_ value: [UInt8]) -> String {
        var bytes: [UInt8] = []
        _ = TerminalText.appendEscaped(value.span, 0..<value.count, columnsMax: 80, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
