import Testing

@testable import HisuiStore

/// Times of some rows, against all of them.
@Suite struct TimeWalkTests {
    /// Steps of every size: those of a byte, around its borders, and far ones, of either sign.
    private static func times(_ random: inout SeededGenerator, count: Int) -> [Int64] {
        var time: Int64 = 1_763_337_600
        return (0..<count).map { _ in
            switch Int.random(in: 0..<40, using: &random) {
            case 0: time += Int64.random(in: -1_000_000...1_000_000, using: &random)
            case 1..<8: time += Int64.random(in: -64...63, using: &random)
            case 8..<16: time += Int64.random(in: -2...2, using: &random)
            default: break
            }
            return time * 1_000_000
        }
    }

    @Test func timesOfSomeRowsAreThoseOfAll() throws {
        var random = SeededGenerator(seed: 11)
        for count in [1, 7, 8, 9, 16, 17, 1000, 5000] {
            let times = Self.times(&random, count: count)
            let sink = ByteSink()
            let encoding = RowColumnEncoder.append(differences: times, to: sink)
            let bytes = sink.bytes()
            for step in [1, 2, 8, 9, 40, 700] {
                var walk = try TimeWalk(encoding, count: count, in: bytes, 0..<bytes.count)
                var row = Int.random(in: 0..<step, using: &random)
                while row < count {
                    #expect(try walk.time(of: row) == times[row])
                    #expect(try walk.time(of: row) == times[row], "asked for again")
                    row += Int.random(in: 1...step, using: &random)
                }
            }
        }
    }

    @Test func oneTimeForAllIsThatOfEach() throws {
        let sink = ByteSink()
        let encoding = RowColumnEncoder.append(differences: [-5, -5, -5], to: sink)
        var walk = try TimeWalk(encoding, count: 3, in: sink.bytes(), 0..<sink.bytes().count)
        #expect(encoding == .integerConstant)
        for row in 0..<3 { #expect(try walk.time(of: row) == -5) }
    }

    @Test func columnsThatEndTooSoonAreRefused() throws {
        let sink = ByteSink()
        let encoding = RowColumnEncoder.append(differences: [1, 900, 7, 100_000], to: sink)
        let bytes = sink.bytes()
        #expect(throws: ColumnDecoder.Malformed.self) {
            _ = try TimeWalk(encoding, count: bytes.count, in: bytes, 0..<bytes.count)
        }
        var walk = try TimeWalk(encoding, count: 4, in: bytes, 0..<bytes.count - 1)
        #expect(throws: ColumnDecoder.Malformed.self) { _ = try walk.time(of: 3) }
    }
}
