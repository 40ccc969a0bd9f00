import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiStore

/// What is stored of a source, and when its records were dropped.
@Suite struct SourceStateTests {
    private let source = Source(id: "udp/192.0.2.7", kind: .syslogUDP, form: .syslog)

    private func bytes(_ state: SourceState) -> [UInt8] {
        var bytes: [UInt8] = []
        state.encode(into: &bytes)
        return bytes
    }

    private func decoded(_ bytes: [UInt8]) throws -> SourceState {
        var reader = ByteReader(bytes.span)
        let state = try SourceState(decoding: &reader)
        #expect(reader.remaining == 0)
        return state
    }

    @Test func momentsOfDropsComeBackBesideTheirCounts() throws {
        var state = SourceState(
            source: source, position: [1, 2], lastReceived: Timestamp(nanoseconds: 77))
        state.account.stored = 5
        let spans: [(DropReason, Int64, Int64)] = [
            (.kernelBuffer, 1_700_000_000_000_000_000, 1_700_000_000_000_000_001),
            (.spillFull, -5, .max), (.quota, .min, -1),
        ]
        for (reason, first, last) in spans {
            state.account.drop(
                reason, 3,
                within: MomentSpan(Timestamp(nanoseconds: first), Timestamp(nanoseconds: last)))
        }
        #expect(try decoded(bytes(state)) == state)
    }

    @Test func countsWithoutMomentsAreStoredAsBefore() throws {
        var state = SourceState(source: source)
        state.account[.quota] = 300
        // id, kind, form, no position, three zeros, five counts, receive time.
        let expected =
            [13] + Array("udp/192.0.2.7".utf8) + [2, 1, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0xAC, 2]
            + [0, 0, 0, 0, 0, 0, 0, 0x80]
        #expect(bytes(state) == expected)
        #expect(try decoded(expected) == state)
    }

    @Test func anyNumberOfDropNumbersIsReadAndNoneIsTakenForAnother() throws {
        for count in 0...48 {
            var bytes = [13] + Array("udp/192.0.2.7".utf8) + [2, 1, 0, 0, 0, 0, UInt8(count)]
            for number in 0..<count { bytes.append(UInt8(number)) }
            bytes += [0, 0, 0, 0, 0, 0, 0, 0x80]
            let account = try decoded(bytes).account
            #expect(account.droppedByReason.count == min(count, 16))
            #expect(account[.quota] == (count > 4 ? 4 : 0))
            // The pair of a reason is read whole or not at all.
            #expect((account.dropSpans[.quota] != nil) == (count >= 26))
        }
    }
}
