/// Durations as LogsQL writes them: `5m`, `1h30m`, `2.5d`, `-3s`.
enum Duration {
    private static let units: [(name: [UInt8], nanoseconds: Double)] = [
        (Array("ns".utf8), 1), (Array("µs".utf8), 1e3), (Array("μs".utf8), 1e3),
        (Array("us".utf8), 1e3), (Array("ms".utf8), 1e6), (Array("s".utf8), 1e9),
        (Array("m".utf8), 60e9), (Array("h".utf8), 3600e9), (Array("d".utf8), 86_400e9),
        (Array("w".utf8), 604_800e9), (Array("y".utf8), 31_536_000e9),
    ]

    /// The duration that `bytes` as a whole are; nil if they are none, or one of over 292 years.
    static func nanoseconds(_ bytes: Span<UInt8>) -> Int64? {
        var index = 0
        var isNegative = false
        if index < bytes.count, bytes[index] == 0x2D || bytes[index] == 0x2B {
            isNegative = bytes[index] == 0x2D
            index += 1
        }
        guard index < bytes.count else { return nil }
        var total = 0.0
        while index < bytes.count {
            let start = index
            while index < bytes.count, bytes[index] &- 0x30 < 10 || bytes[index] == 0x2E {
                index += 1
            }
            guard index > start, let value = Number.decimal(bytes, start..<index),
                let unit = unit(bytes, at: index)
            else { return nil }
            total += value * unit.nanoseconds
            index += unit.length
        }
        let signed = isNegative ? -total : total
        return Int64(exactly: signed.rounded())
    }

    /// The longest unit that stands at `index`.
    private static func unit(
        _ bytes: Span<UInt8>, at index: Int
    ) -> (nanoseconds: Double, length: Int)? {
        var best: (nanoseconds: Double, length: Int)?
        for unit in units where index + unit.name.count <= bytes.count {
            var place = 0
            while place < unit.name.count, bytes[index + place] == unit.name[place] { place += 1 }
            if place == unit.name.count, place > best?.length ?? 0 {
                best = (unit.nanoseconds, place)
            }
        }
        return best
    }
}
