import HisuiEvent
import Testing

@testable import HisuiCollect

@Suite struct UploadedEntriesTests {
    private final class Known {
        var entries = UploadedEntries()
        var runs: [UploadedEntries.Run] { entries.runs }
        var position: [UInt8] { entries.position }
        func take(_ entry: JournalCursor) -> Bool { entries.take(entry) }
    }

    private func entry(_ number: UInt64, _ time: UInt64? = nil, of writer: UInt64 = 1)
        -> JournalCursor
    {
        JournalCursor(
            writer: JournalCursor.ID(high: 0, low: writer), number: number,
            realtime: time ?? 1000 &+ number)
    }

    @Test func whatWasSentIsKnownAndNothingElse() {
        let entries = Known()
        for number: UInt64 in 5...9 { #expect(entries.take(entry(number))) }
        for number: UInt64 in 5...9 { #expect(!entries.take(entry(number))) }
        #expect(entries.take(entry(4)) && entries.take(entry(11)) && entries.take(entry(10)))
        #expect(entries.take(entry(7, of: 2)))
        #expect(entries.runs.map(\.first) == [4, 7] && entries.runs.map(\.last) == [11, 7])
        #expect(!entries.take(entry(10)))
        let read = UploadedEntries(position: entries.position)
        #expect(read == entries.entries && read.position == entries.position)
    }

    /// A machine that was put back to an older state numbers its entries from there on again.
    @Test func aNumberThatIsUsedAgainLaterIsNew() {
        let entries = Known()
        for number: UInt64 in 1...9 { #expect(entries.take(entry(number))) }
        for number: UInt64 in 5...12 { #expect(entries.take(entry(number, 5000 + number))) }
        for number: UInt64 in 1...9 { #expect(!entries.take(entry(number))) }
        for number: UInt64 in 5...12 { #expect(!entries.take(entry(number, 5000 + number))) }
    }

    @Test func holesStayHolesAndRunsAreBounded() {
        let entries = Known()
        let most = UInt64(Limits.uploadRunsMax)
        for number in 0...most { #expect(entries.take(entry(2 * number))) }
        #expect(entries.runs.count == Limits.uploadRunsMax)
        #expect(entries.position.count <= Limits.positionBytesMax)
        #expect(entries.take(entry(2 * most - 1)))
        #expect(entries.runs.last?.first == 2 * most - 2 && entries.runs.last?.last == 2 * most)
        // The oldest was forgotten: rather twice than not at all.
        #expect(entries.take(entry(0)))
        #expect(entries.take(entry(.max)) && !entries.take(entry(.max)))
    }

    @Test func whatIsNoPositionTellsOfNothing() {
        let entries = Known()
        #expect(entries.take(entry(3)) && entries.position.count == 49)
        let good = entries.position
        #expect(UploadedEntries(position: []).runs.isEmpty)
        #expect(UploadedEntries(position: Array(good.dropLast())).runs.isEmpty)
        #expect(UploadedEntries(position: [2] + good.dropFirst()).runs.isEmpty)
        var empty = good
        empty[25] = 0
        #expect(UploadedEntries(position: empty).runs.isEmpty)
    }
}
