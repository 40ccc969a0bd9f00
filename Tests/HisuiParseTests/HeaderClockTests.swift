import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiParse

@Suite struct HeaderClockTests {
    private func instant(_ text: String) -> Timestamp {
        let bytes = Array(text.utf8)
        let value = TimeText.rfc3339(bytes.span, 0..<bytes.count)?.value
        return Timestamp(nanoseconds: value?.nanoseconds(zone: .tokyo, received: 0) ?? 0)
    }

    private func times(_ stamps: [String], latest: String?) -> [String] {
        let records = stamps.map { Array("\($0) h p: x".utf8) }
        let parsed = parse(records, form: .line, latest: latest.map(instant) ?? .none)
        return parsed.rows.rows.map { String(text(of: $0.time).prefix(19)) }
    }

    // rsyslog#4765, rsyslog#4079, tremor#925
    @Test func liveTakesTheNearestYear() {
        let newYear = instant("2027-01-01T00:00:05+09:00")
        #expect(
            headerTime("Dec 31 23:59:59 h p: x", received: newYear) == "2026-12-31T23:59:59+09:00")
        let oldYear = instant("2026-12-31T23:59:55+09:00")
        #expect(
            headerTime("Jan  1 00:00:01 h p: x", received: oldYear) == "2027-01-01T00:00:01+09:00")
    }

    /// Between day and time or behind the time; what is no year there is left.
    @Test func aYearThatIsSaidIsTaken() {
        let stamps = [
            "Nov 27 13:00:00", "Nov 27 13:00:00 2019", "Nov 27 2019 13:00:00",
            "Nov 27 13:00:00 2200", "Nov 27 13:00:00 1969", "Nov 27 13:00:00 20191",
            "Feb 29 13:00:00 2020", "Nov 27 13:00:00",
        ]
        let parsed = parse(stamps.map { Array("\($0) h p: x".utf8) }, form: .line)
        let years = parsed.rows.rows.map { String(text(of: $0.time).prefix(4)) }
        #expect(years == ["2026", "2019", "2019", "2026", "2026", "2026", "2020", "2026"])
        for number in [0, 1, 2, 6, 7] { #expect(parsed.value("host.name", number) == "h") }
        let inferred = parsed.rows.rows.map { $0.flags.contains(.yearInferred) }
        #expect(inferred == [true, false, false, true, true, true, false, true])
        // A date that is none in that year.
        #expect(headerTime("Feb 29 13:00:00 2019 h p: x") == headerTime("Feb 29 13:00:00 h p: x"))
        // It is not the next year, whenever it was received.
        let file = times(["Nov 27 13:00:00 2025"], latest: "2026-11-23T00:00:00+09:00")
        #expect(file == ["2025-11-27T13:00:00"])
    }

    @Test func importTakesTheLastYearNotAfterTheFile() {
        #expect(
            times(["Dec 30 10:00:00", "Jan  2 10:00:00"], latest: "2026-01-03T00:00:00+09:00")
                == ["2025-12-30T10:00:00", "2026-01-02T10:00:00"])
        // Nearest would be 2027.
        #expect(
            times(["Feb 10 10:00:00"], latest: "2026-11-23T00:00:00+09:00")
                == ["2026-02-10T10:00:00"])
        // A day of skew.
        #expect(
            times(["Nov 23 20:00:00"], latest: "2026-11-23T00:00:00+09:00")
                == ["2026-11-23T20:00:00"])
        #expect(
            times(["Nov 25 20:00:00"], latest: "2026-11-23T00:00:00+09:00")
                == ["2025-11-25T20:00:00"])
    }

    @Test func timeDoesNotJumpAYearInsideAFile() {
        // Past the granted day, but the file goes on.
        #expect(
            times(
                ["Nov 22 10:00:00", "Nov 23 10:00:00", "Nov 24 10:00:00", "Nov 25 10:00:00"],
                latest: "2026-11-23T00:00:00+09:00")
                == [
                    "2026-11-22T10:00:00", "2026-11-23T10:00:00", "2026-11-24T10:00:00",
                    "2026-11-25T10:00:00",
                ])
        // Slight disorder at new year, in a file that goes on until December.
        #expect(
            times(
                ["Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  1 00:00:02"],
                latest: "2026-12-30T23:59:59+09:00")
                == ["2026-01-01T00:00:01", "2025-12-31T23:59:59", "2026-01-01T00:00:02"])
    }

    @Test func anotherFileBeginsAnew() {
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        _ = parser.parse(
            batch(
                [Array("Nov 20 10:00:00 h p: x".utf8)], form: .line,
                latest: instant("2026-11-23T00:00:00+09:00")))
        let rows = parser.parse(
            batch(
                [Array("Dec  1 10:00:00 h p: x".utf8)], form: .line,
                latest: instant("2025-12-07T00:00:00+09:00")))
        #expect(text(of: rows.rows[0].time) == "2025-12-01T10:00:00+09:00")
    }

    @Test func leapDay() {
        #expect(
            times(["Feb 29 10:00:00"], latest: "2026-11-23T00:00:00+09:00")
                == ["2024-02-29T10:00:00"])
    }

    @Test func zonesWithSummerTime() throws {
        guard let zone = TimeZoneRules(name: "Europe/Berlin") else { return }
        var parser = Parser(definitions: .empty, timeZone: zone)
        let rows = parser.parse(
            batch([
                Array("2026-07-01T12:00:00 h p: x".utf8), Array("2026-12-01T12:00:00 h p: x".utf8),
                Array("2026-12-01T12:00:00.5 h p: x".utf8),
            ]))
        #expect(text(of: rows.rows[0].time) == "2026-07-01T19:00:00+09:00")
        #expect(text(of: rows.rows[1].time) == "2026-12-01T20:00:00+09:00")
        #expect(rows.rows[2].time.nanoseconds - rows.rows[1].time.nanoseconds == 500_000_000)
    }
}
