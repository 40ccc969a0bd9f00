import HisuiBytes

/// Short runs of bytes under numbers, each for as long as somebody uses it.
///
/// They stand one behind the other in chunks of 64 KiB, a longer one in a chunk of its own; 16 GiB
/// at most. What is let go is taken back by moving the rest together, once there is more of it than
/// of what is used: O(1) for each byte on the whole.
struct ByteHeap {
    private struct Record: BitwiseCopyable {
        /// Chunk, and place in it in words of four bytes.
        var at: UInt32
        /// Of a free record: the next free one.
        var count: UInt32
        var uses: UInt32
    }

    static let none = UInt32.max
    private static let chunkBytes = 1 << 16
    private static let chunkShift = 14
    private static let slackBytes = 1 << 20

    private var records = ChunkedPool<Record>()
    private var chunks: [[UInt8]] = []
    private var free = Self.none
    private var deadBytes = 0
    /// Bytes in use.
    private(set) var liveBytes = 0
    /// How many runs are in use.
    private(set) var count = 0

    /// One past the greatest number.
    var numbers: Int { records.count }

    /// Takes `bytes` in, used once.
    mutating func add(_ bytes: Span<UInt8>) -> UInt32 {
        if deadBytes > liveBytes + Self.slackBytes { compact() }
        let record = Record(at: place(bytes), count: UInt32(bytes.count), uses: 1)
        liveBytes += bytes.count
        count += 1
        guard free != Self.none else {
            records.append(record)
            return UInt32(records.count - 1)
        }
        let number = free
        free = records[number].count
        records[number] = record
        return number
    }

    private mutating func place(_ bytes: Span<UInt8>) -> UInt32 {
        if chunks.isEmpty || chunks[chunks.count - 1].count + bytes.count > Self.chunkBytes {
            chunks.append([])
            chunks[chunks.count - 1].reserveCapacity(max(Self.chunkBytes, bytes.count))
        }
        let chunk = chunks.count - 1
        let start = chunks[chunk].count
        for index in bytes.indices { chunks[chunk].append(bytes[index]) }
        while chunks[chunk].count & 3 != 0 { chunks[chunk].append(0) }
        return UInt32(chunk << Self.chunkShift | start >> 2)
    }

    private static func place(of record: Record) -> (chunk: Int, range: Range<Int>) {
        let start = (Int(record.at) & (1 << chunkShift - 1)) << 2
        return (Int(record.at) >> chunkShift, start..<start + Int(record.count))
    }

    func isUsed(_ number: UInt32) -> Bool { records[number].uses > 0 }

    mutating func retain(_ number: UInt32) { records[number].uses += 1 }

    /// Gives up one use; true if it was the last one.
    @discardableResult
    mutating func release(_ number: UInt32) -> Bool {
        var record = records[number]
        record.uses -= 1
        if record.uses == 0 {
            liveBytes -= Int(record.count)
            deadBytes += Int(record.count)
            count -= 1
            record.count = free
            free = number
        }
        records[number] = record
        return record.uses == 0
    }

    func bytes(_ number: UInt32) -> ArraySlice<UInt8> {
        let (chunk, range) = Self.place(of: records[number])
        return chunks[chunk][range]
    }

    func isEqual(_ number: UInt32, _ bytes: Span<UInt8>) -> Bool {
        let (chunk, range) = Self.place(of: records[number])
        let stored = chunks[chunk]
        return range.count == bytes.count && ByteSearch.equal(stored.span, range, bytes)
    }

    /// Moves what is used together.
    private mutating func compact() {
        let old = chunks
        chunks = []
        for number in 0..<records.count where records[number].uses > 0 {
            let (chunk, range) = Self.place(of: records[number])
            let stored = old[chunk]
            records[number].at = place(stored.span.extracting(range))
        }
        deadBytes = 0
    }
}

/// A heap in which equal bytes have one number.
struct ByteTable {
    private(set) var heap = ByteHeap()
    private var hashes = ChunkedPool<UInt32>()
    /// Numbers + 1 by hash, 0 where there is none; open addressing.
    private var slots: [UInt32] = [UInt32](repeating: 0, count: 16)

    /// Nobody outside can make keys that meet in one place.
    private static let seed = UInt64.random(in: 0...UInt64.max)

