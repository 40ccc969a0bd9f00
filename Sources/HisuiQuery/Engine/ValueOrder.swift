import HisuiBytes

/// A value read so that it can be ordered: the empty value, then numbers by their value, then text
/// with runs of digits taken as numbers (`host9` before `host10`).
enum SortKey: Sendable {
    case empty
    case number(Number)
    case text([UInt8])

    init(_ value: Span<UInt8>) {
        if value.isEmpty {
            self = .empty
        } else if let number = Number(value) {
            self = .number(number)
        } else {
            var text: [UInt8] = []
            text.append(value, 0..<value.count)
            self = .text(text)
        }
    }

    private var rank: Int {
        switch self {
        case .empty: 0
        case .number: 1
        case .text: 2
        }
    }

    /// Less than, equal to or greater than 0 as this stands before, beside or after `other`.
    func compare(_ other: SortKey) -> Int {
        switch (self, other) {
        case (.number(let a), .number(let b)): a < b ? -1 : (b < a ? 1 : 0)
        case (.text(let a), .text(let b)): ValueOrder.natural(a.span, b.span)
        default: rank - other.rank
        }
    }

    /// Whether this is more of a least value than `other`, or of a greatest one; an empty value is
    /// neither.
    func isBetter(than other: SortKey, isMax: Bool) -> Bool {
        if case .empty = self { return false }
        if case .empty = other { return true }
        let order = compare(other)
        return isMax ? order > 0 : order < 0
    }

    static func compare(_ a: [SortKey], _ b: [SortKey]) -> Int {
        for (left, right) in zip(a, b) {
            let order = left.compare(right)
            if order != 0 { return order }
        }
        return 0
    }

    /// About how much memory the key takes beside its case.
    var memory: Int {
        if case .text(let text) = self { text.count + 32 } else { 0 }
    }
}

/// Orders of bytes.
enum ValueOrder {
    /// By bytes, a prefix before what it begins.
    static func bytes(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Int {
        let common = min(a.count, b.count)
        for index in 0..<common where a[index] != b[index] {
            return Int(a[index]) - Int(b[index])
        }
        return a.count - b.count
    }

    /// By bytes, but runs of digits by their number; by bytes where that makes no difference.
    static func natural(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Int {
        var i = 0
        var j = 0
        while i < a.count, j < b.count {
            if isDigit(a[i]), isDigit(b[j]) {
                let (aStart, aEnd) = digits(a, from: i)
                let (bStart, bEnd) = digits(b, from: j)
                if aEnd - aStart != bEnd - bStart { return (aEnd - aStart) - (bEnd - bStart) }
                let order = bytes(a.extracting(aStart..<aEnd), b.extracting(bStart..<bEnd))
                if order != 0 { return order }
                i = aEnd
                j = bEnd
            } else {
                if a[i] != b[j] { return Int(a[i]) - Int(b[j]) }
                i += 1
                j += 1
            }
        }
        let order = (a.count - i) - (b.count - j)
        return order != 0 ? order : bytes(a, b)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The run of digits at `start`, without leading zeros, and its end.
    private static func digits(_ bytes: Span<UInt8>, from start: Int) -> (Int, Int) {
        var first = start
        while first < bytes.count, bytes[first] == 0x30 { first += 1 }
        var end = first
        while end < bytes.count, isDigit(bytes[end]) { end += 1 }
        return (first, end)
    }
}
