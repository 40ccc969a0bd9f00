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
        #expect(sources.lines.contains { $0.contains("app.log") && $0.contains("\"gaps\":1") })
        try expectEquation(daemon.store)
    }
}