    var liveBytes: Int { heap.liveBytes }
    var numbers: Int { heap.numbers }
    var count: Int { heap.count }

    func bytes(_ number: UInt32) -> ArraySlice<UInt8> { heap.bytes(number) }
    func isUsed(_ number: UInt32) -> Bool { heap.isUsed(number) }

    /// The number of `bytes`, used once more.
    ///
    /// - Complexity: O(bytes).
    mutating func take(_ bytes: Span<UInt8>) -> UInt32 {
        let hash = UInt32(truncatingIfNeeded: Hash64.of(bytes, seed: Self.seed))
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let number = slots[slot] - 1
            if hashes[number] == hash, heap.isEqual(number, bytes) {
                heap.retain(number)
                return number
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        if (heap.count + 1) * 4 > slots.count * 3 {
            grow()
            slot = Int(hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        }
        let number = heap.add(bytes)
        hashes.grow(to: heap.numbers, 0)
        hashes[number] = hash
        slots[slot] = number + 1
        return number
    }

    mutating func retain(_ number: UInt32) { heap.retain(number) }

    /// Gives up one use; true if it was the last one, and the number is free for other bytes.
    @discardableResult
    mutating func release(_ number: UInt32) -> Bool {
        guard heap.release(number) else { return false }
        var hole = Int(hashes[number]) & (slots.count - 1)
        while slots[hole] != number + 1 { hole = (hole + 1) & (slots.count - 1) }
        // What stands behind it moves up, as far as its own place allows.
        var next = (hole + 1) & (slots.count - 1)
        while slots[next] != 0 {
            let home = Int(hashes[slots[next] - 1]) & (slots.count - 1)
            if (next - home) & (slots.count - 1) >= (next - hole) & (slots.count - 1) {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & (slots.count - 1)
        }
        slots[hole] = 0
        return true
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt32](repeating: 0, count: old.count * 2)
        for entry in old where entry != 0 {
            var slot = Int(hashes[entry - 1]) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = entry
        }
    }
}

/// Numbers under pairs of numbers.
struct PairTable {
    private struct Slot: BitwiseCopyable {
        var a = UInt32.max
        var b = UInt32.max
        var value = UInt32.max
    }

    private static let seed = UInt64.random(in: 0...UInt64.max)
    private var slots: [Slot] = []
    private(set) var count = 0

    private func home(_ a: UInt32, _ b: UInt32) -> Int {
        Int(truncatingIfNeeded: Hash64.mix(UInt64(a) << 32 | UInt64(b), Self.seed))
            & (slots.count - 1)
    }

    /// Where the pair stands, or the empty place where it would; there is one.
    private func find(_ a: UInt32, _ b: UInt32) -> Int {
        var at = home(a, b)
        while slots[at].value != .max, slots[at].a != a || slots[at].b != b {
            at = (at + 1) & (slots.count - 1)
        }
        return at
    }

    /// The number of a pair, which is never `UInt32.max`; nil where there is none.
    subscript(_ a: UInt32, _ b: UInt32) -> UInt32? {
        get {
            if count == 0 { return nil }
            let value = slots[find(a, b)].value
            return value == .max ? nil : value
        }
        set {
            guard let newValue else { return remove(a, b) }
            if (count + 1) * 3 > slots.count * 2 { grow() }
            let at = find(a, b)
            if slots[at].value == .max { count += 1 }
            slots[at] = Slot(a: a, b: b, value: newValue)
        }
    }

    mutating func removeAll() {
        if count > 0 { slots = [] }
        count = 0
    }

    private mutating func remove(_ a: UInt32, _ b: UInt32) {
        if count == 0 { return }
        var hole = find(a, b)
        if slots[hole].value == .max { return }
        count -= 1
        var next = (hole + 1) & (slots.count - 1)
        while slots[next].value != .max {
            let home = home(slots[next].a, slots[next].b)
            if (next - home) & (slots.count - 1) >= (next - hole) & (slots.count - 1) {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & (slots.count - 1)
        }
        slots[hole] = Slot()
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(), count: max(16, old.count * 2))
        for slot in old where slot.value != .max { slots[find(slot.a, slot.b)] = slot }
    }
}
