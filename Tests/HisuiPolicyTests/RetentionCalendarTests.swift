import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiPolicy

@Suite struct RetentionCalendarTests {
    /// The instant at which Tokyo's clocks show a time.
    static func tokyo(_ day: String, _ hour: Int = 12, _ minute: Int = 0) -> Timestamp {
        var time = Day(day)?.midnight ?? CivilTime(year: 1, month: 1, day: 1)
        time.hour = hour
        time.minute = minute
        return Timestamp(nanoseconds: TimeZoneRules.tokyo.utcNanoseconds(local: time) ?? 0)
    }

    static func end(
        _ keep: String, _ start: RetentionTerm.Start, _ received: Timestamp, month: Int = 4,
        zone: TimeZoneRules = .tokyo
    ) -> Timestamp? {
        RetentionTerm(keep).flatMap {
            RetentionCalendar(timeZone: zone, fiscalYearStart: month)
                .end(of: $0, from: start, received: received)
        }
    }

    @Test(
        arguments: [
            // The day of receipt does not count.
            ("1d", "2026-11-23", "2026-11-25"), ("90d", "2026-01-01", "2026-04-02"),
            ("365d", "2023-02-28", "2024-02-29"), ("1y", "2026-11-23", "2027-11-24"),
            ("1y", "2026-12-31", "2028-01-01"), ("7y", "2019-05-31", "2026-06-01"),
            // Leap days: begun on 29 February, a year ends with 28 February.
            ("1y", "2024-02-28", "2025-03-01"), ("1y", "2024-02-29", "2025-03-01"),
            ("4y", "2024-02-28", "2028-02-29"), ("1y", "2023-02-28", "2024-03-01"),
            // Months without such a day end with their last day.
            ("1m", "2026-01-30", "2026-03-01"), ("1m", "2024-01-30", "2024-03-01"),
            ("1m", "2026-01-31", "2026-03-01"), ("6m", "2026-08-30", "2027-03-01"),
            ("1m", "2026-11-30", "2027-01-01"), ("1m", "2026-12-30", "2027-01-31"),
            ("12m", "2026-11-23", "2027-11-24"),
        ])
    func termsFromReceipt(keep: String, received: String, gone: String) {
        for (hour, minute) in [(0, 0), (12, 34), (23, 59)] {
            #expect(
                Self.end(keep, .received, Self.tokyo(received, hour, minute))
                    == Self.tokyo(gone, 0))
        }
    }

    @Test(
        arguments: [
            ("1y", "2026-03-31", 4, "2027-04-01"), ("1y", "2026-04-01", 4, "2028-04-01"),
            ("5y", "2026-11-23", 4, "2032-04-01"), ("1y", "2026-12-31", 1, "2028-01-01"),
            ("1y", "2026-01-01", 1, "2028-01-01"), ("3y", "2026-09-30", 10, "2029-10-01"),
            ("3y", "2026-10-01", 10, "2030-10-01"), ("6m", "2026-11-23", 4, "2027-10-01"),
            ("90d", "2026-11-23", 4, "2027-06-30"), ("1y", "2027-02-28", 3, "2028-03-01"),
        ])
    func termsFromTheEndOfAFiscalYear(keep: String, received: String, month: Int, gone: String) {
        #expect(
            Self.end(keep, .fiscalYearEnd, Self.tokyo(received), month: month)
                == Self.tokyo(gone, 0))
    }

    @Test func theDayIsThatOfTheOrganisationsClocks() {
        // 15:30 in UTC is already tomorrow in Tokyo.
        let received = Timestamp(
            nanoseconds: CivilTime(year: 2026, month: 3, day: 31, hour: 15, minute: 30)
                .nanoseconds ?? 0)
        #expect(Self.end("1y", .fiscalYearEnd, received) == Self.tokyo("2028-04-01", 0))
        #expect(
            Self.end("1y", .fiscalYearEnd, received, zone: .utc)?.nanoseconds
                == CivilTime(year: 2027, month: 4, day: 1).nanoseconds)
    }

    @Test func nothingForEverAndNothingBeyondTime() {
        #expect(Self.end("forever", .received, Self.tokyo("2026-11-23")) == nil)
        #expect(Self.end("200y", .received, Self.tokyo("2100-01-01")) == nil)
        #expect(Self.end("200y", .received, Self.tokyo("2026-11-23")) != nil)
    }

    @Test(arguments: [
        "", "1", "y", "0d", "01d", "-1y", "1w", "1.5y", "201y", "1 y", "１y", "9999999d",
    ])
    func otherTextsAreNoTerms(text: String) { #expect(RetentionTerm(text) == nil) }

    @Test func termsPrintAsTheyAreRead() {
        for text in ["1d", "90d", "6m", "3y", "200y", "forever"] {
            #expect(RetentionTerm(text)?.description == text)
        }
    }

    /// A record is never let go before all days of its term have passed, later ones not earlier.
    @Test func endsNeverGoBackAndNeverComeEarly() {
        let seed = randomSeed()
        var state = seed
        func random(_ below: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % below
        }
        let zones = [TimeZoneRules.tokyo, .utc, TimeZoneRules(name: "Europe/Berlin") ?? .utc]
        for _ in 0..<3000 {
            let zone = zones[Int(random(3))]
            let month = Int(random(12)) + 1
            let keep = "\(random(30) + 1)" + ["d", "m", "y"][Int(random(3))]
            let start: RetentionTerm.Start = random(2) == 0 ? .received : .fiscalYearEnd
            let first = Timestamp(nanoseconds: Int64(random(2_000_000_000)) * 1_000_000_000)
            let later = Timestamp(
                nanoseconds: first.nanoseconds + Int64(random(90_000)) * 1_000_000_000)
            let a = Self.end(keep, start, first, month: month, zone: zone)
            let b = Self.end(keep, start, later, month: month, zone: zone)
            guard let a, let b else { continue }
            #expect(a <= b, "seed \(seed): \(keep) \(start) \(first) \(later)")
            let term = RetentionTerm(keep)
            let days: Int64 =
                switch term {
                case .days(let count): Int64(count)
                // Shortest: February counts as a month.
                case .months(let count): Int64(count) * 28
                case .years(let count): Int64(count) * 365
                default: 0
                }
            // An hour for clocks that are put forward.
            #expect(
                a.nanoseconds - first.nanoseconds >= (days * 86_400 - 3600) * 1_000_000_000,
                "seed \(seed): \(keep) \(start) \(first)")
        }
    }

    @Test func daysAreReadAndPrinted() {
        #expect(Day("2024-02-29")?.description == "2024-02-29")
        for text in [
            "2023-02-29", "2026-13-01", "2026-1-1", "20260101", "", "2026-00-10", "0000-01-01",
        ] {
            #expect(Day(text) == nil)
        }
    }
}
