import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiStore

/// The steps of the demonstration, in order. Each waits for what it must give and fails if that
/// does not come.
struct DemoRun {
    let folder: DemoFolder
    /// The directory of shipped lines.
    let data: String
    let night: DemoNight
    private var screen = DemoScreen()
    private var sent: [String: [String: Int]] = [:]

    init(folder: DemoFolder, data: String, night: DemoNight) {
        self.folder = folder
        self.data = data
        self.night = night
    }

    mutating func perform(parsers: String) throws {
        screen.title(
            say("Hisui 翡翠: a guided run", "Hisui 翡翠: 実演"),
            say(
                "Last night in three zones of an invented city. Everything below is done by the "
                    + "real\nprogram: three daemons, real sockets and files, one store.",
                "架空の市の三つの領域の、昨夜のログを使います。以下はすべて実際のプログラムの動作です\n"
                    + "（三つのデーモン、実際のソケットとファイル、一つの保管庫）。"))
        var daemons = try start(parsers: parsers)
        try send(to: daemons)
        try showArrivals(daemons)
        try showFindings(daemons)
        try search()
        try stop(&daemons)
        try verify()
        try makeBundle()
        summarise()
    }

    // MARK: Collecting

    private mutating func start(parsers: String) throws -> [DemoZoneDaemon] {
        screen.step(say("A daemon starts in each zone", "各領域でデーモンを起動します"))
        let daemons = try DemoPlan.zones.map {
            try DemoZoneDaemon($0, folder: folder, parsers: parsers)
        }
        var table = Table(
            header: [say("ZONE", "領域"), "", say("TAKES LOGS FROM", "収集元")])
        for daemon in daemons {
            try daemon.waitUntilReady()
            let ways = daemon.zone.feeds.map { feed in
                switch feed.way {
                case .tcp: "syslog TCP 127.0.0.1:\(daemon.ports.tcp)"
                case .udp: "syslog UDP 127.0.0.1:\(daemon.ports.udp)"
                case .file(let name): say("file ", "ファイル ") + name
                }
            }
            table.add([daemon.zone.id, daemon.zone.title, ways.joined(separator: ", ")])
        }
        screen.table(table)
        return daemons
    }

    private mutating func send(to daemons: [DemoZoneDaemon]) throws {
        screen.step(say("Last night's logs arrive", "昨夜のログが届きます"))
        for daemon in daemons {
            let lines = try daemon.zone.lines(below: data, night: night)
            for (feed, source) in daemon.zone.feeds.enumerated() {
                sent[daemon.zone.id, default: [:]][source.id] = lines[feed].count
            }
            var sender = DemoSender(ports: daemon.ports)
            try sender.send(daemon.zone, lines, folder: folder.logs(daemon.zone.id))
        }
    }

    /// Waits until each source has all that was sent to it, by its account, and shows it.
    private func showArrivals(_ daemons: [DemoZoneDaemon]) throws {
        var table = Table(
            header: [
                say("ZONE", "領域"), say("SOURCE", "収集元"), say("SENT", "送信"),
                say("OFFERED", "提供"), say("STORED", "保管"), say("DROPPED", "取りこぼし"),
            ], rightAligned: [2, 3, 4, 5])
        var all: UInt64 = 0
        for daemon in daemons {
            let expected = sent[daemon.zone.id] ?? [:]
            var accounts: [String: Account] = [:]
            try daemon.wait(say("all lines are stored", "全件が保管される")) {
                accounts = daemon.accounts() ?? [:]
                return expected.allSatisfy { (accounts[$0.key]?.offered ?? 0) >= UInt64($0.value) }
            }
            for feed in daemon.zone.feeds {
                let account = accounts[feed.id] ?? Account()
                let count = expected[feed.id] ?? 0
                table.add([
                    daemon.zone.id, feed.id, count.grouped, account.offered.grouped,
                    account.stored.grouped, account.dropped.grouped,
                ])
                guard account.stored == UInt64(count), account.dropped == 0 else {
                    screen.table(table)
                    throw Failure(
                        .integrity,
                        say(
                            "\(daemon.zone.id)/\(feed.id): \(count) lines were sent, "
                                + "\(account.stored) are stored, \(account.dropped) dropped",
                            "\(daemon.zone.id)/\(feed.id): 送信 \(count) 件に対し、"
                                + "保管 \(account.stored) 件、取りこぼし \(account.dropped) 件です"))
                }
                all += account.stored
            }
        }
        screen.table(table)
        screen.done(
            say(
                "\(all.grouped) records: everything that was sent is stored, nothing was dropped",
                "\(all.grouped) 件: 送信した全件を保管し、取りこぼしはありません"))
    }

    // MARK: Looking

    private mutating func showFindings(_ daemons: [DemoZoneDaemon]) throws {
        screen.step(say("What the daemons found", "デーモンによる検知"))
        for daemon in daemons {
            let expected = Set(daemon.zone.expected)
            var found: Set<String> = []
            do throws(Failure) {
                try daemon.wait(say("its findings", "検知")) { () throws(Failure) -> Bool in
                    found = try foundRules(daemon.zone.id)
                    return found.isSuperset(of: expected)
                }
            } catch {
                let missing = expected.subtracting(found).sorted().joined(separator: ", ")
                throw Failure(
                    .refused,
                    say("no finding of: \(missing)", "検知されませんでした: \(missing)")
                        + "\n" + error.message)
            }
        }
        try show(
            ["alerts", "--store", folder.shown + "/store"],
            unshown: ["--format", "table", "--time-zone", "Asia/Tokyo"])
        screen.line(
            say(
                "An open finding was told as soon as there was enough; it is final, with all its "
                    + "events, when it\n   has been quiet for its span of time.",
                "「継続中」の検知は条件に達した時点で通知したものです。規則の時間幅だけ静かになると、全事象とともに確定します。"))
    }

