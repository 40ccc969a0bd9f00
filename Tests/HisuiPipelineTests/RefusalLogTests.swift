import HisuiCollect
import Testing

@testable import HisuiPipeline

@Suite struct RefusalLogTests {
    private static func reports(
        _ counts: [(id: String, reason: String, count: Int)], detail: String = ""
    ) throws -> [ListenerReport] {
        let text = counts.map { id, reason, count in
            """
            listener \(id)
            since 2026-11-27T00:00:00.000000000Z
            accepted 5
            open 1
            idle 0
            reset 0
            held 0
            refusal \(reason)\t\(count)\t2026-11-27T00:00:01.000000000Z\t192.0.2.7\t\(detail)

            """
        }
        return try #require(ListenerReport.reports("listeners 1\n" + text.joined()))
    }

    @Test func theFirstIsToldAtOnceAndTheOthersTogetherAMinuteLater() throws {
        var log = RefusalLog()
        let first = log.lines(
            try Self.reports([("a", "tls-handshake", 2)], detail: "wrong version number"), at: 0)
        #expect(
            first == [
                "source a: TLS handshakes failed: 2; the last one was 192.0.2.7: "
                    + "wrong version number"
            ])
        let many = try Self.reports([("a", "tls-handshake", 9)])
        #expect(log.lines(many, at: 59_999) == [])
        #expect(
            log.lines(many, at: 60_000)
                == ["source a: TLS handshakes failed: 7; the last one was 192.0.2.7"])
        #expect(log.lines(many, at: 180_000) == [])
    }

    @Test func everyListenerAndReasonIsToldForItself() throws {
        var log = RefusalLog()
        #expect(log.lines(try Self.reports([("a", "protocol", 1)]), at: 0).count == 1)
        let lines = log.lines(
            try Self.reports([("a", "protocol", 5), ("b", "tls-certificate", 1)]), at: 1000)
        #expect(lines.count == 1 && lines[0].hasPrefix("source b: certificates"))
    }

    @Test func aListenerThatIsOpenedAgainCountsFromNothing() throws {
        var log = RefusalLog()
        _ = log.lines(try Self.reports([("a", "protocol", 5)]), at: 0)
        let again = log.lines(try Self.reports([("a", "protocol", 1)]), at: 1000)
        #expect(again.count == 1 && again[0].contains("protocol: 1;"))
    }

    @Test func whatAStrangerWroteCannotSteerATerminal() throws {
        var log = RefusalLog()
        let lines = log.lines(
            try Self.reports([("a", "tls-certificate", 1)], detail: "\u{202E}gpj.exe"), at: 0)
        #expect(lines.first?.hasSuffix("\\u{202e}gpj.exe") == true)
    }
}
