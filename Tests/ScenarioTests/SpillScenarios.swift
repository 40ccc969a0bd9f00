import Foundation
import Testing

/// Senders that cannot wait, while the disk of the store is full.
@Suite("spilling while the store takes nothing", .serialized)
struct SpillScenarios {
    private let disk: SmallDisk
    private let daemon: RunningDaemon
    /// On another disk than the store.
    private let ring: Scratch
    /// Of a listener whose records are the first to go.
    private let cheapPort: Int

    init() throws {
        disk = try SmallDisk(megabytes: 6)
        ring = try Scratch()
        cheapPort = try freePort()
        daemon = try RunningDaemon(
            sources: [
                "{ syslog: { unix: FOLDER/log }, id: local }",
                "{ syslog: { udp: \"127.0.0.1:\(cheapPort)\" }, id: cheap, spill_class: low }",
            ], store: disk.path + "/store")
        try Program.shell(
            "printf 'service: { spill_path: %s, spill_bytes_max: 16777216 }\n' "
                + "'\(ring.path)/spill' >> '\(daemon.configuration)'")
    }

    /// Sends lines by UDP, not faster than anybody can take them, and waits until logger has ended.
    private func send(
        _ tag: String, _ numbers: Range<Int>, priority: String, port: Int? = nil
    ) throws {
        try Program.shell(
            "seq -f '\(tag) %.0f end' \(numbers.lowerBound) \(numbers.upperBound - 1) "
                + "| while read -r a; do echo \"$a\"; done "
                + "| logger -n 127.0.0.1 -P \(port ?? daemon.udpPort) -d -t spill -p \(priority)")
    }

    private func fillDisk() throws {
        try send("first", 0..<200, priority: "user.notice")
        try eventually("before the disk is full") { try daemon.count("first") == 200 }
        try disk.fill(leaving: 4096)
        // What finds the disk full is in memory; all that follows is spilled.
        try eventually("the daemon says that the store refuses", within: 60) {
            try send("filler", 0..<100, priority: "user.notice")
            return daemon.log.contains("the store refuses")
        }
    }

    private func pending() throws -> Int {
        let status = try Program.hisui("status", "--store", daemon.store)
        let line = status.lines.first { $0.contains("records wait in") } ?? ""
        return Int(
            line.split(separator: " ").dropFirst(2).first?.filter(\.isNumber) ?? "") ?? 0
    }

