import Foundation
import Testing

@Suite("followed files, rotated by logrotate", .serialized)
struct FileScenarios {
    @Test("rename rotation under writing, and kill -9: every line once")
    func renamed() throws {
        let folder = try Scratch()
        let log = folder.path + "/app.log"
        try """
        \(log) {
            rotate 9
            create
            missingok
        }
        """.write(toFile: folder.path + "/rotate.conf", atomically: true, encoding: .utf8)
        let daemon = try RunningDaemon(sources: ["files: { paths: [ \(folder.path)/*.log ] }"])
        try append(0..<1000, to: log)
        try daemon.start()
        try eventually("the first lines are found") { try daemon.count("line") == 1000 }
        for round in 1...4 {
            try append(round * 1000..<round * 1000 + 500, to: log)
            try Program.shell(
                "chmod 755 '\(folder.path)'; logrotate -f -s '\(folder.path)/state' "
                    + "'\(folder.path)/rotate.conf'")
            try append(round * 1000 + 500..<round * 1000 + 1000, to: log)
            if round == 2 {
                daemon.kill9()
                try daemon.start()
            }
            try eventually("round \(round) is found") {
                try daemon.count("line") == 1000 * (round + 1)
            }
        }
        let numbers = try daemon.messages("line").compactMap { message in
            Int(message.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
        #expect(numbers.sorted() == Array(0..<5000))
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    @Test(
        "columns of a W3C log are known after kill -9, a stop and a reload, where the file goes on")
    func columnsAfterRestart() throws {
        let folder = try Scratch()
        let log = folder.path + "/u_ex261127.log"
        func line(_ number: Int) -> String {
            "2026-11-27 01:00:0\(number) 192.0.2.1 GET /page\(number) - 192.0.2.\(10 + number) 404"
        }
        func add(_ lines: String...) throws {
            try Program.shell(
                "printf '%s\\n' \(lines.map { "'\($0)'" }.joined(separator: " ")) >> '\(log)'")
        }
        let fields = "#Fields: date time s-ip cs-method cs-uri-stem cs-username c-ip sc-status"
        let daemon = try RunningDaemon(sources: ["files: { paths: [ \(folder.path)/*.log ] }"])
        try add("#Software: example", fields, line(1))
        try daemon.start()
        try eventually("the first line") { try daemon.count("c-ip:=192.0.2.11") == 1 }
        daemon.kill9()
        try add(line(2))
        try daemon.start()
        try eventually("after a kill") { try daemon.count("c-ip:=192.0.2.12") == 1 }
        #expect(try daemon.stop() == 0)
        // The log's writer began again, with other columns.
        try daemon.start()
        try add(fields.replacingOccurrences(of: " cs-username", with: " cs-host"), line(3))
        try eventually("other columns") { try daemon.count("c-ip:=192.0.2.13") == 1 }
        daemon.kill9()
        try daemon.start()
        try add(line(4))
        try eventually("other columns after a kill") { try daemon.count("c-ip:=192.0.2.14") == 1 }
        daemon.hangUp()
        try add(line(5))
        try eventually("after a reload") { try daemon.count("c-ip:=192.0.2.15") == 1 }
        #expect(try daemon.count("sc-status:=404") == 5)
        #expect(try daemon.stop() == 0)
    }

    private func append(_ numbers: Range<Int>, to path: String) throws {
        try Program.shell(
            "seq -f 'line %.0f of the application' \(numbers.lowerBound) \(numbers.upperBound - 1)"
                + " >> '\(path)'")
    }

    @Test("copytruncate under a kill -9: what was there is found once, and the cut is told")
    func copyTruncated() throws {
        let folder = try Scratch()
        let log = folder.path + "/app.log"
        try """
        \(log) {
            rotate 9
            copytruncate
            missingok
        }
        """.write(toFile: folder.path + "/rotate.conf", atomically: true, encoding: .utf8)
        let rotate =
            "chmod 755 '\(folder.path)'; "
            + "logrotate -f -s '\(folder.path)/state' '\(folder.path)/rotate.conf'"
        let daemon = try RunningDaemon(sources: ["files: { paths: [ \(folder.path)/*.log ] }"])
        try daemon.start()
        try append(0..<500, to: log)
        try eventually("before the cut") { try daemon.count("line") == 500 }
        try Program.shell(rotate)
        try append(500..<600, to: log)
        try eventually("after the cut") { try daemon.count("line") == 600 }
        daemon.kill9()
        // Nobody looks while lines are written, copied away and cut: the copy has them.
        try append(600..<900, to: log)
        try Program.shell(rotate)
        try append(900..<1000, to: log)
        try daemon.start()
        try eventually("after the second cut") { try daemon.count("line") >= 1000 }
        #expect(try daemon.stop() == 0)
        let numbers = try daemon.messages("line").compactMap { message in
            Int(message.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
        #expect(numbers.sorted() == Array(0..<1000))
        let sources = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
        #expect(sources.lines.contains { $0.contains("app.log") && $0.contains("\"gaps\":2") })
        try expectEquation(daemon.store)
    }

    @Test("from their end: all that comes after READY is read, though kill -9 follows at once")
    func fromTheEnd() throws {
        for round in 1...4 {
            let folder = try Scratch()
            try Program.shell("seq -f 'line %.0f, old' 1 100 > '\(folder.path)/a.log'")
            let daemon = try RunningDaemon(
                sources: ["{ files: { paths: [ \(folder.path)/*.log ] }, from: end, id: app }"])
            let socket = try NotifySocket()
            try daemon.launch(environment: ["NOTIFY_SOCKET": socket.path])
            try eventually("READY: \(daemon.log)") { socket.received().contains("READY=1") }
            if round % 2 == 0 { daemon.kill9() }
            try Program.shell("seq -f 'line %.0f, added' 1 100 >> '\(folder.path)/a.log'")
            try Program.shell("seq -f 'line %.0f, appeared' 1 100 > '\(folder.path)/b.log'")
            daemon.kill9()
            try daemon.start()
            try eventually("what came is found") { try daemon.count("line") >= 200 }
            #expect(try daemon.stop() == 0)
            #expect(try daemon.count("added") == 100)
            #expect(try daemon.count("appeared") == 100)
            #expect(try daemon.count("old") == 0)
            let sources = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
            #expect(sources.lines.count { $0.contains("\"source\":\"app") } == 2)
            #expect(sources.lines.allSatisfy { $0.contains("\"gaps\":0") })
            try expectEquation(daemon.store)
        }
    }

    @Test("rotated and compressed twice before the daemon looked, running or not: every line once")
    func rotatedUnseen() throws {
        let folder = try Scratch()
        try Program.shell("chmod 755 '\(folder.path)'")
        try """
        \(folder.path)/*.log {
            rotate 9
            create
            compress
        }
        """.write(toFile: folder.path + "/rotate.conf", atomically: true, encoding: .utf8)
        func write(_ name: String) throws {
            for round in 0..<3 {
                let numbers = "\(round * 100) \(round * 100 + 99)"
                try Program.shell(
                    "seq -f '\(name) line %.0f' \(numbers) >> '\(folder.path)/\(name).log'")
                if round == 2 { break }
                try Program.shell(
                    "logrotate -f -s '\(folder.path)/state' '\(folder.path)/rotate.conf'")
                usleep(20_000)
            }
        }
        let daemon = try RunningDaemon(
            sources: ["{ files: { paths: [ \(folder.path)/*.log ] }, id: app }"])
        try daemon.start()
        // Its first look, of which nothing tells.
        try eventually("it follows") { daemon.log.contains("source app: started") }
        usleep(1_000_000)
        daemon.pause(true)
        try write("one")
        daemon.pause(false)
        try eventually("all lines are found") { try daemon.count("line") == 300 }
        #expect(try daemon.stop() == 0)
        try write("two")
        try daemon.start()
        try eventually("those of the other file, too") { try daemon.count("line") >= 600 }
        #expect(try daemon.stop() == 0)
        for name in ["one", "two"] { #expect(try daemon.count(name) == 300) }
        let sources = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
        #expect(sources.lines.count == 2)
        #expect(sources.lines.allSatisfy { $0.contains("\"gaps\":0") })
        try expectEquation(daemon.store)
    }

    /// How logrotate is told to rotate.
    struct Rotation: Sendable, CustomTestStringConvertible {
        var options: String
        var copies = false
        var testDescription: String { options.replacingOccurrences(of: "\n", with: " ") }
    }

    private static let rotations = [
        Rotation(options: "create"), Rotation(options: "create\ncompress"),
        Rotation(options: "create\ncompress\ndelaycompress"),
        Rotation(options: "create\ndateext\ndateformat -%Y%m%d-%s\ncompress"),
        Rotation(options: "copytruncate", copies: true),
        Rotation(options: "copytruncate\ncompress", copies: true),
    ]

    @Test(
        "rotation under a writer at speed, and kill -9: nothing twice, every loss inside a gap",
        arguments: rotations)
    func underLoad(rotation: Rotation) throws {
        let folder = try Scratch()
        let log = folder.path + "/app.log"
        try """
        \(log) {
            rotate 40
            missingok
            \(rotation.options)
        }
        """.write(toFile: folder.path + "/rotate.conf", atomically: true, encoding: .utf8)
        try Program.shell("chmod 755 '\(folder.path)'; touch '\(log)'")
        let daemon = try RunningDaemon(sources: ["files: { paths: [ \(folder.path)/*.log ] }"])
        try daemon.start()
        let total = 40_000
        // Opens the path again now and then, as a program does that is told of the rotation. With a
        // lock, so that it writes into no file that is being compressed: nobody could read that.
        let alone = rotation.copies ? "" : "flock '\(folder.path)/lock' "
        let writer = try Child(
            try Program.find("python3"),
            [
                "-c",
                """
                import fcntl, sys, time
                lock = open(sys.argv[2], "w")
                for first in range(0, \(total), 200):
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    with open(sys.argv[1], "a", buffering=1) as file:
                        for number in range(first, first + 200):
                            file.write(f"line {number} of the application\\n")
                    fcntl.flock(lock, fcntl.LOCK_UN)
                    time.sleep(0.012)
                """, log, folder.path + "/lock",
            ], errors: folder.path + "/writer.err")
        for round in 1...14 {
            try Program.shell(
                // A name that is there already is no reason to stop: the next round rotates.
                "\(alone)logrotate -f -s '\(folder.path)/state' '\(folder.path)/rotate.conf' "
                    + "|| true")
            if round % 2 == 0 {
                daemon.kill9()
                try daemon.start()
            }
            usleep(150_000)
        }
        _ = try writer.wait(seconds: 60)
        try append(total..<total + 1, to: log)
        try eventually("the last line is found") { try daemon.count("\"line \(total) of\"") == 1 }
        if !rotation.copies {
            try eventually("all lines are found") {
                try daemon.count("line") == total + 1
            }
        }
        #expect(try daemon.stop() == 0)
        let numbers = try daemon.messages("line").compactMap { message in
            Int(message.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
        #expect(Set(numbers).count == numbers.count, "lines were stored twice")
        let lost = total + 1 - numbers.count
        let sources = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
        let hasGap = !sources.lines.contains { $0.contains("app.log") && $0.contains("\"gaps\":0") }
        #expect(rotation.copies ? hasGap : lost == 0 && !hasGap, "\(lost) lost")
        try expectEquation(daemon.store)
    }
}
