import HisuiBytes

/// The different values of each group, each with how often it was seen: what has to see all values
/// before it can say anything keeps them here.
struct ValueTally {
    /// Values, each after the four bytes of its group.
    private var seen = GroupTable()
    private var counts: [UInt64] = []
    /// The values of each group, by their numbers in `seen`.
    private var members: [[UInt32]] = []
    private var key: [UInt8] = []

    /// About how much memory it takes, with the keys that `ordered` makes.
    var memory: Int {
        2 * seen.memory + counts.count * (8 + 4 + MemoryLayout<SortKey>.stride)
            + members.count * 48
    }

    /// Takes a value `times` times; a new one only if the group has fewer than `limit`.
    mutating func add(_ value: Span<UInt8>, group: Int, times: UInt64 = 1, limit: Int = .max) {
        while members.count <= group { members.append([]) }
        key.removeAll(keepingCapacity: true)
        key.appendLittleEndian(UInt32(group))
        key.append(value, 0..<value.count)
        let key = key
        if members[group].count >= limit, !seen.contains(key.span) { return }
        let (number, isNew) = seen.number(of: key.span)
        if isNew {
            counts.append(0)
            members[group].append(UInt32(number))
        }
        counts[number] += times
    }

    /// Takes over what `other` has seen.
    mutating func merge(_ other: ValueTally, groups: [Int], limit: Int = .max) {
        let bytes = other.seen.bytes
        for (place, numbers) in other.members.enumerated() {
            for number in numbers {
                let range = other.seen.range(of: Int(number)).dropFirst(4)
                add(
                    bytes.span.extracting(range), group: groups[place],
                    times: other.counts[Int(number)], limit: limit)
            }
        }
    }

    /// The values of a group in the order of `sort`, those that are equal there in the order of
    /// their bytes.
    ///
    /// - Complexity: O(n log n) for n different values.
    func ordered(group: Int) -> [(value: [UInt8], count: UInt64)] {
        guard group < members.count else { return [] }
        let bytes = seen.bytes
        var values = members[group].map { number in
            let value = Array(bytes[seen.range(of: Int(number)).dropFirst(4)])
            return (key: SortKey(value.span), value: value, count: counts[Int(number)])
        }
        values.sort { a, b in
            let order = a.key.compare(b.key)
            return order != 0 ? order < 0 : ValueOrder.bytes(a.value.span, b.value.span) < 0
        }
        return values.map { ($0.value, $0.count) }
    }
}
