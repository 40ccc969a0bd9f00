import Foundation
import Testing

@Suite("acts: what Hisui and its operators did")
struct ActScenarios {
    static func acts(_ store: String, _ query: String = "*") throws -> [[String: Any]] {
        let found = try Program.hisui(
            "search", "--store", store, "--acts", "--format", "jsonl", query)
        #expect(found.status == 0 || found.status == 1, "\(found.errors)")
        return try found.lines.map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    /// A store of one record.
    static func store(_ folder: Scratch) throws -> String {
        let file = folder.path + "/a.log"
        try "Nov 20 10:00:00 h app[7]: hello\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let store = folder.path + "/store"
        let finished = try Program.hisui("import", "--store", store, "--zone", "z", file)
        #expect(finished.status == 0, "\(finished.errors)")
        return store
    }

    @Test("an import and every search are recorded: who, what, how much")
    func searchesAreRecorded() throws {
        let folder = try Scratch()
        let store = try Self.store(folder)
        _ = try Program.run(
            Program.hisui, ["search", "--store", store, "--zone", "z", "hello _time:>=2020-01-01"],
            environment: ["SUDO_USER": "sa\u{1B}[31mto", "SSH_CONNECTION": "192.0.2.9 1 2 3"])
        let none = try Program.hisui("search", "--store", store, "nothing of the kind")
        #expect(none.status == 1)
        let wrong = try Program.hisui("search", "--store", store, "(")
        #expect(wrong.status == 2)
        let all = try Self.acts(store)
        #expect(
            all.map { $0["act"] as? String } == ["segment", "import", "search", "search"])
        let acts = Array(all.dropFirst())
        try #require(acts.count == 3)
        #expect(acts[0]["records"] as? Int == 1)
        #expect(acts[0]["files"] as? String == "[\"\(folder.path)/a.log\"]")
        #expect(acts[1]["query"] as? String == "hello _time:>=2020-01-01")
        #expect(acts[1]["zone.name"] as? String == "z")
        #expect(acts[1]["rows"] as? Int == 1)
        #expect(acts[1]["actor.uid"] as? Int == Int(getuid()))
        #expect(acts[1]["actor.sudo_user"] as? String == "sa\u{1B}[31mto")
        #expect(acts[1]["actor.ssh_client"] as? String == "192.0.2.9")
        #expect((acts[1]["range.first"] as? String)?.hasSuffix("Z") == true)
        #expect(acts[2]["rows"] as? Int == 0)
        // The search of the acts is the fifth act; what an actor says does not steer a terminal.
        let table = try Program.hisui(
            "search", "--store", store, "--acts", "--format", "table", "act:=search zone.name:=z")
        #expect(!table.output.contains(0x1B))
        #expect(table.lines.count == 1 && table.text.contains("hello"))
        let raw = try Program.hisui(
            "search", "--store", store, "--acts", "--zone", "z", "--format", "raw", "*")
        #expect(raw.lines.count == 3 && raw.lines[0].hasPrefix(#"{"time":"#))
        #expect(try Self.acts(store, "* | stats count() as n").first?["n"] as? Int == 7)
        let status = try Program.hisui("status", "--store", store)
        #expect(status.status == 0 && status.text.contains("Acts recorded: 8."), "\(status.errors)")
    }

    @Test("a search whose reader goes away, and one that is interrupted, are recorded")
    func endsAreRecorded() throws {
        let folder = try Scratch()
        let store = try Self.store(folder)
        try Program.shell(
            """
            cd '\(folder.path)'
            seq -f 'Nov 20 10:00:00 h app[7]: value %.0f of many' 1 100000 > many.log
            '\(Program.hisui)' import --store store --zone z many.log 2> /dev/null
            { '\(Program.hisui)' search --store store '*' || true; } | head -1 > /dev/null
            mkfifo pipe
            '\(Program.hisui)' search --store store 'many' > pipe &
            exec 7< pipe
            sleep 0.5
            kill -INT $!
            cat <&7 > /dev/null
            wait $! || true
            """)
        let outcomes = try Self.acts(store, "act:=search").map { $0["outcome"] as? String }
        #expect(outcomes.first == "closed")
        #expect(outcomes.count == 2)
        #expect(["interrupted", "done"].contains(outcomes.last ?? nil))
    }

