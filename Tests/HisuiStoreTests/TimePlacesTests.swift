import HisuiBytes
import Testing

@testable import HisuiStore

/// What may stand in times: every part of every text that a column of times can have.
@Suite struct TimePlacesTests {
    private static func padded(_ number: Int, _ width: Int, _ pad: Character = "0") -> String {
        let digits = String(number)
        return String(repeating: pad, count: max(0, width - digits.count)) + digits
    }

    /// One time in the formats that there are.
    private static func texts(of seconds: Int64, fraction: String) -> [String] {
        let days = Int(seconds / 86_400)
        let civil = CivilTime(days: days)
        let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
            .map { padded(Int($0), 2) }.joined(separator: ":")
        let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")
        let date = [(civil.year, 4), (civil.month, 2), (civil.day, 2)]
            .map { padded($0.0, $0.1) }.joined(separator: "-")
        var texts = ["\(months[civil.month - 1]) \(padded(civil.day, 2, " ")) \(clock)"]
        for separator in ["T", " ", "t"] {
            for fraction in fraction.isEmpty ? [""] : ["", "." + fraction, "," + fraction] {
                for zone in ["", "Z", "+00:00", "+0000"] {
                    texts.append(date + separator + clock + fraction + zone)
                }
            }
        }
        return texts
    }

    @Test func everyPartOfATimeMayStand() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<5 {
            let seconds = Int64.random(in: 0..<4_102_444_800, using: &random)
            let digits = Int.random(in: 0...9, using: &random)
            let fraction = (0..<digits).map { _ in "\(Int.random(in: 0...9, using: &random))" }
            let nanoseconds =
                Int64(
                    (fraction.joined() + String(repeating: "0", count: 9 - digits))) ?? 0
            for text in Self.texts(of: seconds, fraction: fraction.joined()) {
                let bytes = Array(text.utf8)
                let whole = text.contains(".") || text.contains(",") ? nanoseconds : 0
                #expect(
                    TimeFormat(of: bytes.span, time: seconds * 1_000_000_000 + whole) != nil,
                    "\(text) is no time")
                for start in bytes.indices {
                    for end in start...bytes.count {
                        let part = Array(bytes[start..<end])
                        let folded = part.map(TextProbe.lower)
                        let may = TimePlaces.mayHave(part, ignoresCase: false)
                        #expect(may && TimePlaces.mayHave(folded, ignoresCase: true))
                    }
                }
            }
        }
    }

    @Test func whatIsInNoTimeMayNot() {
        for text in [
            "9F6F72A0F6F", "error", "root", "10.0.0.7", "443/tcp", "Nov17", "nov ", "::", "17:5:0",
            "2025-11-17T09:00:01+09:00 ", "JAN", "Failed password",
        ] {
            #expect(!TimePlaces.mayHave(Array(text.utf8), ignoresCase: false), "\(text)")
        }
        #expect(!TimePlaces.mayHave(Array("error".utf8), ignoresCase: true))
    }
}
