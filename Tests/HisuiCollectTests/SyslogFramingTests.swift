import HisuiCollect
import HisuiEvent
import Testing

/// One test for each behaviour of the framing of syslog over TCP.
struct SyslogFramingTests {
    struct Frame: Hashable, CustomStringConvertible {
        var text: String
        var flags: RowFlags = []
        var description: String { "\(text.debugDescription)\(flags.rawValue)" }
    }

    /// Frames of a stream given in pieces, and at its end.
    static func frames(
        _ pieces: [[UInt8]], limit: Int = Limits.recordBytesMax, reset: Bool = false
    ) -> [Frame] {
        var framer = SyslogFramer(limit: limit)
        var batch = RecordBatch(source: Source(id: "t", kind: .syslogTCP, form: .syslog))
        var frames: [Frame] = []
        func drain() {
            for entry in batch.entries {
                let start = Int(entry.offset)
                let bytes = batch.bytes[start..<start + Int(entry.count)]
                frames.append(
                    Frame(text: String(decoding: bytes, as: UTF8.self), flags: entry.flags))
            }
            batch.entries = []
            batch.bytes = []
        }
        let time = Timestamp(nanoseconds: 0)
        for piece in pieces {
            var i = 0
            while i < piece.count {
                i = framer.take(piece.span, from: i, received: time, into: &batch)
                drain()
            }
        }
        framer.finish(reset: reset, received: time, into: &batch)
        drain()
        #expect(!framer.isInFrame)
        return frames
    }

    static func frames(_ text: String, limit: Int = Limits.recordBytesMax) -> [Frame] {
        frames([Array(text.utf8)], limit: limit)
    }

    static func texts(_ text: String) -> [String] { frames(text).map(\.text) }

