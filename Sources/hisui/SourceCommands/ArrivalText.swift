import HisuiEvent
import HisuiPolicy

/// What `ArrivalWatch` says, for a person and for a program.
struct ArrivalText {
    /// The same as text and as an object, whose member `event` says what it is.
    struct Said {
        var text: String
        var object: JSONLine

        init(_ event: String, _ text: String, _ fill: (inout JSONLine) -> Void = { _ in }) {
            self.text = text
            object = JSONLine()
            object.add("event", event)
            fill(&object)
        }
    }

    private static let patternsMax = 5

    /// The configured sources to which the device can send.
    let expected: [Configuration.Source]

    /// The one to which a source belongs.
    func source(of id: String) -> Configuration.Source? {
        expected.first {
            id == $0.id || id.hasPrefix($0.id + "/") || id.hasPrefix($0.id + ":")
        }
    }

    // MARK: - While it waits

    static func daemon(_ sign: String) -> Said {
        Said("daemon", "\n" + sign + "\n") { $0.add("message", sign) }
    }

    static func waiting(_ seconds: Int?) -> Said {
        Said(
            "waiting",
            "\n" + say("Waiting for records (Ctrl-C ends it) …\n", "受信を待っています（Ctrl-C で終了）…\n")
        ) {
            if let seconds { $0.add("seconds", UInt64(seconds)) }
        }
    }

    static func first(_ id: String) -> Said {
        Said(
            "first", say("… something arrived from \(id)\n", "… \(id) から届きました\n")
        ) { $0.add("source", id) }
    }

    // MARK: - At the end

    static func dropped(_ id: String, _ count: UInt64) -> Said {
        Said(
            "dropped",
            say(
                "Dropped meanwhile of \(id): \(count.grouped)\n",
                "この間の取りこぼし（\(id)）: \(count.grouped) 件\n")
        ) {
            $0.add("source", id)
            $0.add("records", count)
        }
    }

    static func refused(_ lines: String, _ listener: JSONLine) -> Said {
        Said("refused", say("\nTurned away meanwhile:\n", "\nこの間に拒否した接続:\n") + lines) {
            $0.add("listener", [listener])
        }
    }

    func result(_ id: String, _ survey: SourceSurvey, isNew: Bool) -> Said {
        let clock = clock(id, survey)
        let words = words(id, survey, isNew) + "  " + clock + "\n"
        return Said("arrived", "\n" + words) { line in
            line.add("source", id)
            line.add("from", Self.sender(id))
            line.add("new", isNew)
            line.add("records", UInt64(survey.records))
            survey.add(to: &line, most: Self.patternsMax)
            if survey.timed > 0 { line.add("clock_offset_ms", survey.lead) }
            line.add("clock", clock)
            line.add("message", words)
        }
    }

    private static func sender(_ id: String) -> String {
        id.split(separator: "/").last.map(String.init) ?? id
    }

    private func words(_ id: String, _ survey: SourceSurvey, _ isNew: Bool) -> String {
        let from = Self.sender(id)
        let new = isNew ? say(" (new)", "（新規）") : ""
        let records = survey.records.grouped
        let noun = survey.records == 1 ? "record" : "records"
        var text = say(
            "From \(from)\(new), as the source \(id): \(records) \(noun) arrived.\n",
            "\(from)\(new)から、収集元 \(id) に \(records) 件届きました。\n")
        for parser in survey.parsersByCount {
            text += say(
                "  The definition \(parser.name) knows \(parser.count.grouped) of them.\n",
                "  定義 \(parser.name) が \(parser.count.grouped) 件を解析しました。\n")
        }
        let unknown = survey.records - survey.recognised
        guard unknown > 0 else { return text }
        text += say(
            "  No definition knows \(unknown.grouped) of them. They are stored and can be "
                + "searched; rules that look for fields do not see them:\n",
            "  \(unknown.grouped) 件はどの定義にも当てはまりません。保管・検索はできますが、項目を見る"
                + "検知規則の対象になりません。\n")
        text += SourcePage.list(survey, most: Self.patternsMax)
        if case .folder(let folder)? = source(of: id)?.input, folder.header != .no {
            text += say(
                "  The first line of each file, which names the columns, is one of these.\n",
                "  各ファイルの 1 行目（列名）もこれに含まれます。\n")
        }
        return text
    }

    // MARK: - Clocks

    /// How far the sender's clock is off.
    private func clock(_ id: String, _ survey: SourceSurvey) -> String {
        guard survey.timed > 0 else {
            return say(
                "They carry no time of their own that is understood: the time of receipt counts.",
                "原文に解釈できる時刻がないため、受信時刻を使います。")
        }
        let milliseconds = survey.lead
        if source(of: id)?.kind == .file, milliseconds <= 2000 { return Self.age(-milliseconds) }
        return Self.clock(milliseconds)
    }

    /// Files are written down and fetched later: that says nothing of a clock.
    private static func age(_ milliseconds: Int64) -> String {
        let age = SourceList.duration(max(0, milliseconds / 1000))
        return say(
            "The newest of them was \(age) old when it was taken.",
            "最も新しいものは、取り込みの \(age)前の記録です。")
    }

    /// - Parameter lead: by how many milliseconds the sender's clock is ahead.
    static func clock(_ lead: Int64) -> String {
        let seconds = lead / 1000
        if seconds.magnitude <= 2 {
            return say(
                "Its clock agrees with this machine's.", "時計はこのサーバーと一致しています。")
        }
        let halves = zoneHalfHours(seconds)
        let amount =
            halves.map(hours) ?? SourceList.duration(Int64(clamping: seconds.magnitude))
        let text =
            seconds > 0
            ? say(
                "Its clock is ahead of this machine's by \(amount).",
                "時計がこのサーバーより \(amount)進んでいます。")
            : say(
                "Its clock is behind this machine's by \(amount), or its records waited so long.",
                "時計がこのサーバーより \(amount)遅れているか、送信までに時間がかかっています。")
        return text + (halves == nil ? clockAdvice : zoneAdvice)
    }

    /// The difference in half hours where it looks like that of a time zone; nil where not.
    private static func zoneHalfHours(_ seconds: Int64) -> Int64? {
        let (half, tolerance) = (Int64(1800), Int64(60))
        let amount = Int64(clamping: seconds.magnitude)
        let rest = amount % half
        guard amount >= half - tolerance, amount <= 15 * 3600, min(rest, half - rest) <= tolerance
        else { return nil }
        return (amount + tolerance) / half
    }

    private static func hours(_ halves: Int64) -> String {
        let (hours, minutes) = (halves / 2, halves % 2 * 30)
        if hours == 0 { return say("30 min", "30 分") }
        return minutes == 0
            ? say("\(hours) h", "\(hours) 時間") : say("\(hours) h 30 min", "\(hours) 時間 30 分")
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

    // MARK: - Nothing

    private var ports: [String] {
        expected.compactMap { source in
            guard let endpoint = source.endpoint, let over = Recipe.Over(source) else { return nil }
            return "\(over.rawValue) \(endpoint)"
        }
    }

    var nothing: Said {
        Said("nothing", "\n" + advice) {
            $0.add("listeners", ports)
            $0.add("message", advice)
        }
    }

    /// What to look at when nothing came.
    private var advice: String {
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
