import HisuiBytes
import HisuiEvent

/// Alerts of detectors that are not Hisui, as findings.
///
/// Such an alert comes again, with the table of the next hour or in a reminder: by the detector's
/// name and its own number of the alert it is the same finding, and told once.
extension Detector {
    /// The finding that an event tells of, or nil if it was told before.
    mutating func outside(
        _ rule: Rule, _ fields: Rule.OutsideFields, _ evidence: Evidence
    ) -> Finding? {
        var finding = single(rule, evidence)
        let outside = Finding.Outside(
            detector: shown(fields.detector), alert: shown(fields.alert),
            title: shown(fields.title))
        finding.outside = outside
        if !outside.title.isEmpty {
            finding.ruleTitle += ": " + outside.title
            finding.ruleTitleJapanese = finding.ruleTitleJapanese.map { $0 + ": " + outside.title }
        }
        let level = shown(fields.level)
        if RuleReader.levels.contains(level) { finding.ruleLevel = level }
        guard !outside.alert.isEmpty else { return finding }
        finding.id = Finding.id(
            rule: rule.id, group: [Array(outside.detector.utf8), Array(outside.alert.utf8)],
            events: [])
        return toldOutside.insert(finding.id) ? finding : nil
    }

    /// Remembers alerts that were told earlier, by the ids of their findings, oldest first.
    public mutating func recallOutside(_ ids: some Sequence<String>) {
        for id in ids { _ = toldOutside.insert(id) }
    }

    /// Takes over what another detector remembers of alerts.
    public mutating func recallOutside(of other: Detector) { toldOutside = other.toldOutside }

    /// A value as it may be shown: of bounded length, without characters that control a terminal.
    private func shown(_ field: Int) -> String {
        guard let value = value(field) else { return "" }
        let bytes = Array(value)
        var out: [UInt8] = []
        _ = TerminalText.appendEscaped(
            bytes.span, 0..<bytes.count, columnsMax: Limits.outsideColumnsMax, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

/// Ids of findings, so many of the last ones.
struct ToldAlerts: Sendable {
    private var ids: Set<String> = []
    private var order: [String] = []
    private var oldest = 0

    /// - Returns: whether it was not there.
    /// - Complexity: O(1).
    mutating func insert(_ id: String) -> Bool {
        guard ids.insert(id).inserted else { return false }
        if order.count < Limits.outsideAlertsMax {
            order.append(id)
        } else {
            ids.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % order.count
        }
        return true
    }
}
