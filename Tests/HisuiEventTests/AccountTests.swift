import HisuiEvent
import Testing

@Suite struct AccountTests {
    @Test func whatWasOfferedIsStoredDeduplicatedOrDropped() {
        var account = Account()
        account.stored = 10
        account.deduplicated = 2
        account[.kernelBuffer] = 3
        account[.quota] = 4
        #expect(account.dropped == 7)
        #expect(account.offered == 19)
        #expect(account[.kernelBuffer] == 3)
        #expect(account[.tooLong] == 0)
    }

    @Test func differencesAddUpReasonByReason() {
        var total = Account()
        var difference = Account()
        difference.stored = 1
        difference.gaps = 1
        for (number, reason) in DropReason.allCases.enumerated() {
            difference[reason] = UInt64(number + 1)
        }
        total.add(difference)
        total.add(difference)
        #expect(total.stored == 2)
        #expect(total.gaps == 2)
        for (number, reason) in DropReason.allCases.enumerated() {
            #expect(total[reason] == UInt64(2 * (number + 1)))
        }
    }

    @Test func dropsKeepTheFirstAndTheLastMomentOfEachReason() {
        func at(_ first: Int64, _ last: Int64) -> MomentSpan {
            MomentSpan(Timestamp(nanoseconds: first), Timestamp(nanoseconds: last))
        }
        var total = Account()
        total.drop(.quota, 2, within: at(50, 60))
        total.drop(.quota, 0, within: at(1, 99))
        var difference = Account()
        difference.drop(.quota, 1, within: at(40, 45))
        difference.drop(.kernelBuffer, 3, within: at(70, 65))
        difference[.tooLong] = 1
        total.add(difference)
        #expect(total[.quota] == 3)
        #expect(total.dropSpans == [.quota: at(40, 60), .kernelBuffer: at(65, 70)])
    }

    @Test func emptyMeansNothingToSay() {
        #expect(Account().isZero)
        var account = Account()
        account.gaps = 1
        #expect(!account.isZero, "a gap without a count is still to be told")
    }

    @Test func namesOfReasonsAreDistinct() {
        let names = Set(DropReason.allCases.map(\.name))
        #expect(names.count == DropReason.allCases.count)
    }
}

@Suite struct RecordBatchTests {
    private let source = Source(id: "s", kind: .file, form: .line)

    @Test func recordsStandBehindEachOther() {
        var batch = RecordBatch(source: source)
        for text in ["one", "", "three"] {
            let bytes = Array(text.utf8)
            batch.append(bytes.span, received: Timestamp(nanoseconds: 1))
        }
        let spans = batch.entries.map { Int($0.offset)..<Int($0.offset + $0.count) }
        #expect(spans == [0..<3, 3..<3, 3..<8])
        #expect(String(decoding: batch.bytes, as: UTF8.self) == "onethree")
    }

    @Test func batchWithPositionOnlyIsNotEmpty() {
        var batch = RecordBatch(source: source)
        #expect(batch.isEmpty)
        batch.position = [1]
        #expect(!batch.isEmpty)
    }

    @Test func rowsTakeOverWhatTheRecordsBrought() {
        var batch = RecordBatch(source: source)
        batch.append([0x61, 0x62].span, received: Timestamp(nanoseconds: 1))
        batch.position = [7]
        batch.account[.quota] = 5
        batch.gaps = [
            Gap(source: "s", detected: Timestamp(nanoseconds: 2), count: 3, cause: "test")
        ]
        let rows = RowBatch(takingOver: batch)
        #expect(rows.bytes == [0x61, 0x62])
        #expect(rows.position == [7])
        #expect(rows.account[.quota] == 5)
        #expect(rows.gaps.count == 1)
        #expect(rows.rows.isEmpty)
    }
}
