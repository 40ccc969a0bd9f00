import HisuiBytes
import HisuiShape
import Testing

@testable import HisuiStore
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

    /// For who may see them records of some zones are shown as they stand, and of others not.
    @Test func recordsOfZonesThatArePermittedAreShownAsTheyStand() throws {
        let unmasked = try (0..<8 as Range<UInt64>).map(unmasked(seed:)).reduce(0, +)
        #expect(unmasked > 20, "some records name somebody")
    }

    /// How many records are shown other than masked.
    private func unmasked(seed: UInt64) throws -> Int {
        var unmasked = 0
        let data = try TestData(seed: 7000 + seed)
        var snapshot = Snapshot()
        snapshot.blocks = data.blocks
        for block in snapshot.unmasked(in: ["lgwan"]).blocks {
            let shapes = try block.grouping().shapeOfRow
            for row in data.rows
            where row.zone == block.zone && row.stream == block.stream
                && (block.firstIndex..<block.endIndex).contains(row.index)
            {
                let place = Int(row.index - block.firstIndex)
                var shown: [UInt8] = []
                try block.appendText(row: place, to: &shown)
                if block.zone != "lgwan" {
                    #expect(shown == row.shown, "row \(row.index)")
                } else if block.shapes[Int(shapes[place])].shape.encoding == .utf8 {
                    // What is decoded is decoded piece by piece, and these pieces are cut anywhere.
                    var record: [UInt8] = []
                    try block.appendRecord(row: place, to: &record)
                    #expect(shown == record, "row \(row.index)")
                    if row.shown != record { unmasked += 1 }
                }
            }
        }
        return unmasked
    }
}
