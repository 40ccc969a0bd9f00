import HisuiBytes

/// The parts of a date as it is written: no zone is looked at and none is added.
///
///     2026-11-23T02:12:01Z   2026-11-23 02:12   2026/11/23   20261123T021201
///     23/Nov/2026:02:12:01   Mon, 23 Nov 2026 02:12:01   Mon Nov 23 02:12:01 2026
///     Nov 23 02:12:01        02:12:01
///
/// What a text leaves out (the year of syslog, the day of a time) it does not have. Counts of
/// seconds are no written dates.
struct WrittenDate {
    /// What the modifier of the same name asks for.
    enum Part: String, CaseIterable, Hashable, Sendable {
        case minute, hour, day, week, month, year

        /// What it can be. Weeks are those of ISO 8601.
        var range: ClosedRange<Double> {
            switch self {
            case .minute: 0...59
            case .hour: 0...23
            case .day: 1...31
            case .week: 1...53
            case .month: 1...12
            case .year: 0...9999
            }
        }
    }

    private var year: Int?
    private var month: Int?
    private var day: Int?
    private var hour: Int?
    private var minute: Int?

    /// Nil where no date or time stands in `range`.
    ///
    /// - Complexity: O(1): a date is short.
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var reader = Reader(bytes: bytes, at: range.lowerBound, end: range.upperBound)
        guard read(&reader) else { return nil }
        if let month, !(1...12).contains(month) { return nil }
        if let day, !(1...31).contains(day) { return nil }
        if let hour, let minute, hour > 23 || minute > 59 { return nil }
    }

    /// A part, where the text has it.
    subscript(part: Part) -> Int? {
        switch part {
        case .minute: minute
        case .hour: hour
        case .day: day
        case .month: month
        case .year: year
        case .week: week
        }
    }

    /// The week of ISO 8601: the first one has the year's first Thursday.
    private var week: Int? {
        guard let year, let month, let day,
            day <= 28
                || day <= CivilTime.days(
                    year: month == 12 ? year + 1 : year,
                    month: month % 12 + 1, day: 1)
                    - CivilTime.days(year: year, month: month, day: 1)
        else { return nil }
        let days = CivilTime.days(year: year, month: month, day: day)
        // 1970-01-01 was a Thursday; the week's Thursday says which year the week is of.
        let thursday = days - ((days + 3) % 7 + 7) % 7 + 3
        let first = CivilTime.days(year: CivilTime(days: thursday).year, month: 1, day: 1)
        return (thursday - first) / 7 + 1
    }

    private mutating func read(_ reader: inout Reader) -> Bool {
        let digits = reader.digitCount
        if digits == 0 { return readNamed(&reader) }
        if digits == 8, reader.peek(8) == UInt8(ascii: "T") {
            (year, month, day) = (reader.number(4), reader.number(2), reader.number(2))
            reader.at += 1
            if reader.digitCount >= 4 { (hour, minute) = (reader.number(2), reader.number(2)) }
            return true
        }
        if digits == 4, let mark = reader.peek(4), mark == 0x2D || mark == 0x2F {
            year = reader.number(4)
            reader.at += 1
            month = reader.number(2)
            guard month != nil, reader.take(mark) else { return false }
            day = reader.number(2)
            if reader.digitCount > 0 || day == nil { return false }
            if reader.take(UInt8(ascii: "T")) || reader.take(0x20) { readTime(&reader) }
            return true
        }
        if digits <= 2, reader.peek(digits) == UInt8(ascii: ":") { return readTime(&reader) }
        return digits <= 2 && readDayFirst(&reader)
    }

    /// `23/Nov/2026:02:12:01` and `23 Nov 2026 02:12:01`.
    private mutating func readDayFirst(_ reader: inout Reader) -> Bool {
        day = reader.number(reader.digitCount)
        guard let mark = reader.peek(0), [0x2F, 0x20, 0x2D].contains(mark) else { return false }
        reader.at += 1
        month = reader.month()
        guard month != nil, reader.take(mark), reader.digitCount == 4 else { return false }
        year = reader.number(4)
        if reader.take(UInt8(ascii: ":")) || reader.take(0x20) { readTime(&reader) }
        return true
    }

    /// `Mon, 23 Nov 2026 02:12:01`, `Mon Nov 23 02:12:01 2026` and `Nov 23 02:12:01`.
    private mutating func readNamed(_ reader: inout Reader) -> Bool {
        if reader.takeWeekday() {
            if reader.digitCount > 0 { return readDayFirst(&reader) }
        }
        month = reader.month()
        guard month != nil, reader.take(0x20) else { return false }
        // Days below ten are put right with a second space.
        _ = reader.take(0x20)
        guard (1...2).contains(reader.digitCount) else { return false }
        day = reader.number(reader.digitCount)
        guard reader.take(0x20) else { return reader.isAtEnd }
        if readTime(&reader), reader.take(0x20), reader.digitCount == 4 {
            year = reader.number(4)
        }
        return true
    }

    /// `02:12`, with seconds and their fraction, which are passed over.
    @discardableResult
    private mutating func readTime(_ reader: inout Reader) -> Bool {
        guard (1...2).contains(reader.digitCount) else { return false }
        let hour = reader.number(reader.digitCount)
        guard reader.take(UInt8(ascii: ":")), reader.digitCount == 2 else { return false }
        self.hour = hour
        minute = reader.number(2)
        while let byte = reader.peek(0), byte == 0x3A || byte == 0x2E || byte &- 0x30 < 10 {
            reader.at += 1
        }
        return true
    }
}

extension WrittenDate {
    /// A place in the text.
    private struct Reader: ~Escapable {
        let bytes: Span<UInt8>
        var at: Int
        let end: Int

        @_lifetime(copy bytes)
        init(bytes: Span<UInt8>, at: Int, end: Int) {
            self.bytes = bytes
            self.at = at
            self.end = end
        }

        var isAtEnd: Bool { at == end }

        func peek(_ offset: Int) -> UInt8? { at + offset < end ? bytes[at + offset] : nil }

        /// Digits that stand here, nine at most.
        var digitCount: Int {
            var count = 0
            while count < 9, let byte = peek(count), byte &- 0x30 < 10 { count += 1 }
            return count
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard peek(0) == byte else { return false }
            at += 1
            return true
        }

        /// Takes a number of so many digits.
        mutating func number(_ digits: Int) -> Int? {
            var value = 0
            for offset in 0..<digits {
                guard let byte = peek(offset), byte &- 0x30 < 10 else { return nil }
                value = value * 10 + Int(byte &- 0x30)
            }
            at += digits
            return value
        }

        /// Takes the English name of a month, three letters.
        mutating func month() -> Int? {
            name("janfebmaraprmayjunjulaugsepoctnovdec").map { $0 + 1 }
        }

        /// Takes the English name of a weekday with what parts it from a date.
        mutating func takeWeekday() -> Bool {
            guard name("montuewedthufrisatsun") != nil else { return false }
            _ = take(UInt8(ascii: ","))
            return take(0x20)
        }

        private mutating func name(_ names: StaticString) -> Int? {
            guard let a = peek(0), let b = peek(1), let c = peek(2) else { return nil }
            let letters = [a, b, c].map(ByteSearch.lowered)
            let all = Array("\(names)".utf8)
            for start in stride(from: 0, to: all.count, by: 3)
            where Array(all[start..<start + 3]) == letters {
                at += 3
                return start / 3
            }
            return nil
        }
    }
}
