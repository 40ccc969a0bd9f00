import Glibc
import Testing

@testable import HisuiBytes

@Suite struct TimeZoneTests {
    /// A zone file with nothing but its rule, as a minimal one may be.
    private func file(rule: String, firstOffset: Int32 = 0, version: UInt8 = 0x32) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<2 {
            bytes += [UInt8]("TZif") + [version] + [UInt8](repeating: 0, count: 15)
            for count: UInt32 in [0, 0, 0, 0, 1, 1] { append(count, to: &bytes) }
            append(UInt32(bitPattern: firstOffset), to: &bytes)
            bytes += [0, 0, 0]
        }
        return bytes + [UInt8]("\n\(rule)\n")
    }

    private func append(_ value: UInt32, to bytes: inout [UInt8]) {
        for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(value >> shift & 0xFF)) }
    }

    private func zone(_ rule: String) throws -> TimeZoneRules {
        let bytes = file(rule: rule)
        let zone = TimeZoneRules(name: rule, file: bytes.span)
        return try #require(zone)
    }

    private func time(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0
    ) -> CivilTime {
        CivilTime(year: year, month: month, day: day, hour: hour, minute: minute)
    }

    @Test func zonesWithoutAFile() {
        for (name, offset) in [
            ("UTC", 0), ("Z", 0), ("Asia/Tokyo", 32_400), ("Japan", 32_400), ("+09:00", 32_400),
            ("-0330", -12_600), ("+14", 50_400),
        ] {
            let zone = TimeZoneRules(name: name)
            #expect(zone?.offsetSeconds(atUTCNanoseconds: 0) == offset)
            #expect(zone?.name == name)
        }
    }

    @Test(arguments: [
        "", "/etc/passwd", "../../../etc/passwd", "Asia/../Asia/Tokyo", "Asia//Tokyo", "Asia/",
        "Nowhere/Land", "+9", "+09:0", "+09:00x", "Asia", ".", "Asia/To\u{0}kyo", "+25:00", "-",
    ])
    func noZones(name: String) {
        #expect(TimeZoneRules(name: name) == nil)
    }

    /// Hours that show twice or never, by the rule of New York.
    @Test func theEarlierOffsetIsTaken() throws {
        let zone = try zone("EST5EDT,M3.2.0,M11.1.0")
        func utc(_ local: CivilTime) -> CivilTime? {
            zone.utcNanoseconds(local: local).map { CivilTime(nanoseconds: $0) }
        }
        // 2026: forward on 8 March at 02:00, back on 1 November at 02:00.
        #expect(utc(time(2026, 3, 8, 1, 59)) == time(2026, 3, 8, 6, 59))
        #expect(utc(time(2026, 3, 8, 2)) == time(2026, 3, 8, 7))
        #expect(utc(time(2026, 3, 8, 2, 30)) == time(2026, 3, 8, 7, 30))
        #expect(utc(time(2026, 3, 8, 3)) == time(2026, 3, 8, 7))
        #expect(utc(time(2026, 11, 1, 0, 59)) == time(2026, 11, 1, 4, 59))
        #expect(utc(time(2026, 11, 1, 1, 30)) == time(2026, 11, 1, 5, 30))
        #expect(utc(time(2026, 11, 1, 2)) == time(2026, 11, 1, 7))
        #expect(utc(time(2026, 7, 1, 12)) == time(2026, 7, 1, 16))
        #expect(utc(time(2261, 7, 1, 12)) == time(2261, 7, 1, 16))
        #expect(utc(time(2026, 1, 1, 12)) == time(2026, 1, 1, 17))
    }

    @Test func rules() throws {
        func offset(_ rule: String, _ time: CivilTime) throws -> Int {
            let nanoseconds = try #require(time.nanoseconds)
            return try zone(rule).offsetSeconds(atUTCNanoseconds: nanoseconds)
        }
        #expect(try offset("<+0330>-3:30", time(2026, 1, 1, 0)) == 12_600)
        #expect(try offset("LMT-9:18:59", time(2026, 1, 1, 0)) == 33_539)
        // The south: summer at the turn of the year.
        let sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3"
        #expect(try offset(sydney, time(2026, 1, 1, 0)) == 39_600)
        #expect(try offset(sydney, time(2026, 6, 1, 0)) == 36_000)
        // Dublin's winter is the exception, one hour less.
        let dublin = "IST-1GMT0,M10.5.0,M3.5.0/1"
        #expect(try offset(dublin, time(2026, 1, 1, 0)) == 0)
        #expect(try offset(dublin, time(2026, 7, 1, 0)) == 3600)
        // Days by number, and summer time all the year round.
        #expect(try offset("AAA0BBB,J60,J61", time(2024, 3, 1, 2)) == 3600)
        #expect(try offset("AAA0BBB,J60,J61", time(2024, 2, 29, 2)) == 0)
        #expect(try offset("AAA0BBB,59,60", time(2024, 2, 29, 2)) == 3600)
        #expect(try offset("EST5EDT,0/0,J365/25", time(2026, 12, 31, 23)) == -14_400)
        #expect(try offset("EST5EDT,0/0,J365/25", time(2026, 1, 1, 5)) == -14_400)
    }

    @Test(arguments: [
        "", "J", "JST", "JST-", "JST-25", "JST-9x", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M3.2.0,",
        "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,J0,J1", "EST5EDT,J366,J1", "EST5EDT,366,1", "EST5EDT,M3.2.0/168,M11.1.0", "<+03-3",
        "EST5EDT,M3.2.0,M11.1.0x", "EST5:60EDT,M3.2.0,M11.1.0",
    ])
    func badRules(rule: String) {
        let bytes = [UInt8](rule)
        #expect(TimeZoneRule(bytes.span, bytes.all) == nil)
    }

    @Test func damagedFilesAreRefused() {
        let good = file(rule: "EST5EDT,M3.2.0,M11.1.0", firstOffset: -18_000)
        #expect(TimeZoneRules(name: "x", file: good.span) != nil)
        for count in 0..<good.count {
            #expect(TimeZoneRules(name: "x", file: Array(good[..<count]).span) == nil)
        }
        let old = file(rule: "EST5EDT,M3.2.0,M11.1.0", version: 0)
        #expect(TimeZoneRules(name: "x", file: old.span) == nil)
        var random = Randomness()
        for _ in 0..<5000 {
            var bad = good
            bad[Int.random(in: 0..<bad.count, using: &random)] = UInt8.random(
                in: 0...255, using: &random)
            // Whatever comes out, nothing traps.
            _ = TimeZoneRules(name: "x", file: bad.span)?.offsetSeconds(atUTCNanoseconds: .max)
        }
    }

    private func localOffset(_ seconds: Int) -> Int {
        var seconds = seconds
        var broken = unsafe tm()
        _ = unsafe localtime_r(&seconds, &broken)  // Safe: both live for the call.
        return unsafe broken.tm_gmtoff
    }

    static func hasZoneFile(_ name: String) -> Bool {
        unsafe access("/usr/share/zoneinfo/" + name, R_OK) == 0  // Safe: a string for the call.
    }

    /// The C library reads the same files by other code.
    @Test(.enabled(if: hasZoneFile("America/New_York")))
    func agreesWithTheCLibrary() throws {
        var random = Randomness()
        let names = [
            "America/New_York", "Europe/Dublin", "Europe/Berlin", "Australia/Lord_Howe",
            "Asia/Gaza", "Africa/Casablanca", "America/St_Johns", "Pacific/Apia", "Asia/Kolkata",
            "Asia/Seoul", "America/Sao_Paulo", "Pacific/Chatham", "Antarctica/Troll", "Asia/Tehran",
            "America/Nuuk", "Asia/Shanghai", "Etc/GMT-9", "EST5EDT",
        ]
        for name in names {
            guard Self.hasZoneFile(name) else { continue }
            let zone = try #require(TimeZoneRules(name: name), "\(name)")
            unsafe setenv("TZ", name, 1)  // Safe: no other test reads the zone or sets this.
            tzset()
            for round in 0..<3000 {
                // Up to 2250: past the last entry of the files, by their rule alone.
                var second = Int.random(in: -2_000_000_000...8_800_000_000, using: &random)
                if round % 3 == 0, let change = zone.changes.randomElement(using: &random) {
                    second = Int(change) + Int.random(in: -2...2, using: &random)
                }
                guard abs(second) < 8_900_000_000 else { continue }
                let nanoseconds = Int64(second) * 1_000_000_000
                let offset = zone.offsetSeconds(atUTCNanoseconds: nanoseconds)
                #expect(offset == localOffset(second), "\(name) at \(second)")
                // A local time leads back to the instant, or to the same time shown earlier.
                var local = CivilTime(nanoseconds: nanoseconds + Int64(offset) * 1_000_000_000)
                let back = try #require(zone.utcNanoseconds(local: local))
                let again = zone.offsetSeconds(atUTCNanoseconds: back)
                local = CivilTime(nanoseconds: back + Int64(again) * 1_000_000_000)
                #expect(back <= nanoseconds, "\(name) at \(second)")
                #expect(local.seconds == Int64(second + offset), "\(name) at \(second)")
            }
        }
    }

    /// Remembering changes nothing: the same answers as without, in any order of times.
    @Test func theResolverAgreesWithTheRules() throws {
        var random = Randomness()
        let zones = [
            TimeZoneRules.tokyo, .utc, try zone("EST5EDT,M3.2.0,M11.1.0"),
            try zone("AEST-10AEDT,M10.1.0,M4.1.0/3"), try zone("AAA0BBB,J60,J61"),
        ]
        for zone in zones {
            var resolver = TimeResolver(zone: zone)
            var received: Int64 = 1_700_000_000
            for _ in 0..<20_000 {
                // Mostly small steps, to meet what is remembered; sometimes a leap.
                received += Int64.random(in: -50_000...60_000, using: &random)
                if random.next() % 200 == 0 {
                    received = Int64.random(in: 0...4_000_000_000, using: &random)
                }
                let near = received + Int64.random(in: -400_000...400_000, using: &random)
                let at = random.next() % 50 == 0 ? near + 15_000_000 : near
                var civil = CivilTime(nanoseconds: at * 1_000_000_000 + 5)
                if Bool.random(using: &random) { civil.year = 0 }
                var value = TimeText.Value(civil: civil)
                if random.next() % 4 == 0 {
                    value.offsetSeconds = Int.random(in: -14...14, using: &random) * 3600
                }
                let expected = value.nanoseconds(zone: zone, received: received * 1_000_000_000)
                let found = resolver.nanoseconds(value, received: received * 1_000_000_000)
                #expect(found == expected, "\(value) received \(received) in \(zone.name)")
            }
        }
    }
}
