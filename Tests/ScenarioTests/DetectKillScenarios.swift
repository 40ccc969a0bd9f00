import Foundation
import HisuiEvent
import HisuiStore
import Testing

/// The daemon killed again and again while it is attacked.
@Suite("findings over power cuts", .serialized)
struct DetectKillScenarios {
    private static let rules = """
        title: Failed
        id: own-failed
        logsource: { product: linux, service: sshd }
        detection:
          s: { event.action: ssh-logon, event.outcome: failure }
          condition: s
        ---
        title: Guessing
        id: own-guessing
        level: high
        correlation:
          type: event_count
          rules: [own-failed]
          group-by: [source.ip]
          timespan: 3s
          condition: { gte: 5 }
        hisui: { title_ja: 総当たり }
        ---
        title: Not in sudoers
        id: own-sudo
        level: medium
        logsource: { product: linux, service: sudo }
        detection:
          s: { message|contains: 'NOT in sudoers' }
          condition: s

        """

    @Test("22 × kill -9: every finding once, opened once and ended once")
    func twentyTwoTimes() throws {
        let daemon = try RunningDaemon(rules: Self.rules)
        var kills = 0
        for round in 1...22 {
            try daemon.start()
            try Program.shell(
                """
                now=$(LC_ALL=C TZ=Asia/Tokyo date '+%b %e %H:%M:%S')
                for i in 1 2 3 4 5 6 7 8; do
                  echo "<38>$now gw01 sshd[81$i]: Failed password for root from \
                198.51.100.\(round) port 400$i ssh2"
                  echo "<86>$now gw01 sudo:   u\(round)x$i : user NOT in sudoers ; TTY=pts/1 ; \
                PWD=/ ; USER=root ; COMMAND=/bin/bash"
                done >/dev/tcp/127.0.0.1/\(daemon.tcpPort)
                """)
            // Before anything is stored, before it is found, while it is written, long after.
            usleep(UInt32.random(in: 0...4_000_000))
            daemon.kill9()
            kills += 1
        }
        #expect(kills >= 20)
        try daemon.start()
        let wanted = try Wanted(daemon)
        #expect(wanted.attackers.count > 5 && wanted.sudo > 50)
        try eventually("every finding has come, and ended", within: 60) {
            let acts = try Self.acts(daemon)
            return acts.filter { $0.state == "final" }.count
                >= wanted.attackers.count + wanted.sudo
        }
        #expect(try daemon.stop() == 0)
        let acts = try Self.acts(daemon)
        #expect(Set(acts.map { $0.id + $0.state }).count == acts.count, "a finding came twice")
        let guessing = acts.filter { $0.rule == "own-guessing" }
        for (address, count) in wanted.attackers {
            let own = guessing.filter { $0.addresses == [address] }
            #expect(own.map(\.state) == ["open", "final"], "\(address): \(own)")
            #expect(Set(own.map(\.id)).count == 1)
            #expect(own.last?.count == count, "\(address)")
        }
        #expect(guessing.count == wanted.attackers.count * 2)
        let sudo = acts.filter { $0.rule == "own-sudo" }
        #expect(sudo.count == wanted.sudo)
        #expect(Set(sudo.flatMap(\.events)).count == wanted.sudo)
        // The past says the same.
        let past = try Program.hisui(
            "detect", "--store", daemon.store, "--rules", daemon.folder.path + "/rules")
        #expect(past.status == 0, "\(past.errors)")
        let ids = try past.lines.map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return try #require(object?["finding.id"] as? String)
        }
        #expect(Set(ids) == Set(acts.map(\.id)))
        #expect(Set(ids).count == ids.count)
    }

    /// What has to be found, by what is stored.
    private struct Wanted {
        /// Addresses with five failures and more, and how many.
        var attackers: [String: Int] = [:]
        var sudo = 0

        init(_ daemon: RunningDaemon) throws {
            for row in try daemon.search("\"Failed password\" | stats by (source.ip) count() as n")
            {
                guard let address = row["source.ip"] as? String,
                    let count = (row["n"]).flatMap({ Int("\($0)") }), count >= 5
                else { continue }
                attackers[address] = count
            }
            sudo = try daemon.count("\"NOT in sudoers\"")
        }
    }

    private struct Found {
        var id: String
        var state: String
        var rule: String
        var count: Int
        var events: [String]
        var addresses: [String]
    }

    private static func acts(_ daemon: RunningDaemon) throws -> [Found] {
        let list = try ActReader(store: daemon.store).acts(kinds: [.finding])
        #expect(list.problems.isEmpty && list.failures.isEmpty)
        return list.acts.map { stored in
            Found(
                id: stored.act.text("finding.id") ?? "?",
                state: stored.act.text("finding.state") ?? "?",
                rule: stored.act.text("rule.id") ?? "?",
                count: Int(stored.act.integer("events.count") ?? -1),
                events: stored.act.list("events") ?? [],
                addresses: stored.act.list("entity.source.ip") ?? [])
        }
    }
}
