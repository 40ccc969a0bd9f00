import HisuiBytes

/// Which groups of rules know the messages of a program.
struct ProgramTable: Sendable {
    /// Programs whose names begin alike: `postfix/*`.
    struct Pattern: Sendable {
        var prefix: [UInt8]
        var groups: [Int]

        func fits(_ record: Span<UInt8>, _ program: Range<Int>) -> Bool {
            guard program.count >= prefix.count else { return false }
            for index in prefix.indices where record[program.lowerBound + index] != prefix[index] {
                return false
            }
            return true
        }
    }

    private struct Entry: Sendable {
        var offset: UInt32
        var count: UInt32
        var list: UInt32
        var listCount: UInt32
    }

    /// Open addressing by hash; number of the entry plus one, 0 for none.
    private var slots: [UInt32] = [0]
    private var entries: [Entry] = []
    private var names: [UInt8] = []
    private var numbers: [Int] = []
    private(set) var patterns: [Pattern] = []
    /// Groups for any program: places for `number`.
    private(set) var any: Range<Int> = 0..<0
    var hasPatterns: Bool { !patterns.isEmpty }

    init() {}

    init(exact: [(name: [UInt8], groups: [Int])], patterns: [Pattern], any: [Int]) {
        self.patterns = patterns
        numbers = any
        self.any = 0..<any.count
        var capacity = 16
        while capacity < exact.count * 3 { capacity *= 2 }
        slots = [UInt32](repeating: 0, count: capacity)
        for (name, groups) in exact {
            entries.append(
                Entry(
                    offset: UInt32(names.count), count: UInt32(name.count),
                    list: UInt32(numbers.count), listCount: UInt32(groups.count)))
            names += name
            numbers += groups
            var place = Int(truncatingIfNeeded: Hash64.of(name.span)) & (capacity - 1)
            while slots[place] != 0 { place = (place + 1) & (capacity - 1) }
            slots[place] = UInt32(entries.count)
        }
    }

    @inline(__always)
    func number(at place: Int) -> Int { numbers[place] }

    /// Groups of exactly that program: places for `number`.
    @inline(__always)
    func groups(_ record: Span<UInt8>, _ program: Range<Int>) -> Range<Int> {
        let mask = slots.count - 1
        guard mask > 0 else { return 0..<0 }
        var place = Int(truncatingIfNeeded: Hash64.of(record.extracting(program))) & mask
        while slots[place] != 0 {
            let entry = entries[Int(slots[place]) - 1]
            if Int(entry.count) == program.count {
                var index = 0
                let offset = Int(entry.offset)
                while index < program.count,
                    record[program.lowerBound + index] == names[offset + index]
                {
                    index += 1
                }
                if index == program.count {
                    return Int(entry.list)..<Int(entry.list + entry.listCount)
                }
            }
            place = (place + 1) & mask
        }
        return 0..<0
    }
}
