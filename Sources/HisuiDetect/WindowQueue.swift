/// Open windows of one set of joined correlations, by their end.
struct WindowQueue {
    struct Item {
        var end: Int64
        var level: Int
        var correlation: Int
        /// Uses its key.
        var group: UInt32
        /// The group's key: what decides between windows that end together.
        var key: [UInt8]

        func isBefore(_ other: Item) -> Bool {
            if end != other.end { return end < other.end }
            if level != other.level { return level < other.level }
            if correlation != other.correlation { return correlation < other.correlation }
            return key.lexicographicallyPrecedes(other.key)
        }
    }

    /// A heap: the least is the first.
    private var items: [Item] = []

    var first: Item? { items.first }

    mutating func add(_ item: Item) {
        items.append(item)
        var at = items.count - 1
        while at > 0, items[at].isBefore(items[(at - 1) / 2]) {
            items.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    mutating func removeFirst() -> Item {
        items.swapAt(0, items.count - 1)
        let item = items.removeLast()
        var at = 0
        while at * 2 + 1 < items.count {
            var child = at * 2 + 1
            if child + 1 < items.count, items[child + 1].isBefore(items[child]) { child += 1 }
            if !items[child].isBefore(items[at]) { break }
            items.swapAt(at, child)
            at = child
        }
        return item
    }
}