    @Test func linesEndWithLineFeedOrCarriageReturnLineFeedOrNul() {
        #expect(
            Self.frames("<13>a\n<13>b\r\n<13>c\0<13>d\n").map(\.text)
                == ["<13>a", "<13>b", "<13>c", "<13>d"])
    }

    @Test func emptyLinesAreNothing() {
        #expect(Self.texts("\n\r\n\0\0<13>a\n\n\n") == ["<13>a"])
    }

    @Test func aCarriageReturnInsideALineStays() {
        #expect(Self.texts("<13>a\rb\n") == ["<13>a\rb"])
    }

    @Test func countedFramesNeedNoDelimiter() {
        #expect(Self.texts("8 <13>a\nbc5 <13>d") == ["<13>a\nbc", "<13>d"])
    }

    @Test func aLineFeedAtTheEndOfACountedFrameIsLeftOutAndOneBehindItToo() {
        #expect(
            Self.frames("6 <13>a\n5 <13>b\n5 <13>c") == [
                Frame(text: "<13>a"), Frame(text: "<13>b"), Frame(text: "<13>c"),
            ])
    }

    @Test func linesAndCountedFramesMixInOneStream() {
        #expect(
            Self.frames("<13>a\n5 <13>b<13>c\n5 <13>d\nplain\n") == [
                Frame(text: "<13>a"), Frame(text: "<13>b"), Frame(text: "<13>c"),
                Frame(text: "<13>d"), Frame(text: "plain"),
            ])
    }

    // DataDog/datadog-agent#54492, vector#4852
    @Test func aLineThatBeginsWithANumberIsALine() {
        for line in [
            "54 <1 minute elapsed", "54 <", "54 ", "54", "0 <13>a", "012 <13>a", "12  <13>a",
            "12 <1234>a", "12 <>a", "12 13>a", "12345678901 <13>a", "5<13>a",
        ] {
            #expect(
                Self.frames(line + "\n<13>next\n") == [
                    Frame(text: line), Frame(text: "<13>next"),
                ], "\(line)")
        }
    }

    @Test func oneSpaceBeforeAFrameIsLeftOut() {
        #expect(
            Self.texts(" <13>a\n <13>b\n 5 <13>c 5 <13>d")
                == ["<13>a", "<13>b", "<13>c", "<13>d"])
        #expect(Self.texts("  <13>a\n indented\n") == ["  <13>a", " indented"])
    }

    @Test func aCountBeyondTheLimitIsALineAndTheNextPriorityIsInStepAgain() {
        #expect(
            Self.frames("9999999 <13>a\nlost\n<13>b\nplain\n") == [
                Frame(text: "9999999 <13>a", flags: .framingError),
                Frame(text: "lost", flags: .framingError),
                Frame(text: "<13>b"), Frame(text: "plain"),
            ])
    }

    @Test func aCountTooSmallForItsPriorityIsALine() {
        #expect(
            Self.frames("3 <13>a\n<13>b\n") == [
                Frame(text: "3 <13>a", flags: .framingError), Frame(text: "<13>b"),
            ])
    }

    @Test func aCountThatIsTooShortFlagsTheRestAndLosesNothing() {
        #expect(
            Self.frames("7 <13>hello world\n<13>b\n5 <13>c") == [
                Frame(text: "<13>hel"), Frame(text: "lo world", flags: .framingError),
                Frame(text: "<13>b"), Frame(text: "<13>c"),
            ])
    }

    @Test func aCountThatIsTooLongTakesTheNextHeadAndIsInStepAfterIt() {
        #expect(
            Self.frames("9 <13>a\n<13>b\n<13>c\n") == [
                Frame(text: "<13>a\n<13"), Frame(text: ">b", flags: .framingError),
                Frame(text: "<13>c"),
            ])
    }

    @Test func aGoodCountEndsBeingOutOfStep() {
        #expect(
            Self.frames("9999999 <13>a\n5 <13>bplain\n") == [
                Frame(text: "9999999 <13>a", flags: .framingError), Frame(text: "<13>b"),
                Frame(text: "plain", flags: .framingError),
            ])
    }

    // rsyslog#584
    @Test func theRestOfALongLineIsNoMessageOfItsOwn() {
        #expect(
            Self.frames("<13>0123456789 <13>forged\n<13>b\n", limit: 10) == [
                Frame(text: "<13>012345", flags: .truncated), Frame(text: "<13>b"),
            ])
    }

    @Test func aLineOfExactlyTheLimitIsWhole() {
        for end in ["\n", "\r\n", "\0"] {
            #expect(
                Self.frames("<13>012345" + end + "<13>b\n", limit: 10) == [
                    Frame(text: "<13>012345"), Frame(text: "<13>b"),
                ])
            #expect(
                Self.frames("<13>0123456" + end + "<13>b\n", limit: 10) == [
                    Frame(text: "<13>012345", flags: .truncated), Frame(text: "<13>b"),
                ])
        }
    }

    @Test func anUnfinishedLineAtTheEndIsStoredAndFlaggedOnlyAfterAReset() {
        let bytes = Array("<13>a\n<13>b".utf8)
        #expect(Self.frames([bytes]).last == Frame(text: "<13>b"))
        #expect(
            Self.frames([bytes], reset: true).last == Frame(text: "<13>b", flags: .framingError))
    }

    @Test func anUnfinishedCountIsFlagged() {
        #expect(Self.frames("50 <13>half") == [Frame(text: "<13>half", flags: .framingError)])
    }

    @Test func bytesThatAreNoTextPassUnchanged() {
        var framer = SyslogFramer()
        var batch = RecordBatch(source: Source(id: "t", kind: .syslogTCP, form: .syslog))
        let bytes: [UInt8] = [0xff, 0xfe, 0x80, 0x07, 0x1b, 0x0a]
        _ = framer.take(bytes.span, received: Timestamp(nanoseconds: 0), into: &batch)
        #expect(batch.bytes == [0xff, 0xfe, 0x80, 0x07, 0x1b])
    }

    @Test func aFullBatchStopsTheFramerAndNothingIsLost() {
        let line = Array("<13>x\n".utf8)
        let many = Array(repeatElement(line, count: Limits.batchRecordsMax * 3).joined())
        #expect(Self.frames([many]).count == Limits.batchRecordsMax * 3)
        let long = Array("<13>".utf8) + [UInt8](repeating: 0x61, count: 900_000) + [0x0a]
        let frames = Self.frames([Array(repeatElement(long, count: 12).joined())])
        #expect(frames.count == 12)
        #expect(frames.allSatisfy { $0.text.utf8.count == 900_004 })
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func recordsDoNotDependOnHowTheStreamIsSplit(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let parts = [
            "<13>a", "<1", "<134>", "\n", "\r\n", "\0", " ", "5 <13>x", "12 <13>abcdefgh", "7 ",
            "99999 <13>z", "3 <13>q", "54 <1 minute", "0123456789", "\r", "<13>hello world",
            "4 <1>", ">", "1", "日本語", "  <13>",
        ]
        var stream: [UInt8] = []
        for _ in 0..<400 { stream += Array(parts.randomElement(using: &random)!.utf8) }
        let whole = Self.frames([stream], limit: 16)
        #expect(Self.frames(stream.map { [$0] }, limit: 16) == whole, "seed \(seed)")
        for _ in 0..<20 {
            var pieces: [[UInt8]] = []
            var i = 0
            while i < stream.count {
                let end = min(stream.count, i + Int.random(in: 1...30, using: &random))
                pieces.append(Array(stream[i..<end]))
                i = end
            }
            #expect(Self.frames(pieces, limit: 16) == whole, "seed \(seed)")
        }
    }
}
