import Foundation
import Testing

/// The daemon killed again and again under load.
@Suite("fifty power cuts", .serialized)
struct KillScenarios {
    @Test("50 × kill -9, each with lines on their way: nothing seen is lost, nothing is doubled")
    func fiftyTimes() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = Seeded(state: seed)
        let daemon = try RunningDaemon(
            sources: ["{ files: { paths: [ FOLDER/*.log ] }, id: app }"])
        var written = 0
        var sent = 0
        var seen = Seen()
        var kills = 0
        var rounds = 0
        while kills < 50 {
            rounds += 1
            try #require(rounds < 200, "seed \(seed): hardly any kill met lines on their way")
            try daemon.start()
            // One file that is acknowledged, and one connection that is not.
            try Program.shell(
                """
                seq -f 'file %.0f end' \(written) \(written + 799) >> '\(daemon.folder.path)/a.log'
                seq -f 'tcp %.0f end' \(sent) \(sent + 499) >/dev/tcp/127.0.0.1/\(daemon.tcpPort)
                """)
            written += 800
            sent += 500
            usleep(UInt32.random(in: 0...50_000, using: &random))
            daemon.kill9()
            let now = try Seen(daemon)
            #expect(
                now.file.isSuperset(of: seen.file) && now.tcp.isSuperset(of: seen.tcp),
                "seed \(seed), round \(rounds): what could be found before is gone")
            if now.file.count < written || now.tcp.count < sent { kills += 1 }
            seen = now
        }
        try daemon.start()
        try eventually("the file is stored whole") { try daemon.count("file") == written }
        #expect(try daemon.stop() == 0)
        let last = try Seen(daemon)
        #expect(last.file == Set(0..<written), "seed \(seed)")
        #expect(last.tcp.isSuperset(of: seen.tcp), "seed \(seed)")
        try expectEquation(daemon.store)
        let status = try Program.hisui("status", "--store", daemon.store)
        #expect(status.status == 0, "\(status.errors)")
        #expect(status.text.contains("accounts add up"), "\(status.text)")
    }

    /// The numbers of the lines that can be found, none of them twice.
    private struct Seen {
        var file: Set<Int> = []
        var tcp: Set<Int> = []

        init() {}

        init(_ daemon: RunningDaemon) throws {
            let found = try Program.hisui(
                "search", "--store", daemon.store, "--format", "raw", "*")
            var count = 0
            for line in found.output.split(separator: 0x0A) {
                let words = line.split(separator: 0x20)
                guard words.count >= 2,
                    let number = Int(String(decoding: words[1], as: UTF8.self))
                else { continue }
                count += 1
                if words[0].elementsEqual("file".utf8) {
                    file.insert(number)
                } else {
                    tcp.insert(number)
                }
            }
            #expect(count == file.count + tcp.count, "something was found twice")
        }
    }

    /// Numbers that come again with the same seed (SplitMix64).
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
