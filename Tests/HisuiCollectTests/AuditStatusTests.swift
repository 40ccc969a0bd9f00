import Glibc
import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

@Suite struct AuditStatusTests {
    /// A message of netlink.
    private static func message(
        type: UInt16, _ numbers: [UInt32], length: UInt32? = nil
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(length ?? UInt32(16 + 4 * numbers.count))
        bytes.appendLittleEndian(type)
        bytes += [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        for number in numbers { bytes.appendLittleEndian(number) }
        return bytes
    }

    private static func answer(_ bytes: [UInt8]) -> AuditStatus.Answer {
        AuditStatus.answer(bytes.span)
    }

    private static func position(_ bytes: [UInt8]) -> AuditPosition? { AuditPosition(bytes.span) }

    /// As Linux 6.18 answers, with eleven numbers.
    private static let status: [UInt32] = [0, 1, 1, 999, 0, 8192, 12, 3, 0x7F, 60_000, 26]

    @Test func theAnswerOfTheKernelIsRead() {
        let expected = AuditStatus(enabled: 1, lost: 12, backlog: 3, backlogLimit: 8192)
        let message = Self.message(type: 1000, Self.status)
        #expect(Self.answer(message) == .status(expected))
        // Before Linux 3.14 there are eight numbers.
        let old = Self.message(type: 1000, Array(Self.status[..<8]))
        #expect(Self.answer(old) == .status(expected))
    }

    @Test func aRefusalIsRead() {
        let refused = Self.message(type: 2, [UInt32(bitPattern: -EPERM), 16, 0, 0, 0])
        #expect(Self.answer(refused) == .refused(EPERM))
        for error: Int32 in [0, 1, -4096, .min] {
            let odd = Self.message(type: 2, [UInt32(bitPattern: error)])
            #expect(Self.answer(odd) == .refused(EBADMSG), "\(error)")
        }
    }

    @Test func whateverIsNoAnswerIsRefused() {
        let whole = Self.message(type: 1000, Self.status)
        for count in 0..<16 + 8 * 4 {
            #expect(Self.answer(Array(whole[..<count])) == .refused(EBADMSG), "\(count)")
        }
        for length: UInt32 in [0, 15, 16, 47, 61, .max] {
            let odd = Self.message(type: 1000, Self.status, length: length)
            #expect(Self.answer(odd) == .refused(EBADMSG), "\(length)")
        }
        #expect(Self.answer(Self.message(type: 3, [0])) == .refused(EBADMSG))
    }

    private static func lost(_ count: UInt32) -> AuditStatus.Answer {
        .status(AuditStatus(enabled: 1, lost: count, backlog: 0, backlogLimit: 64))
    }

    @Test func onlyWhatIsAddedToTheCountIsNew() {
        var position = AuditPosition()
        #expect(position.take(Self.lost(5), boot: 1) == 0)
        #expect(position.take(Self.lost(5), boot: 1) == 0)
        #expect(position.take(Self.lost(8), boot: 1) == 3)
        #expect(position.take(.refused(EPERM), boot: 1) == 0)
        #expect(position.take(Self.lost(.max), boot: 1) == UInt32.max - 8)
        #expect(position.take(Self.lost(2), boot: 1) == 2, "it was set to 0")
        #expect(position.take(Self.lost(7), boot: 2) == 7, "the machine was started again")
        #expect(position.losses == .counted(boot: 2, lost: 7))
    }

    @Test func positionsReadBackAndNothingElseIsOne() throws {
        var position = AuditPosition()
        var all: [[UInt8]] = []
        for seen in [Timestamp.none, Timestamp(nanoseconds: 1_795_402_800_000_000_001)] {
            position.seen = seen
            for answer in [AuditStatus.Answer.refused(EPERM), Self.lost(7)] {
                all.append(position.encoded)
                #expect(Self.position(position.encoded) == position)
                _ = position.take(answer, boot: .max)
            }
            all.append(position.encoded)
        }
        for bytes in all {
            for count in 0..<bytes.count { #expect(Self.position(Array(bytes[..<count])) == nil) }
            #expect(Self.position(bytes + [0]) == nil)
            var other = bytes
            other[0] = 2
            #expect(Self.position(other) == nil)
        }
        var broken = AuditPosition().encoded
        broken[9] = 3
        #expect(Self.position(broken) == nil)
        #expect(PositionText.lines(broken, of: .audit) == [HexText.text(broken)])
    }
}
