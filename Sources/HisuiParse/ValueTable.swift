import HisuiBytes
import HisuiShape

/// Values to compare a text with, as `when` and `cases` list them: says which of them it is.
///
/// The first value in the order of the list that fits is the one. Exact values are looked up in a
/// sorted table first; that gives the same, because a list in which a pattern comes before an exact
/// value that it fits is refused (`firstHidden`).
///
/// A table may be of the value of a pair: then it finds the pair in the text first. One whose name
/// stands more than once has no value here, for a stranger may have written one of the two.
struct ValueTable: Sendable {
    private struct Entry: Sendable {
        var offset: Int
        var count: Int
        /// Its place in the list.
        var number: Int
    }

    /// What fits values that are not exact.
    private struct Pattern: Sendable {
        var value: ValuePattern
        var number: Int
    }

    /// Exact values by length, then by their bytes.
    private var entries: [Entry] = []
    private var patterns: [Pattern] = []
    private var bytes: [UInt8] = []
    /// How many values are in the list.
    let count: Int
    /// The name of the pair whose value it is; empty: the text is the value.
    let pair: [UInt8]

    init(_ values: [ValuePattern], ofPair pair: String = "") {
        self.pair = Array(pair.utf8)
        count = values.count
        var exact: [(text: [UInt8], number: Int)] = []
        for (number, value) in values.enumerated() {
            if case .exact(let text) = value {
                exact.append((text, number))
            } else {
                patterns.append(Pattern(value: value, number: number))
            }
        }
        exact.sort { a, b in
            a.text.count == b.text.count
                ? a.text.lexicographicallyPrecedes(b.text) : a.text.count < b.text.count
        }
        for (text, number) in exact {
            entries.append(Entry(offset: bytes.count, count: text.count, number: number))
            bytes += text
        }
    }

    /// The place in the list of the value that the text is; -1 if it is none of them.
    ///
    /// - Complexity: O(length × `cost`).
    @inline(__always)
    func find<Steps: StepCounting>(
        _ text: Span<UInt8>, _ range: Range<Int>, steps: inout Steps
    ) -> Int {
        pair.isEmpty ? findValue(text, range, &steps) : findPair(text, range, &steps)
    }

    @inline(never)
    private func findPair<Steps: StepCounting>(
        _ text: Span<UInt8>, _ range: Range<Int>, _ steps: inout Steps
    ) -> Int {
        steps.add(range.count * Self.pairCost(pair))
        guard case .once(let found) = Parser.pairText.presence(of: pair, in: text, range)
        else { return -1 }
        guard found.isQuoted, ByteSearch.first(of: 0x5C, in: text, found.value) != nil
        else { return findValue(text, found.value, &steps) }
        var value: [UInt8] = []
        Shape.Decoding.backslashEscapes.append(text, ByteRange(found.value), to: &value)
        return findValue(value.span, 0..<value.count, &steps)
    }

    /// Comparisons for each byte of a text in which a pair is looked for, at most: for the
    /// separator, for the pairs, and for other places of the name.
    private static func pairCost(_ name: [UInt8]) -> Int {
        name.isEmpty ? 0 : 12 + 2 * name.count
    }

    @inline(__always)
    private func findValue<Steps: StepCounting>(
        _ text: Span<UInt8>, _ range: Range<Int>, _ steps: inout Steps
    ) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            let order = order(entries[middle], text, range, &steps)
            if order == 0 { return entries[middle].number }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        for pattern in patterns {
            steps.add(range.count)
            if pattern.value.matches(text, range) { return pattern.number }
        }
        return -1
    }

    /// Negative if the entry comes before the text, 0 if it is the text.
    private func order<Steps: StepCounting>(
        _ entry: Entry, _ text: Span<UInt8>, _ range: Range<Int>, _ steps: inout Steps
    ) -> Int {
        guard entry.count == range.count else { return entry.count - range.count }
        for index in 0..<entry.count {
            steps.add(1)
            let (own, other) = (bytes[entry.offset + index], text[range.lowerBound + index])
            if own != other { return Int(own) - Int(other) }
        }
        return 0
    }

    /// Comparisons for each byte of a text, at most.
    var cost: Int {
        Int.bitWidth - entries.count.leadingZeroBitCount + patterns.count + Self.pairCost(pair)
    }

    /// The place of a value that no text reaches, because one before it fits all that it fits.
    static func firstHidden(in values: [ValuePattern]) -> (hidden: Int, by: Int)? {
        for (number, value) in values.enumerated() {
            if let by = values[..<number].firstIndex(where: { $0.covers(value) }) {
                return (number, by)
            }
        }
        return nil
    }
}

extension ValuePattern {
    /// Whether every text that `other` fits fits this.
    func covers(_ other: ValuePattern) -> Bool {
        switch (self, other) {
        case (.exact(let a), .exact(let b)): a == b
        case (.prefix(let a), .exact(let b)), (.prefix(let a), .prefix(let b)): b.starts(with: a)
        case (.suffix(let a), .exact(let b)), (.suffix(let a), .suffix(let b)):
            b.reversed().starts(with: a.reversed())
        case (.something, .exact(let b)), (.something, .prefix(let b)),
            (.something, .suffix(let b)):
            // A lone hyphen says that there is nothing.
            !b.isEmpty && b != [0x2D]
        case (.something, .something): true
        default: false
        }
    }
}
