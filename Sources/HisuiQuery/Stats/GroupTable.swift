import HisuiBytes

/// Keys to dense numbers: groups of `stats`, values seen by `count_uniq`.
///
/// Keys are kept in one arena, found by open addressing; nothing is allocated for a key.
struct GroupTable {
    private var arena: [UInt8] = []
    private var ends: [Int] = [0]
    private var hashes: [UInt64] = []
    /// Numbers plus one at the places that hashes lead to; 0 is free.
    ///
    /// A power of two of them.
    private var places = [UInt32](repeating: 0, count: 16)

    var count: Int { hashes.count }
    /// About how much memory the table takes.
    var memory: Int { arena.count + count * 16 + places.count * 4 }

    /// The bytes of the key numbered `number`.
    func range(of number: Int) -> Range<Int> { ends[number]..<ends[number + 1] }
    var bytes: [UInt8] { arena }

    /// Whether `key` was seen before.
    func contains(_ key: Span<UInt8>) -> Bool { places[place(of: key, Hash64.of(key))] != 0 }

    /// Where the number of `key` stands, or would.
    private func place(of key: Span<UInt8>, _ hash: UInt64) -> Int {
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while places[place] != 0 {
            let number = Int(places[place]) - 1
            if hashes[number] == hash, ByteSearch.equal(key, 0..<key.count, self[number]) { break }
            place = (place + 1) & mask
        }
        return place
    }

    /// The number of `key`, a new one if it was not seen before.
    mutating func number(of key: Span<UInt8>) -> (number: Int, isNew: Bool) {
        let hash = Hash64.of(key)
        let place = place(of: key, hash)
        if places[place] != 0 { return (Int(places[place]) - 1, false) }
        let number = hashes.count
        arena.append(key, 0..<key.count)
        ends.append(arena.count)
        hashes.append(hash)
        places[place] = UInt32(number + 1)
        if hashes.count * 2 > places.count { grow() }
        return (number, true)
    }

    subscript(_ number: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get { arena.span.extracting(ends[number]..<ends[number + 1]) }
    }

    private mutating func grow() {
        let mask = places.count * 2 - 1
        places = [UInt32](repeating: 0, count: mask + 1)
        for (number, hash) in hashes.enumerated() {
            var place = Int(truncatingIfNeeded: hash) & mask
            while places[place] != 0 { place = (place + 1) & mask }
            places[place] = UInt32(number + 1)
        }
    }
}