    /// The rules of a zone's findings, as `hisui alerts` lists them.
    private func foundRules(_ zone: String) throws(Failure) -> Set<String> {
        let listed = try ChildProcess.capture([
            "alerts", "--store", folder.store, "--zone", zone, "--format", "jsonl",
        ])
        guard listed.status == 0 || listed.status == 1 else {
            throw Failure(.refused, "hisui alerts: \(listed.status)")
        }
        var found: Set<String> = []
        let key = "\"rule.id\":\""
        for line in String(decoding: listed.output, as: UTF8.self).split(separator: "\n") {
            guard let start = line.firstRange(of: key) else { continue }
            found.insert(String(line[start.upperBound...].prefix { $0 != "\"" }))
        }
        return found
    }

    private mutating func search() throws {
        screen.step(say("Three questions", "三つの問い"))
        for (number, search) in DemoSearch.all().enumerated() {
            if number > 0 { screen.line() }
            screen.line(search.question)
            screen.command(search.command(store: folder.shown + "/store"))
            let answer = try search.run(store: folder.store)
            guard answer.rows > 0 else {
                throw Failure(
                    .refused, say("the search found nothing", "検索結果が 0 件でした"))
            }
            screen.done(
                say(
                    "\(answer.rows) rows in \(DemoScreen.millis(answer.seconds)) ms, "
                        + "opening the store included",
                    "\(answer.rows) 行、\(DemoScreen.millis(answer.seconds)) ミリ秒"
                        + "（保管庫を開く時間を含む）"))
        }
    }

    // MARK: Proving

    private mutating func stop(_ daemons: inout [DemoZoneDaemon]) throws {
        screen.step(
            say("The daemons stop; the store is verified", "デーモンを停止し、保管庫を検証します"))
        for daemon in daemons { daemon.requestStop() }
        for daemon in daemons { try daemon.waitForEnd() }
        daemons.removeAll()
    }

    private func verify() throws {
        let trust = try ChildProcess.capture(["keys", "trust", "--store", folder.store])
        guard trust.status == 0, !trust.output.isEmpty else {
            throw Failure(.refused, say("no trust file", "信頼の基点を取り出せませんでした"))
        }
        try folder.write(trust.output, to: folder.trust)
        screen.command(
            "\(DemoScreen.program) keys trust --store \(folder.shown)/store "
                + "> \(folder.shown)/trust.txt")
        try show(
            [
                "verify", "--store", folder.shown + "/store", "--trust",
                folder.shown + "/trust.txt",
            ], unshown: ["--format", "table"])
    }

    private mutating func makeBundle() throws {
        screen.step(
            say("Evidence for an auditor", "監査人に渡す監査証跡一式を作成します"))
        let period = [
            "--since", time(night.start), "--until", time(SystemClock.nanoseconds()),
        ]
        let bundle = folder.shown + "/bundle"
        try show(
            ["evidence", "create", "--store", folder.shown + "/store"] + period
                + ["--trust", folder.shown + "/trust.txt", "--out", bundle])
        try show(
            ["evidence", "verify", "--trust", folder.shown + "/trust.txt", bundle],
            unshown: ["--format", "table"])
    }

    private func time(_ nanoseconds: Int64) -> String {
        Timestamp(nanoseconds: nanoseconds).text(offsetSeconds: 9 * 3600)
    }

    /// Shows and runs a command of this program, which prints for itself, and fails if it does.
    ///
    /// - Parameter unshown: arguments that change nothing on a terminal.
    private func show(_ arguments: [String], unshown: [String] = []) throws {
        screen.command(([DemoScreen.program] + arguments).joined(separator: " "))
        let status = try ChildProcess(
            arguments + unshown + ["--lang", Language.current.rawValue]
        ).wait()
        guard status == 0 else {
            throw Failure(
                status == Failure.Status.integrity.rawValue ? .integrity : .refused,
                say(
                    "`hisui \(arguments.joined(separator: " "))` ended with \(status)",
                    "`hisui \(arguments.joined(separator: " "))` が終了コード \(status) で終了しました"))
        }
    }

    private mutating func summarise() {
        let seconds = Int(screen.elapsedSeconds.rounded())
        screen.step(say("Done, in \(seconds) seconds", "完了（\(seconds) 秒）"))
        screen.line(
            say(
                "Store, bundle and configurations are in \(folder.shown). Try next:",
                "保管庫・監査証跡一式・設定は \(folder.shown) にあります。次の操作を試せます。"))
        let program = DemoScreen.program
        let store = folder.shown + "/store"
        screen.command("\(program) alerts show ID --store \(store)")
        screen.command("\(program) search --store \(store) 'gyosha-miyama'")
        screen.command("\(program) status --store \(store)")
        screen.command("\(program) check config \(folder.shown)/lgwan.yaml")
        screen.command(
            "xdg-open \(folder.shown)/bundle/data/report/"
                + "summary.\(Language.current.rawValue).html")
        screen.line(
            say(
                "Your own logs: `hisui setup`, or `./ops/run daemon` in a work tree.",
                "自分のログで試すには `hisui setup`、作業ツリーでは `./ops/run daemon`。"))
    }
}
