import Glibc
import HisuiEvent
import HisuiPipeline
import HisuiPolicy
import HisuiStore

/// Waits for records of new devices in the store of a running daemon, and says in plain words what
/// came, from where, and what Hisui makes of it.
struct ArrivalWatch {
    /// How long it goes on after the first record: enough for a device to say what it says.
    private static let settleSeconds = 10.0
    private static let lookMicros: UInt32 = 300_000
    private static let patternsMax = 5

    private let configuration: Configuration
    private let expected: [Configuration.Source]
    private let reader: StoreReader
    private let heard: Set<String>
    private let dropped: [String: UInt64]
    private var seen: [Snapshot.Stream: UInt64]

    /// - Parameter expected: to which the device can send; others are told of if they are new.
    /// - Throws: that there is no store yet, or that it cannot be read.
    init(_ configuration: Configuration, expected: [Configuration.Source]) throws {
        self.configuration = configuration
        self.expected = expected
        do throws(StoreError) {
            reader = try StoreReader(path: configuration.store)
            let snapshot = try reader.snapshot(zones: [configuration.zone])
            let states = SourceList.states(of: snapshot).map(\.1)
            heard = Set(states.filter { $0.account.stored > 0 }.map(\.source.id))
            dropped = Self.drops(states)
            seen = snapshot.nextIndices
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    private static func drops(_ states: [SourceState]) -> [String: UInt64] {
        Dictionary(states.map { ($0.source.id, $0.account.dropped) }, uniquingKeysWith: +)
    }

    /// Waits and tells.
    ///
    /// - Parameter seconds: how long at most; nil: until something came, or Ctrl-C.
    /// - Returns: whether anything arrived.
    func run(_ seconds: Int?) throws -> Bool {
        if let sign = DaemonSigns.problem(
            store: configuration.store, zone: configuration.zone, now: .now())
        {
            StandardOutput.shared.write("\n" + sign + "\n")
        }
        StandardOutput.shared.write(
            "\n" + say("Waiting for records (Ctrl-C ends it) …\n", "受信を待っています（Ctrl-C で終了）…\n"))
        StandardOutput.shared.flush()
        var watch = self
        var surveys: [String: SourceSurvey] = [:]
        let started = monotonicSeconds()
        var first: Double?
        var last = Snapshot()
        while Interruption.signal == 0 {
            let now = monotonicSeconds()
            if let first, now - first >= Self.settleSeconds { break }
            if let seconds, now - started >= Double(seconds) { break }
            last = try watch.look(&surveys)
            if first == nil, !surveys.isEmpty { first = now }
            usleep(Self.lookMicros)
        }
        tell(surveys, last)
        return !surveys.isEmpty
    }

    /// Counts what is new; tells at once of a source that spoke for the first time.
    private mutating func look(_ surveys: inout [String: SourceSurvey]) throws -> Snapshot {
        do throws(StoreError) {
            let snapshot = try reader.snapshot(zones: [configuration.zone], after: seen)
            let before = Set(surveys.keys)
            for block in snapshot.blocks {
                let stream = Snapshot.Stream(zone: block.zone, stream: block.stream)
                try SourceSurvey.take(block, from: seen[stream] ?? 0, into: &surveys) {
                    isWanted($0.id)
                }
            }
            for (stream, index) in snapshot.nextIndices {
                seen[stream] = max(index, seen[stream] ?? 0)
            }
            for id in surveys.keys.sorted() where !before.contains(id) {
                StandardOutput.shared.write(
                    say("… something arrived from \(id)\n", "… \(id) から届きました\n"))
                StandardOutput.shared.flush()
            }
            return snapshot
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    private func isWanted(_ id: String) -> Bool {
        !heard.contains(id)
            || expected.contains {
                id == $0.id || id.hasPrefix($0.id + "/") || id.hasPrefix($0.id + ":")
            }
    }

    // MARK: - Words

    private func tell(_ surveys: [String: SourceSurvey], _ last: Snapshot) {
        var text = ""
        for (id, survey) in surveys.sorted(by: { $0.key < $1.key }) {
            text += "\n" + tell(id, survey)
        }
        if surveys.isEmpty { text += "\n" + nothing }
        let now = Self.drops(SourceList.states(of: last).map(\.1))
        for (id, count) in now.sorted(by: { $0.key < $1.key }) {
            let more = count - min(count, dropped[id] ?? 0)
            guard more > 0 else { continue }
            text += say(
                "Dropped meanwhile of \(id): \(more.grouped)\n",
                "この間の取りこぼし（\(id)）: \(more.grouped) 件\n")
        }
        StandardOutput.shared.write(text)
    }

    private func tell(_ id: String, _ survey: SourceSurvey) -> String {
        let from = id.split(separator: "/").last.map(String.init) ?? id
        let isNew = heard.contains(id) ? "" : say(" (new)", "（新規）")
        let (records, known) = (survey.records.grouped, survey.recognised)
        var text = say(
            "From \(from)\(isNew), as the source \(id): \(records) records arrived.\n",
            "\(from)\(isNew)から、収集元 \(id) に \(records) 件届きました。\n")
        for parser in survey.parsersByCount {
            text += say(
                "  The definition \(parser.name) knows \(parser.count.grouped) of them.\n",
                "  定義 \(parser.name) が \(parser.count.grouped) 件を解析しました。\n")
        }
        let unknown = survey.records - known
        if unknown > 0 {
            text += say(
                "  No definition knows \(unknown.grouped) of them. They are stored and can be "
                    + "searched; rules that look for fields do not see them:\n",
                "  \(unknown.grouped) 件はどの定義にも当てはまりません。保管・検索はできますが、項目を見る"
                    + "検知規則の対象になりません。\n")
            text += SourcePage.list(survey, most: Self.patternsMax)
        }
        return text + "  " + Self.clock(survey) + "\n"
    }

    /// How far the sender's clock is off.
    static func clock(_ survey: SourceSurvey) -> String {
        guard survey.timed > 0 else {
            return say(
                "They carry no time of their own that is understood: the time of receipt counts.",
                "原文に解釈できる時刻がないため、受信時刻を使います。")
        }
        let seconds = survey.lead / 1000
        if seconds.magnitude <= 2 {
            return say(
                "Its clock agrees with this machine's.", "時計はこのサーバーと一致しています。")
        }
        let amount = SourceList.duration(Int64(clamping: seconds.magnitude))
        let text =
            seconds > 0
            ? say(
                "Its clock is ahead of this machine's by \(amount).",
                "時計がこのサーバーより \(amount)進んでいます。")
            : say(
                "Its clock is behind this machine's by \(amount), or its records waited so long.",
                "時計がこのサーバーより \(amount)遅れているか、送信までに時間がかかっています。")
        return text + (isZone(seconds) ? zoneAdvice : clockAdvice)
    }

    /// Whether a difference looks like that of a time zone: about a multiple of half an hour.
    private static func isZone(_ seconds: Int64) -> Bool {
        let (half, tolerance) = (Int64(1800), Int64(60))
        let rest = Int64(clamping: seconds.magnitude) % half
        return seconds.magnitude >= UInt64(half - tolerance)
            && seconds.magnitude <= 15 * 3600 && min(rest, half - rest) <= tolerance
    }

    private static var zoneAdvice: String {
        say(
            " That looks like a time zone: see `time_zone` of the source.",
            "時間帯の違いのようです。収集元の `time_zone` を確認してください。")
    }

    private static var clockAdvice: String {
        say(
            " Let it follow a time server.", "NTP で時刻を合わせてください。")
    }

    private var nothing: String {
        let ports = expected.compactMap { source -> String? in
            guard let endpoint = source.endpoint, let over = Recipe.Over(source) else { return nil }
            return "\(over.rawValue) \(endpoint)"
        }
        let ask = say(
            "Nothing arrived. What to look at, in this order:\n", "何も届きませんでした。次の順に確認してください。\n")
        let reload = say(
            "  was the daemon reloaded since its configuration was changed?\n",
            "  設定の変更後にデーモンへ再読み込みさせたか\n")
        if expected.isEmpty {
            return ask
                + say(
                    "  does the configuration have the lines above?\n", "  上の行が設定ファイルにあるか\n")
                + reload
        }
        if ports.isEmpty { return ask + reload }
        return ask
            + say(
                """
                  does the device reach this machine (route, firewalls between)?
                  does this machine let it in (nft list ruleset)?
                    \(ports.joined(separator: ", "))

                """,
                """
                  機器からこのサーバーに届くか（経路、途中のファイアウォール）
                  このサーバーが受け入れるか（nft list ruleset）: \(ports.joined(separator: "、"))

                """) + reload
            + say(
                "  does anything come at all: tcpdump -ni any port PORT\n",
                "  パケットが来ているか: tcpdump -ni any port ポート番号\n")
    }
}
