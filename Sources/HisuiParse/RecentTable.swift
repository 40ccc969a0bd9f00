/// A table that holds so many entries at most, and lets the one that was put in first go.
///
/// Changing an entry does not make it younger: what is let go depends on the order of the first
/// entries alone.
struct RecentTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        /// Which putting in this was: tells an entry from an earlier one with its key.
        var number: UInt64
    }

    private var entries: [Key: Entry] = [:]
    private var order: [(key: Key, number: UInt64)] = []
    /// The first in `order` that was not looked at.
    private var head = 0
    private var next: UInt64 = 0
    let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    /// - Complexity: O(1) on average.
    subscript(key: Key) -> Value? { entries[key]?.value }

    /// Sets a value; a new key lets the oldest entry go where the table is full.
    ///
    /// - Returns: what had to go for it.
    mutating func put(_ value: Value, for key: Key) -> Value? {
        if entries[key] != nil {
            entries[key]?.value = value
            return nil
        }
        let gone = entries.count >= countMax ? removeOldest() : nil
        entries[key] = Entry(value: value, number: next)
        order.append((key, next))
        next += 1
        if order.count > 2 * countMax + 16 {
            order = order[head...].filter { entries[$0.key]?.number == $0.number }
            head = 0
        }
        return gone
    }

    /// Changes a value in its place; nothing without one.
    mutating func change(_ key: Key, _ body: (inout Value) -> Void) {
        guard let index = entries.index(forKey: key) else { return }
        body(&entries.values[index].value)
    }

    mutating func remove(_ key: Key) -> Value? { entries.removeValue(forKey: key)?.value }

    private mutating func removeOldest() -> Value? {
        while head < order.count {
            let (key, number) = order[head]
            head += 1
            if entries[key]?.number == number { return entries.removeValue(forKey: key)?.value }
        }
        return nil
    }
}
