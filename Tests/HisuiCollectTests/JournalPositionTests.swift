import HisuiEvent
import Testing

@testable import HisuiCollect

struct JournalPositionTests {
    private let text =
        "s=000000000000000100000000000000aa;i=4d2;b=00000000000000020000000000000003;"
        + "m=5f5e100;t=60a24181e4000;x=1122334455667788"

    private func writer(_ number: UInt64) -> JournalCursor {
        JournalCursor(
            writer: JournalCursor.ID(high: 7, low: number), number: number * 1000,
            realtime: 1_700_000_000_000_000 + number)
    }

    private func cursor(_ text: String) throws -> JournalCursor {
        let bytes = Array(text.utf8)
        let cursor = JournalCursor(bytes.span)
        return try #require(cursor)
    }

    private func read(_ bytes: [UInt8]) -> JournalPosition? { JournalPosition(bytes.span) }

    private func reached(_ cursors: [JournalCursor]) -> JournalWriters {
        var writers = JournalWriters()
        for cursor in cursors {
            let isReached = writers.reach(cursor)
            #expect(isReached)
        }
        return writers
    }

    private func position(writers count: UInt64) throws -> JournalPosition {
        let cursor = try cursor(text)
        let writers = reached([cursor] + (1..<count).map(writer))
        return JournalPosition(entry: cursor, writers: writers, isComplete: true)
    }

    /// The store takes no batch whose position is larger, and waits for ever.
    @Test func thePositionOfAsManyWritersAsAreRememberedFitsABatch() throws {
        let largest = String(repeating: "f", count: 16)
        let cursor = try cursor(
            "s=\(largest)\(largest);i=\(largest);b=\(largest)\(largest);"
                + "m=\(largest);t=\(largest);x=\(largest)")
        var writers = reached((1...UInt64(Limits.journalWritersMax)).map(writer))
        let hasRoom = writers.reach(cursor)
        #expect(!hasRoom)
        let position = JournalPosition(entry: cursor, writers: writers, isComplete: true)
        #expect(position.encoded.count <= Limits.positionBytesMax)
        #expect(read(position.encoded) == position)
    }

    @Test func aPositionIsReadBackAsItIs() throws {
        let some = try position(writers: 3)
        let bytes = some.encoded
        #expect(bytes.count == 3 + text.utf8.count + 3 * 32)
        let known = try #require(read(bytes))
        #expect(known == some)
        #expect(known.writers[writer(2).writer] == writer(2))
        #expect(known.writers[JournalCursor.ID(high: 7, low: 3)] == nil)
        let none = JournalPosition(entry: nil, writers: some.writers, isComplete: false)
        #expect(read(none.encoded) == none)
    }

    @Test func aWriterThatIsReachedAgainHasItsNewNumber() {
        var writers = reached((1...UInt64(3)).map(writer))
        var later = writer(2)
        later.number = .max
        later.realtime = 5
        let isReached = writers.reach(later)
        #expect(isReached)
        #expect(writers.count == 3 && writers.bytes.count == 96)
        #expect(writers[later.writer] == later)
        #expect(writers[writer(1).writer] == writer(1))
        #expect(writers[writer(3).writer] == writer(3))
    }

    /// As the version before wrote it: a store is gone on with from where it was.
    @Test func linesOfVersionOneAreReadAsTheyWere() throws {
        let lines =
            text + "\ns=00000000000000070000000000000001;i=3e8;t=60a24181e4001"
            + "\ns=00000000000000070000000000000002;i=7d0;t=60a24181e4002\n"
        let expected = try position(writers: 3)
        let bytes = [1] + Array(lines.utf8)
        let known = try #require(read(bytes))
        #expect(known.entry == expected.entry && known.isComplete)
        for number in 1...UInt64(2) {
            let one = try #require(known.writers[writer(number).writer])
            #expect(one.number == number * 1000)
            #expect(one.realtime == 0x60a2_4181_e4000 + number)
        }
        #expect(known.writers[try #require(expected.entry).writer]?.number == 0x4d2)
        let old = [1] + Array(text.utf8)
        #expect(read(old)?.isComplete == false)
    }

    @Test func anythingElseIsRefused() throws {
        let bytes = try position(writers: 2).encoded
        let cursor = 3 + text.utf8.count
        for count in 0..<bytes.count where count != cursor && count != cursor + 32 {
            #expect(read(Array(bytes[..<count])) == nil, "\(count) bytes")
        }
        #expect(read((bytes + bytes[cursor..<cursor + 32])) == nil, "twice")
        for (place, value) in [(0, 3), (1, 2), (2, 0), (3, 0x20)] as [(Int, UInt8)] {
            var other = bytes
            other[place] = value
            #expect(read(other) == nil, "\(value) at \(place)")
        }
        #expect(read([2, 1, 0]) == nil)
        var many: [UInt8] = [2, 1, 0]
        for number in 0...Limits.journalWritersMax {
            many += [UInt8(number & 0xff), UInt8(number >> 8)] + [UInt8](repeating: 0, count: 30)
        }
        #expect(read(many) == nil)
        #expect(read(Array(many.dropLast(32))) != nil)
    }
}