    @Test("who may not write the store can search it, and is told that nothing records it")
    func readersWithoutRightsAreTold() throws {
        let folder = try Scratch()
        let store = try Self.store(folder)
        let command: [String]
        if getuid() == 0 {
            try Program.shell("chmod 755 '\(folder.path)'; chmod -R a+rX '\(store)'")
            command = [
                "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                Program.hisui,
            ]
        } else {
            try Program.shell("chmod -R a-w '\(store)'")
            command = [Program.hisui]
        }
        let found = try Program.run(
            command[0], command.dropFirst() + ["search", "--store", store, "hello"])
        #expect(found.status == 0 && found.lines.count == 1)
        #expect(found.errors.contains("not recorded"), "\(found.errors)")
        #expect(found.errors.split(separator: "\n").count == 1)
        try Program.shell("chmod -R u+w '\(store)'")
        #expect(try Self.acts(store, "act:=search").isEmpty)
    }

    @Test("what root appends belongs to the owner of the store", .enabled(if: getuid() == 0))
    func rootLeavesTheStoreToItsOwner() throws {
        let folder = try Scratch()
        let store = try Self.store(folder)
        try Program.shell("rm -r '\(store)/acts'; chown -R 65534:65534 '\(store)'")
        #expect(try Program.hisui("search", "--store", store, "hello").status == 0)
        let strangers = try Program.shell("find '\(store)' ! -uid 65534")
        #expect(strangers.text.isEmpty)
        #expect(try Self.acts(store).count == 1)
    }

    @Test("many processes append at once, some are killed: no act is lost, none is there twice")
    func manyProcesses() throws {
        let folder = try Scratch()
        let store = try Self.store(folder)
        // Each search that ends with 0 has been recorded; `ended` holds their queries.
        try Program.shell(
            """
            cd '\(folder.path)'
            work() {
              for number in $(seq 1 12); do
                '\(Program.hisui)' search --store store "hello or never$1x$number" > /dev/null \
                  && echo "hello or never$1x$number" >> ended.$1
              done
            }
            kills() {
              for number in $(seq 1 40); do
                '\(Program.hisui)' search --store store "hello or killed$number" > /dev/null &
                process=$!
                sleep 0.0$((RANDOM % 4))$((RANDOM % 10))
                kill -9 $process 2> /dev/null || true
              done
            }
            for worker in 1 2 3 4; do work $worker & done
            kills 2> /dev/null
            wait
            cat ended.* > ended
            """)
        let ended = try String(contentsOfFile: folder.path + "/ended", encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(ended.count == 48)
        let acts = try Self.acts(store)
        let queries = acts.compactMap { $0["query"] as? String }
        for query in ended { #expect(queries.count { $0 == query } == 1, "\(query)") }
        #expect(Set(queries).count == queries.count)
        let indices = acts.compactMap { $0["zone.index"] as? Int }.sorted()
        #expect(indices == Array(0..<acts.count))
        let status = try Program.hisui("status", "--store", store)
        #expect(status.status == 0, "\(status.errors)")
    }

    @Test("the daemon records its start, reload and stop, with digests and sizes")
    func daemonActs() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        daemon.hangUp()
        try eventually("the reload is told") { daemon.log.contains("was read again") }
        let text = try String(contentsOfFile: daemon.configuration, encoding: .utf8)
        try (text + "nonsense: 1\n").write(
            toFile: daemon.configuration, atomically: true, encoding: .utf8)
        daemon.hangUp()
        try eventually("the refusal is told") { daemon.log.contains("is refused") }
        #expect(try daemon.stop() == 0)
        let acts = try Self.acts(daemon.store)
        #expect(acts.map { $0["act"] as? String } == ["start", "reload", "reload", "stop"])
        #expect(acts.allSatisfy { $0["actor.kind"] as? String == "daemon" })
        #expect(acts.allSatisfy { $0["zone.name"] as? String == "test" })
        let digest = acts[0]["configuration.sha256"] as? String
        #expect(digest?.count == 64)
        #expect(acts[1]["configuration.sha256"] as? String == digest)
        #expect("\(acts[1]["accepted"] ?? "")" != "\(acts[2]["accepted"] ?? "")")
        #expect("\(acts[3]["whole"] ?? "")" == "\(acts[1]["accepted"] ?? "-")")
    }
}
