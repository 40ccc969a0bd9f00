import HisuiBytes

/// Which rules know the messages of a program: numbers of chains.
struct ProgramTable: Sendable {
    private struct Entry: Sendable {
        var offset: UInt32
        var count: UInt32
        var chain: Int
    }

    /// Open addressing by hash; number of the entry plus one, 0 for none.
    private var slots: [UInt32] = [0]
    private var entries: [Entry] = []
    private var names: [UInt8] = []
    /// Programs whose names begin alike: `postfix/*`.
    private var patterns: [Entry] = []
    /// The chain for any program; nil if there is none.
    let any: Int?
    /// Numbers of the patterns, in their order.
    var patternPlaces: Range<Int> { 0..<patterns.count }

    init(
        exact: [(name: [UInt8], chain: Int)] = [], patterns: [(prefix: [UInt8], chain: Int)] = [],
        any: Int? = nil
    ) {
        self.any = any
        var capacity = 16
        while capacity < exact.count * 3 { capacity *= 2 }
        slots = [UInt32](repeating: 0, count: capacity)
        for (name, chain) in exact {
            entries.append(entry(name, chain))
            var place = Int(truncatingIfNeeded: Hash64.of(name.span)) & (capacity - 1)
            while slots[place] != 0 { place = (place + 1) & (capacity - 1) }
            slots[place] = UInt32(entries.count)
        }
        for (prefix, chain) in patterns { self.patterns.append(entry(prefix, chain)) }
    }

    private mutating func entry(_ name: [UInt8], _ chain: Int) -> Entry {
        defer { names += name }
        return Entry(offset: UInt32(names.count), count: UInt32(name.count), chain: chain)
    }

    /// The chain of exactly that program.
    @inline(__always)
    func chain(_ record: Span<UInt8>, _ program: Range<Int>) -> Int? {
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: Hash64.of(record.extracting(program))) & mask
        while slots[place] != 0 {
            let entry = entries[Int(slots[place]) - 1]
            if Int(entry.count) == program.count, begins(record, program, entry) {
                return entry.chain
            }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Whether the program's name begins with that of the pattern.
    @inline(__always)
    func fits(_ record: Span<UInt8>, _ program: Range<Int>, _ pattern: Int) -> Bool {
        let entry = patterns[pattern]
        return program.count >= Int(entry.count) && begins(record, program, entry)
    }

    /// The chain of a pattern.
    @inline(__always)
    func chain(ofPattern pattern: Int) -> Int { patterns[pattern].chain }

    @inline(__always)
    private func begins(_ record: Span<UInt8>, _ program: Range<Int>, _ entry: Entry) -> Bool {
        for index in 0..<Int(entry.count)
        where record[program.lowerBound + index] != names[Int(entry.offset) + index] {
            return false
        }
        return true
    }
}
