import HisuiEvent
import Testing

@testable import HisuiCollect

@Suite struct ListenerReportTests {
    private static let time = Timestamp(nanoseconds: 1_795_772_412_000_000_007)

    private static func report() -> ListenerReport {
        var counts = StreamCounts()
        counts.accepted = 12
        counts.open = 3
        counts.closedIdle = 1
        counts.reset = 2
        counts.held = 4
        counts.refusals.add(
            .handshake, peer: "192.0.2.7", detail: "wrong version number", at: time)
        counts.refusals.add(.handshake, peer: "192.0.2.8", detail: "", at: time)
        counts.refusals.add(.connections, peer: "pid=1 uid=2 gid=3", detail: "", at: time)
        return ListenerReport(id: "secure", since: time, counts: counts)
    }

    @Test func whatIsWrittenIsRead() {
        let other = ListenerReport(id: "b", since: Self.time, counts: StreamCounts())
        let reports = [Self.report(), other]
        #expect(ListenerReport.reports(ListenerReport.text(of: reports)) == reports)
        #expect(ListenerReport.reports(ListenerReport.text(of: [])) == [])
    }

    @Test func theLastOneOfAReasonIsKeptAndAllAreCounted() {
        let refusals = Self.report().counts.refusals
        #expect(refusals.total == 3)
        #expect(refusals.sorted.map(\.reason) == [.connections, .handshake])
        #expect(refusals.entries[.handshake]?.peer == "192.0.2.8")
        #expect(refusals[.handshake] == 2 && refusals[.certificate] == 0)
    }

    @Test func whatIsCutOrChangedIsNoReport() {
        let text = ListenerReport.text(of: [Self.report()])
        for end in text.indices where text[..<end].last != "\n" {
            #expect(ListenerReport.reports(String(text[..<end])) == nil)
        }
        for (old, new) in [
            ("listeners 1", "listeners 2"), ("accepted", "acceptee"), ("12", "-12"),
            ("tls-handshake", "tls"), ("secure", "se cure"), ("since 2", "since x2"),
            ("refusal connections-max", "refusal tls-handshake"),
        ] {
            #expect(ListenerReport.reports(text.replacing(old, with: new)) == nil, "\(new)")
        }
    }

    @Test func namesOfStrangersNeitherBreakTheLineNorFillTheFile() {
        var counts = StreamCounts()
        let name = "a\tb\nlistener x\r\n\u{7f}" + String(repeating: "長", count: 1000)
        counts.refusals.add(.certificate, peer: "192.0.2.7", detail: name, at: Self.time)
        let report = ListenerReport(id: "secure", since: Self.time, counts: counts)
        let text = ListenerReport.text(of: [report])
        #expect(text.utf8.count < 600)
        #expect(ListenerReport.reports(text) == [report])
        #expect(
            counts.refusals.entries[.certificate]?.detail.hasPrefix("a?b?listener x???") == true)
    }
}
