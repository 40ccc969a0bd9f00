extension TimeText {
    /// A date and a time of day as tables and exports of spreadsheets write them:
    /// `2026/4/1 9:05`, `2026-04-01 09:05:03.120`, `2026.4.1 9:05:03`, `2026年4月1日 9時5分3秒`.
    ///
    /// Taken as well: two digits where one would do, `T` between date and time, no seconds, and
    /// behind the time what `rfc3339` takes as a zone; and `Nov 27 2026 09:05:03.120`, as CEF
    /// writes it, with `UTC` or `GMT` behind it or nothing. UTF-8 only.
    public static func civil(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Found? {
        if let found = rfc3339(bytes, range) ?? monthFirst(bytes, range) { return found }
        var reader = CivilReader(bytes, range)
        guard let year = reader.number(digits: 4), reader.mark(["/", "-", ".", "年"]),
            let month = reader.number(digits: 2), reader.mark(["/", "-", ".", "月"]),
            let day = reader.number(digits: 2)
        else { return nil }
        _ = reader.mark(["日"])
        guard reader.mark([" ", "T", "　"]) else { return nil }
        _ = reader.mark([" "])
        guard let hour = reader.number(digits: 2), reader.mark([":", "時"]),
            let minute = reader.number(digits: 2)
        else { return nil }
        var value = Value(civil: CivilTime(year: year, month: month, day: day))
        value.civil.hour = hour
        value.civil.minute = minute
        if reader.mark([":", "分"]), let second = reader.number(digits: 2) {
            value.civil.second = second
            if reader.mark(["."]) { reader.fraction(&value) }
            _ = reader.mark(["秒"])
        }
        guard year > 0, value.civil.isValid else { return nil }
        return (reader.at, value)
    }

    private static func monthFirst(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Found? {
        guard range.count >= 18,
            let month = month(bytes, range.lowerBound..<range.lowerBound + 3)
        else { return nil }
        var reader = CivilReader(bytes, range.lowerBound + 3..<range.upperBound)
        guard reader.mark([" "]), let day = reader.number(digits: 2), reader.mark([" "]),
            let year = reader.number(digits: 4), reader.mark([" "]),
            let hour = reader.number(digits: 2), reader.mark([":"]),
            let minute = reader.number(digits: 2), reader.mark([":"]),
            let second = reader.number(digits: 2)
        else { return nil }
        var value = Value(civil: CivilTime(year: year, month: month, day: day))
        value.civil.hour = hour
        value.civil.minute = minute
        value.civil.second = second
        if reader.mark(["."]) { reader.fraction(&value) }
        if reader.mark([" UTC", " GMT"]) { value.offsetSeconds = 0 }
        guard year > 0, value.civil.isValid else { return nil }
        return (reader.at, value)
    }
}

/// Reads the parts of a time from left to right.
private struct CivilReader: ~Escapable {
    private let bytes: Span<UInt8>
    private let end: Int
    private(set) var at: Int

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        at = range.lowerBound
        end = range.upperBound
    }

    /// A number of at least one digit and at most `digits`.
    mutating func number(digits: Int) -> Int? {
        var value = 0
        var count = 0
        while at < end, count < digits, bytes[at] &- 0x30 <= 9 {
            value = value * 10 + Int(bytes[at] &- 0x30)
            at += 1
            count += 1
        }
        return count > 0 && (digits < 4 || count == digits) ? value : nil
    }

    /// Passes over one of the marks.
    mutating func mark(_ marks: [StaticString]) -> Bool {
        for mark in marks {
            let count = mark.utf8CodeUnitCount
            guard end - at >= count else { continue }
            var isSame = true
            for index in 0..<count {
                // Safe: a static string has that many bytes and lives for ever.
                isSame = unsafe isSame && bytes[at + index] == mark.utf8Start[index]
            }
            guard isSame else { continue }
            at += count
            return true
        }
        return false
    }

    /// Digits of a second's fraction; those behind the ninth do not count.
    mutating func fraction(_ value: inout TimeText.Value) {
        var scale = 100_000_000
        while at < end, bytes[at] &- 0x30 <= 9 {
            value.civil.nanosecond += Int(bytes[at] &- 0x30) * scale
            scale /= 10
            value.fractionDigits += 1
            at += 1
        }
    }
}
