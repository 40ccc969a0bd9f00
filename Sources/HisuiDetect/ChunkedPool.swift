/// Elements under numbers from 0 on, in chunks: growing copies none of those that are there, and
/// wastes less than a chunk.
struct ChunkedPool<Element: BitwiseCopyable> {
    private var chunks: [[Element]] = []
    private(set) var count = 0

    private static var shift: Int { 10 }
    private static var mask: Int { 1 << shift - 1 }

    subscript(number: Int) -> Element {
        get { chunks[number >> Self.shift][number & Self.mask] }
        set { chunks[number >> Self.shift][number & Self.mask] = newValue }
    }

    subscript(number: UInt32) -> Element {
        get { self[Int(number)] }
        set { self[Int(number)] = newValue }
    }

    mutating func append(_ element: Element) {
        if count & Self.mask == 0 {
            chunks.append([])
            // The first one grows as it is needed: most rules have few groups.
            if count > 0 { chunks[count >> Self.shift].reserveCapacity(1 << Self.shift) }
        }
        chunks[count >> Self.shift].append(element)
        count += 1
    }

    /// Appends `element` until there are `count`.
    mutating func grow(to count: Int, _ element: Element) {
        while self.count < count { append(element) }
    }
}
