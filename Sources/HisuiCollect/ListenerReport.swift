public import HisuiEvent

/// What a listener to which peers connect says of itself, for whoever shows it.
///
/// As text, one after another in the file of a zone (`docs/format.md`); the parts of a refusal are
/// parted by tabs:
///
///     listener secure
///     since 2026-11-27T01:02:03.000000000Z     when it began to listen; it counts from then
///     accepted 120
///     open 3                                   now
///     idle 0                                   closed because nothing came
///     reset 1                                  broken off
///     held 0                                   times a sender had to wait for its quota
///     refusal tls-handshake    2    2026-…Z    192.0.2.7    wrong version number
public struct ListenerReport: Hashable, Sendable {
    /// Of the listener's source, which is the configured one.
    public var id: String
    public var since: Timestamp
    public var counts: StreamCounts

    public init(id: String, since: Timestamp, counts: StreamCounts) {
        self.id = id
        self.since = since
        self.counts = counts
    }

    private var text: String {
        var text = "listener \(id)\nsince \(since.utcText)\naccepted \(counts.accepted)\n"
        text += "open \(counts.open)\nidle \(counts.closedIdle)\nreset \(counts.reset)\n"
        text += "held \(counts.held)\n"
        for (reason, entry) in counts.refusals.sorted {
            let parts = [
                reason.rawValue, "\(entry.count)", entry.time.utcText, entry.peer, entry.detail,
            ]
            text += "refusal " + parts.joined(separator: "\t") + "\n"
        }
        return text
    }

    public static func text(of reports: [ListenerReport]) -> String {
        "listeners 1\n" + reports.map(\.text).joined()
    }

    /// Nil for anything but what `text(of:)` makes.
    public static func reports(_ text: String) -> [ListenerReport]? {
        guard text.hasSuffix("\n") else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        guard lines.popFirst() == "listeners 1" else { return nil }
        var reports: [ListenerReport] = []
        while !lines.isEmpty {
            guard reports.count < Limits.sourcesMax, let report = report(&lines) else {
                return nil
            }
            reports.append(report)
        }
        return reports
    }

    private static func report(_ lines: inout ArraySlice<Substring>) -> ListenerReport? {
        func value(_ name: String) -> String? {
            guard let line = lines.first, line.hasPrefix(name + " ") else { return nil }
            lines.removeFirst()
            return String(line.dropFirst(name.count + 1))
        }
        guard let id = value("listener"), SourceID.isValid(id),
            let since = value("since").flatMap(Timestamp.init(rfc3339:)),
            let accepted = value("accepted").flatMap({ UInt64($0) }),
            let open = value("open").flatMap({ Int($0) }),
            let idle = value("idle").flatMap({ UInt64($0) }),
            let reset = value("reset").flatMap({ UInt64($0) }),
            let held = value("held").flatMap({ UInt64($0) })
        else { return nil }
        var counts = StreamCounts()
        counts.accepted = accepted
        counts.open = open
        counts.closedIdle = idle
        counts.reset = reset
        counts.held = held
        while let refusal = value("refusal") {
            let parts = refusal.split(separator: "\t", omittingEmptySubsequences: false)
                .map(String.init)
            guard parts.count == 5, let reason = Refusals.Reason(rawValue: parts[0]),
                let count = UInt64(parts[1]), let time = Timestamp(rfc3339: parts[2]),
                counts.refusals.put(
                    Refusals.Entry(count: count, peer: parts[3], time: time, detail: parts[4]),
                    for: reason)
            else { return nil }
        }
        return ListenerReport(id: id, since: since, counts: counts)
    }
}