    private func expectOnce(_ tag: String, _ numbers: Range<Int>) throws {
        let found = try daemon.messages("\"\(tag)\"").compactMap { message in
            Int(message.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
        #expect(found.sorted() == Array(numbers), "\(tag): \(found.count) of \(numbers.count)")
    }

    @Test("datagrams wait on another disk and are stored once, in order, when there is room again")
    func drained() throws {
        try daemon.start()
        try fillDisk()
        try send("udp", 0..<3000, priority: "user.info")
        try Program.shell(
            "seq -f 'unix %.0f end' 0 999 "
                + "| logger -u '\(daemon.folder.path)/log' -t spill -p auth.err")
        try eventually("status tells what waits") { try pending() >= 4000 }
        #expect(daemon.log.contains("what cannot wait goes to the spill ring"))
        try disk.resize(megabytes: 200)
        try eventually("everything is stored", within: 60) {
            try daemon.count("udp") == 3000 && daemon.count("unix") == 1000
        }
        try eventually("the episode is over") { daemon.log.contains("what was spilled is stored") }
        #expect(try daemon.stop() == 0)
        try expectOnce("udp", 0..<3000)
        try expectOnce("unix", 0..<1000)
        let order = try daemon.messages("\"udp\" | sort by (zone.index)").compactMap { message in
            Int(message.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
        #expect(order == order.sorted())
        #expect(try pending() == 0)
        #expect(try daemon.sum("dropped") == 0)
        try expectEquation(daemon.store)
        let acts = try Program.hisui(
            "search", "--store", daemon.store, "--acts", "--format", "jsonl", "act:spill")
        #expect(acts.lines.contains { $0.contains("\"dropped\":0") }, "\(acts.text)")
    }

    @Test("killed while spilling and while draining, again and again: every spilled record once")
    func killed() throws {
        try daemon.start()
        try fillDisk()
        let rounds = ["spring", "summer", "autumn", "winter"]
        for (number, round) in rounds.enumerated() {
            try send(round, 0..<500, priority: "user.info")
            try eventually("\(round) waits") { try pending() >= (number + 1) * 500 }
            daemon.kill9()
            try daemon.start()
            // It drains into a disk that is still full.
            try eventually("the store refuses again", within: 60) {
                daemon.log.contains("the store refuses")
            }
        }
        daemon.kill9()
        try disk.resize(megabytes: 200)
        // Now in the middle of draining.
        for _ in 0..<4 {
            try daemon.launch()
            Thread.sleep(forTimeInterval: 0.15)
            daemon.kill9()
        }
        try daemon.start()
        try eventually("everything is stored", within: 60) { try pending() == 0 }
        #expect(try daemon.stop() == 0)
        for round in rounds { try expectOnce(round, 0..<500) }
        try expectEquation(daemon.store)
    }

    /// Sends a numbered line every few milliseconds, until `stop`, and writes down when.
    private struct Sender {
        let child: Child
        let folder: String

        init(port: Int, folder: String) throws {
            self.folder = folder
            let script = """
                n=0
                while [ ! -e '\(folder)/halt' ]; do
                    t=$EPOCHREALTIME
                    echo "$n $t" >> '\(folder)/sent'
                    echo "<14>edge: line $n end" > /dev/udp/127.0.0.1/\(port) || true
                    n=$((n + 1))
                    sleep 0.002
                done 2> /dev/null
                """
            child = try Child("/bin/bash", ["-c", script])
        }

        /// The time of each line in microseconds since 1970, by its number.
        func stop() throws -> [Int] {
            try Program.shell("touch '\(folder)/halt'")
            _ = try child.wait(seconds: 20)
            return try String(contentsOfFile: folder + "/sent", encoding: .utf8)
                .split(separator: "\n").compactMap { line in
                    Int(line.split(separator: " ")[1].filter(\.isNumber))
                }
        }
    }

    private func edgeNumbers() throws -> [Int] {
        try daemon.messages("\"edge\"").compactMap { message in
            Int(message.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
    }

    /// The times between which the listener says that something may be missing, in microseconds.
    private func gaps() throws -> [ClosedRange<Int>] {
        let shown = try Program.hisui(
            "sources", "show", "--store", daemon.store, "--format", "jsonl",
            "syslog-udp-127.0.0.1:\(daemon.udpPort)")
        let format = ISO8601DateFormatter()
        func micros(_ text: Substring) -> Int? {
            let whole = text.prefix(19) + "Z"
            guard let date = format.date(from: String(whole)) else { return nil }
            return Int(date.timeIntervalSince1970) * 1_000_000
                + (Int(text.dropFirst(20).prefix(6)) ?? 0)
        }
        return try shown.lines.flatMap { line -> [ClosedRange<Int>] in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let list = object?["gap_list"] as? [[String: Any]] ?? []
            return list.compactMap { gap in
                let words = (gap["cause"] as? String ?? "").split(separator: " ")
                guard let from = words.firstIndex(of: "from"), words.count > from + 3,
                    let first = micros(words[from + 1]), let last = micros(words[from + 3])
                else { return nil }
                return first...last
            }
        }
    }

    @Test("killed after the store began to refuse: what was in memory then is there once")
    func killedWithMemory() throws {
        try daemon.start()
        try send("first", 0..<200, priority: "user.notice")
        try eventually("before the disk is full") { try daemon.count("first") == 200 }
        let sender = try Sender(port: daemon.udpPort, folder: daemon.folder.path)
        try eventually("lines come") { try daemon.count("edge") > 20 }
        try disk.fill(leaving: 4096)
        try eventually("the store refuses", within: 60) {
            daemon.log.contains("the store refuses")
        }
        let sent = try sender.stop()
        // In the store or on the ring's disk: all of it, while the daemon has it in memory.
        try eventually("nothing is in memory only", within: 60) {
            try daemon.sum("stored") + pending() == 200 + sent.count
        }
        daemon.kill9()
        try disk.resize(megabytes: 200)
        try daemon.start()
        try eventually("everything is stored", within: 60) { try pending() == 0 }
        #expect(try daemon.stop() == 0)
        #expect(try edgeNumbers().sorted() == Array(sent.indices))
        let gaps = try gaps()
        #expect(gaps.count == 1)
        try expectEquation(daemon.store)
    }

    @Test("killed while lines come: what is missing came within a gap that is told")
    func killedAmidLines() throws {
        try daemon.start()
        let sender = try Sender(port: daemon.udpPort, folder: daemon.folder.path)
        try eventually("lines come") { try daemon.count("edge") > 20 }
        try disk.fill(leaving: 4096)
        // A life tells its gap once it listens; each is long enough for that.
        for life in 0..<4 {
            if life > 0 { try daemon.start() }
            try eventually("the store refuses", within: 60) {
                daemon.log.contains("the store refuses")
            }
            let before = try pending()
            try eventually("lines are spilled") { try pending() > before + 20 }
            daemon.kill9()
        }
        try disk.resize(megabytes: 200)
        try daemon.start()
        let stored = try daemon.count("edge")
        try eventually("lines come again", within: 60) { try daemon.count("edge") > stored + 20 }
        let sent = try sender.stop()
        try eventually("everything is stored", within: 60) { try pending() == 0 }
        #expect(try daemon.stop() == 0)
        let numbers = try edgeNumbers()
        #expect(Set(numbers).count == numbers.count, "a line is stored twice")
        let gaps = try gaps()
        #expect(gaps.count == 4)
        let there = Set(numbers)
        let untold = sent.indices.filter { number in
            !there.contains(number) && !gaps.contains { $0.contains(sent[number]) }
        }
        #expect(untold.isEmpty, "\(untold.count) lines are missing outside of \(gaps)")
        // The first lines, those that were seen to be spilled in each life, and the last ones.
        #expect(numbers.count > 5 * 20)
        try expectEquation(daemon.store)
    }

    @Test("a stop while the disk is full keeps what was taken, and a full ring drops the least")
    func stoppedAndFull() throws {
        try daemon.start()
        try fillDisk()
        try send("dear", 0..<1000, priority: "authpriv.notice")
        let text = String(repeating: "x", count: 900)
        // More than the ring has room for, and of the highest class if its sender were asked.
        try send("cheap \(text)", 0..<24_000, priority: "authpriv.notice", port: cheapPort)
        try send("grave", 0..<1000, priority: "user.crit")
        try eventually("the ring is full") {
            daemon.log.contains("the lowest class is dropped")
        }
        #expect(try daemon.stop(within: 20) == 3)
        try disk.resize(megabytes: 400)
        try daemon.start()
        try eventually("everything is stored", within: 60) { try pending() == 0 }
        #expect(try daemon.stop() == 0)
        try expectOnce("dear", 0..<1000)
        try expectOnce("grave", 0..<1000)
        let cheap = try daemon.count("cheap")
        let dropped = try daemon.sum("dropped")
        #expect(cheap > 5000 && cheap < 24_000)
        #expect(cheap + dropped == 24_000)
        let status = try Program.hisui("status", "--store", daemon.store)
        #expect(status.text.contains("the spill ring was full"), "\(status.text)")
        #expect(
            status.lines.contains {
                $0.contains(" to ") && $0.contains("dropped of test/cheap/127.0.0.1: ")
            }, "\(status.text)")
        let listed = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
        let spans = listed.lines.filter { $0.contains("\"spill-full\",\"first\":\"20") }
        #expect(spans.count == 1 && spans[0].contains("cheap/127.0.0.1"), "\(listed.text)")
        try expectEquation(daemon.store)
    }
}
