import Foundation
import Testing

@Suite("what sessions did to files", .serialized)
struct FoldScenarios {
    @Test("twelve × kill -9 in a file server's log: the same events as by one import")
    func killed() throws {
        var server = Server(state: UInt64.random(in: .min ... .max))
        let seed = server.state
        let daemon = try RunningDaemon(
            sources: ["{ files: { paths: [ FOLDER/*.jsonl ] }, id: fs01 }"])
        let path = daemon.folder.path + "/security.jsonl"
        try Data().write(to: URL(filePath: path))
        var written = 0
        for _ in 0..<12 {
            try daemon.start()
            for _ in 0..<4 {
                let records = server.records(100)
                written += 100
                let handle = try #require(FileHandle(forWritingAtPath: path))
                try handle.seekToEnd()
                try handle.write(contentsOf: Data(records.utf8))
                try handle.close()
                usleep(UInt32.random(in: 0...40_000))
            }
            daemon.kill9()
        }
        try daemon.start()
        try eventually("the file is stored whole") { try daemon.count("*") == written }
        #expect(try daemon.stop() == 0)
        let whole = daemon.folder.path + "/whole"
        let load = try Program.hisui("import", "--store", whole, "--zone", "z", path)
        #expect(load.status == 0, "\(load.errors)")
        let expected = try Self.events(whole)
        #expect(try Self.events(daemon.store) == expected, "seed \(seed)")
        #expect(expected.count > written / 20 && expected.count < written)
        try expectEquation(daemon.store)
    }

    /// Events, each as one line.
    private static func events(_ store: String) throws -> [String] {
        let found = try Program.hisui(
            "search", "--store", store, "--format", "jsonl", "hisui.joined.count:*")
        return try found.lines.map { line in
            let event = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return [
                "@timestamp", "event.action", "event.outcome", "user.name", "source.ip",
                "file.path", "hisui.joined.count", "event.start", "hisui.joined.records",
                "winlog.record_id",
            ].map { "\(event[$0] ?? "")" }.joined(separator: "|")
        }.sorted()
    }

    /// A server whose sessions open, use and close files (SplitMix64).
    private struct Server {
        var state: UInt64
        private var number = 0

        init(state: UInt64) { self.state = state }

        private mutating func next(_ count: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((mixed ^ (mixed >> 31)) % UInt64(count))
        }

        mutating func records(_ count: Int) -> String {
            (0..<count).map { _ in record() + "\n" }.joined()
        }

        private mutating func record() -> String {
            number += 1
            let code = [4656, 4663, 4663, 4663, 4658, 4660, 5145, 4670][next(8)]
            let session = next(4)
            let mask = ["0x1", "0x2", "0x10000", "0x12019f", "0x110080"][next(5)]
            let name = next(12) == 0 ? "" : #"\\"# + "\(next(5)).txt"
            let time = Date(timeIntervalSince1970: 1_795_402_800 + Double(number / 4))
            let members = [
                "SubjectUserName": "user\(session)", "SubjectLogonId": "0x\(session)",
                "ObjectType": "File", "ObjectName": #"D:\\share"# + name,
                "HandleId": "0x\(next(6))", "ProcessId": "0x4", "AccessMask": mask,
            ]
            let asked = [
                "SubjectUserName": "user\(session)", "SubjectLogonId": "0x\(session)",
                "IpAddress": "192.0.2.\(session + 1)", "ShareName": #"\\\\*\\share"#,
                "ShareLocalPath": #"\\??\\D:\\share"#, "AccessMask": mask,
                "RelativeTargetName": "\(next(5)).TXT",
            ]
            let data = (code == 5145 ? asked : members).sorted { $0.key < $1.key }
                .filter { code != 4658 && code != 4660 || !$0.key.hasPrefix("Object") }
                .map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
            return
                "{\"@timestamp\":\"\(time.ISO8601Format())\",\"winlog\":{\"channel\":\"Security\","
                + "\"event_id\":\"\(code)\",\"computer_name\":\"fs01\",\"record_id\":\(number),"
                + "\"keywords\":[\"Audit Success\"],\"event_data\":{\(data)}}}"
        }
    }
}
