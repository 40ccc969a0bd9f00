import HisuiStore
import Testing

@testable import QueryCampaign

/// Records that are shown one by one, as those of a finding are.
@Suite struct ShownRecordTests {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func aRecordIsShownAsTextAndWithoutWhomItMustNotName(seed: UInt64) throws {
        let data = try TestData(seed: 7000 + seed)
        for block in data.blocks {
            let rows = data.rows.filter {
                $0.zone == block.zone && $0.stream == block.stream
                    && (block.firstIndex..<block.endIndex).contains($0.index)
            }
            #expect(rows.count == block.count)
            for row in rows {
                var shown: [UInt8] = []
                try block.appendText(row: Int(row.index - block.firstIndex), to: &shown)
                #expect(shown == row.shown, "row \(row.index)")
            }
        }
    }
}
