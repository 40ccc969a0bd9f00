import HisuiBytes
import Synchronization

/// The patterns of numbers that the columns of several segments have, each once: some hundreds,
/// where there are hundreds of thousands of columns. So what a text asks of numbers is worked out
/// for each pattern and not for each column.
///
/// A pattern is known by its number; numbers are dense and never change. May be used from several
/// threads.
final class PatternIndex: Sendable {
    struct Contents {
        fileprivate(set) var patterns: [[UInt8]] = []
        /// What can be in values of each of them; nil where that is not known.
        fileprivate var readings: [PatternPlaces?] = []
        private var hashes: [UInt64] = []
        /// Numbers plus one at the places that hashes lead to; 0 is free. A power of two of them.
        private var places = [Int32](repeating: 0, count: 1024)

        /// The number of the pattern whose encoding stands in `range`, a new one if need be; nil if
        /// there are too many.
        ///
        /// - Complexity: O(length of the encoding).
        mutating func number(of bytes: Span<UInt8>, _ range: Range<Int>) -> Int32? {
            let hash = Hash64.of(bytes.extracting(range))
            var at = Int(truncatingIfNeeded: hash) & (places.count - 1)
            while places[at] != 0 {
                let known = Int(places[at] - 1)
                if hashes[known] == hash {
                    let pattern = patterns[known]
                    if ByteSearch.equal(bytes, range, pattern.span) { return Int32(known) }
                }
                at = (at + 1) & (places.count - 1)
            }
            guard patterns.count < PatternIndex.patternsMax else { return nil }
            let pattern = [UInt8](bytes, range)
            patterns.append(pattern)
            readings.append(PatternPlaces(pattern))
            hashes.append(hash)
            places[at] = Int32(patterns.count)
            if patterns.count * 2 > places.count { grow() }
            return Int32(patterns.count - 1)
        }

        private mutating func grow() {
            places = [Int32](repeating: 0, count: places.count * 2)
            for (number, hash) in hashes.enumerated() {
                var at = Int(truncatingIfNeeded: hash) & (places.count - 1)
                while places[at] != 0 { at = (at + 1) & (places.count - 1) }
                places[at] = Int32(number + 1)
            }
        }
    }

    private let contents = Mutex(Contents())

    /// More are not told apart: of a column with another one everything is possible.
    private static let patternsMax = 1 << 16

    func withContents<Result>(_ body: (inout Contents) -> Result) -> Result {
        contents.withLock { contents in body(&contents) }
    }
}

/// What one probe means to the patterns of an index, by their numbers.
///
/// Belongs to the probe; may be used from several threads.
final class PatternAnswers: Sendable {
    private struct Known {
        var index: PatternIndex?
        var answers: [Bool] = []
    }

    private let known = Mutex(Known())

    /// For each pattern that `index` has by now whether its numbers may spell `probe`.
    func answers(_ probe: TextProbe, _ index: PatternIndex) -> [Bool] {
        known.withLock { known in
            if known.index !== index { known = Known(index: index) }
            index.withContents { contents in
                for number in known.answers.count..<contents.patterns.count {
                    known.answers.append(
                        contents.readings[number].map { probe.mayOccur(in: $0) } ?? true)
                }
            }
            return known.answers
        }
    }
}
