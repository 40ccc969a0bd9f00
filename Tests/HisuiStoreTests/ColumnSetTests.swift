import Testing

@testable import HisuiStore

/// A set of columns against a set of numbers.
@Suite struct ColumnSetTests {
    private func columns(_ set: ColumnSet, _ count: Int) -> Set<Int> {
        Set((0..<count).filter(set.contains))
    }

    @Test func aSetIsWhatWasPutIn() {
        var generator = SeededGenerator(seed: 4)
        for count in [1, 63, 64, 65, 130, 500] {
            var (set, other) = (ColumnSet(count: count), ColumnSet(count: count))
            var (plain, otherPlain): (Set<Int>, Set<Int>) = ([], [])
            #expect(set.isEmpty)
            for _ in 0..<count / 8 + 1 {
                let column = Int.random(in: 0..<count, using: &generator)
                set.insert(column)
                plain.insert(column)
                let another = Int.random(in: 0..<count, using: &generator)
                other.insert(another)
                otherPlain.insert(another)
            }
            #expect(!set.isEmpty)
            #expect(columns(set, count) == plain)
            for _ in 0..<200 {
                let first = Int.random(in: 0...count, using: &generator)
                let end = Int.random(in: first...count, using: &generator)
                #expect(
                    set.containsAny(of: first..<end) == plain.contains { (first..<end) ~= $0 },
                    "\(first)..<\(end) of \(count)")
                guard first < end else { continue }
                var joined = set
                joined.formUnion(other, in: first...end - 1)
                let added = otherPlain.filter { (first..<end) ~= $0 }
                #expect(columns(joined, count) == plain.union(added), "\(first)..<\(end)")
            }
            set.formUnion(other)
            #expect(columns(set, count) == plain.union(otherPlain))
        }
    }
}
