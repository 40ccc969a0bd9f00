import HisuiBytes
import Testing

@Suite struct NearestYearTests {
    private func nano(_ text: String) -> Int64 {
        let bytes = [UInt8](text)
        guard let found = TimeText.rfc3339(bytes.span, bytes.all),
            let nano = found.value.nanoseconds(zone: .utc, received: 0)
        else {
            Issue.record("not a time: \(text)")
            return 0
        }
        return nano
    }

    /// Header as received, receipt, and what it must mean in Tokyo.
    @Test(arguments: [
        ("Nov 22 10:00:00", "2026-11-22T10:00:01+09:00", "2026-11-22T10:00:00+09:00"),
        // The turn of the year, both ways.
        ("Dec 31 23:59:59", "2027-01-01T00:00:01+09:00", "2026-12-31T23:59:59+09:00"),
        ("Jan  1 00:00:01", "2026-12-31T23:59:59+09:00", "2027-01-01T00:00:01+09:00"),
        // The same instant is another year in UTC: the zone of the record decides.
        ("Jan  1 08:00:00", "2026-12-31T23:00:05Z", "2027-01-01T08:00:00+09:00"),
        ("Dec 31 23:59:59", "2026-12-31T15:00:00Z", "2026-12-31T23:59:59+09:00"),
        // 18 days ahead is nearer than 347 days back.
        ("Dec 10 12:00:00", "2026-11-22T12:00:00+09:00", "2026-12-10T12:00:00+09:00"),
        // 182 days ahead against 183 back, and the other way round.
        ("May 23 12:00:00", "2026-11-22T12:00:00+09:00", "2027-05-23T12:00:00+09:00"),
        ("May 24 12:00:00", "2026-11-22T12:00:00+09:00", "2026-05-24T12:00:00+09:00"),
        ("Jun 30 12:00:00", "2026-01-10T12:00:00+09:00", "2026-06-30T12:00:00+09:00"),
        ("Aug  1 12:00:00", "2026-01-10T12:00:00+09:00", "2025-08-01T12:00:00+09:00"),
        // 29 February.
        ("Feb 29 12:00:00", "2024-03-01T12:00:00+09:00", "2024-02-29T12:00:00+09:00"),
        ("Feb 29 12:00:00", "2025-01-01T00:00:00+09:00", "2024-02-29T12:00:00+09:00"),
        ("Feb 29 12:00:00", "2026-11-22T12:00:00+09:00", "2028-02-29T12:00:00+09:00"),
        ("Feb 29 12:00:00", "2026-01-01T12:00:00+09:00", "2024-02-29T12:00:00+09:00"),
        ("Feb 29 12:00:00", "2100-02-28T12:00:00+09:00", "2096-02-29T12:00:00+09:00"),
        ("Feb 29 12:00:00", "2100-03-01T12:00:00+09:00", "2104-02-29T12:00:00+09:00"),
        ("Feb 28 12:00:00", "2024-02-29T12:00:00+09:00", "2024-02-28T12:00:00+09:00"),
        // The zone's own clock shows a leap second at nine in the morning.
        ("Jan  1 08:59:60", "2017-01-01T09:00:00+09:00", "2017-01-01T09:00:00+09:00"),
        // A year that stands there is believed, however far away.
        ("Dec 31 2020 23:59:59", "2027-01-01T00:00:01+09:00", "2020-12-31T23:59:59+09:00"),
    ])
    func nearest(header: String, received: String, expected: String) throws {
        let bytes = [UInt8](header)
        let found = TimeText.rfc3164(bytes.span, bytes.all)
        let time = try #require(found).value.nanoseconds(zone: .tokyo, received: nano(received))
        #expect(time == nano(expected))
    }

    /// Against the definition: of all years in reach, the one with the least distance; the earlier
    /// of two.
    ///
    /// Every day of the year against days of receipt over a leap cycle.
    @Test func everyDayAgainstTheDefinition() {
        var random = Randomness()
        var failures: [String] = []
        for receivedDay in stride(from: 18_262, to: 18_262 + 1461, by: 17) {
            let ofDay = Int64.random(in: 0..<86_400, using: &random)
            let received = (Int64(receivedDay) * 86_400 + ofDay) * 1_000_000_000
            let offset = Int.random(in: -12...14, using: &random) * 3600
            let now = CivilTime(days: receivedDay).year
            for dayOfYear in 0..<366 {
                var time = CivilTime(days: 18_262 + dayOfYear)  // 2020 has all days.
                time.hour = Int.random(in: 0...23, using: &random)
                var best: (UInt64, Int)?
                for year in now - 9...now + 9 {
                    time.year = year
                    guard time.isValid else { continue }
                    let distance = (time.seconds - received / 1_000_000_000 - Int64(offset))
                        .magnitude
                    if best == nil || distance < best!.0 { best = (distance, year) }
                }
                time.year = 0
                let found = TimeText.nearestYear(
                    to: time, receivedNanoseconds: received, offsetSeconds: offset)
                if found != best?.1 { failures.append("\(time) at \(received) + \(offset)") }
            }
        }
        #expect(failures.isEmpty, "\(failures.count): \(failures.prefix(3))")
    }
}
