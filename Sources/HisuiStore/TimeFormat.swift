import HisuiBytes

/// A way to write a time: what a column of times has in common, so that its values follow from the
/// times of the rows and need not be stored.
///
///     0   Nov 17 09:00:01                     RFC 3164 §4.1.2, the day padded with a space
///     1   2025-11-17T09:00:01.123456+09:00    RFC 3339 and its relatives
struct TimeFormat: Equatable, Sendable {
    /// The raw value is stored; never renumber.
    enum Style: UInt8, Sendable {
        case monthDay = 0
        case date = 1
    }

    /// How the text tells its zone. The raw value is stored; never renumber.
    enum Zone: UInt8, Sendable {
        case none = 0
        case z = 1
        /// `+09:00`
        case colon = 2
        /// `+0900`
        case plain = 3
    }

    var style = Style.monthDay
    /// Between date and time of day.
    var separator: UInt8 = 0x20
    /// Before the fraction.
    var mark: UInt8 = 0x2E
    /// Digits of the fraction, 0 to 9.
    var fractionDigits = 0
    var zone = Zone.none
    /// Seconds that the text is ahead of UTC, whether it says so or not.
    var offsetSeconds = 0

    /// The longest value is shorter.
    static let lengthMax = 48
    private static let offsetSecondsMax = 18 * 3600

    /// The format in which `time` is `text`; nil if there is none.
    init?(of text: Span<UInt8>, time: Int64) {
        let (seconds, _) = time.floorDivided(by: 1_000_000_000)
        guard text.count < Self.lengthMax, let (format, offset) = Self.read(text, seconds),
            offset.magnitude <= Self.offsetSecondsMax, offset % 60 == 0
        else { return nil }
        self = format
        offsetSeconds = Int(offset)
        var writer = TimeWriter(self)
        guard writer.writes(text, for: time) else { return nil }
    }

    /// What format a text seems to have, and how far ahead of `seconds` its clock is.
    private static func read(
        _ text: Span<UInt8>, _ seconds: Int64
    ) -> (TimeFormat, offset: Int64)? {
        let whole = 0..<text.count
        if let (end, value) = TimeText.rfc3339(text, whole), end == text.count {
            var format = TimeFormat(style: .date, separator: text[10])
            format.fractionDigits = value.fractionDigits
            if value.fractionDigits > 0 { format.mark = text[19] }
            let zone = text.count - 19 - (value.fractionDigits > 0 ? value.fractionDigits + 1 : 0)
            switch zone {
            case 0: format.zone = .none
            case 1: format.zone = .z
            case 5: format.zone = .plain
            case 6: format.zone = .colon
            default: return nil
            }
            return (format, value.civil.seconds - seconds)
        }
        guard let (end, value) = TimeText.rfc3164(text, whole), end == text.count else {
            return nil
        }
        var civil = value.civil
        var best = Int64.max
        let year = CivilTime(days: Int(seconds.floorDivided(by: 86_400).quotient)).year
        for near in year - 1...year + 1 {
            civil.year = near
            let offset = civil.seconds - seconds
            if offset.magnitude < best.magnitude { best = offset }
        }
        return (TimeFormat(), best)
    }

    private init(style: Style = .monthDay, separator: UInt8 = 0x20) {
        self.style = style
        self.separator = separator
    }

    ///     u8 style; u8 separator; u8 mark; u8 digits of the fraction; u8 zone; signed varint
    ///     offset
    func encode(into out: inout [UInt8]) {
        out += [style.rawValue, separator, mark, UInt8(fractionDigits), zone.rawValue]
        out.appendSignedVarint(Int64(offsetSeconds))
    }

    init(decoding reader: inout ByteReader) throws {
        guard let style = Style(rawValue: try reader.u8()) else {
            throw NumberPattern.Malformed(what: "an unknown way to write times")
        }
        self.style = style
        separator = try reader.u8()
        mark = try reader.u8()
        fractionDigits = Int(try reader.u8())
        guard fractionDigits <= 9, let zone = Zone(rawValue: try reader.u8()) else {
            throw NumberPattern.Malformed(what: "an unknown way to write times")
        }
        self.zone = zone
        let offset = try reader.signedVarint()
        guard offset.magnitude <= Self.offsetSecondsMax, offset % 60 == 0 else {
            throw NumberPattern.Malformed(what: "a zone too far from UTC")
        }
        offsetSeconds = Int(offset)
    }
}

/// Writes times in one format; remembers the day written last.
struct TimeWriter {
    private let format: TimeFormat
    private var day = Int64.min
    /// The text of the day, up to the time of day.
    private var date = Text()
    /// What stands behind the fraction.
    private var suffix = Text()
    private let scale: Int64

    /// A few bytes.
    private struct Text {
        /// A date and its separator have 11 bytes, a zone has 6.
        private(set) var bytes = InlineArray<16, UInt8>(repeating: 0)
        private(set) var count = 0

        mutating func append(_ byte: UInt8) {
            bytes[count] = byte
            count += 1
        }

        /// Appends the last `width` digits of a number.
        mutating func append(_ value: Int, width: Int) {
            var divisor = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
                divisor /= 10
            }
        }

        mutating func removeAll() { count = 0 }
    }

    init(_ format: TimeFormat) {
        self.format = format
        var scale: Int64 = 1_000_000_000
        for _ in 0..<format.fractionDigits { scale /= 10 }
        self.scale = scale
        let magnitude = Int(format.offsetSeconds.magnitude)
        switch format.zone {
        case .none: break
        case .z: suffix.append(0x5A)
        case .colon, .plain:
            suffix.append(format.offsetSeconds < 0 ? 0x2D : 0x2B)
            suffix.append(magnitude / 3600, width: 2)
            if format.zone == .colon { suffix.append(0x3A) }
            suffix.append(magnitude / 60 % 60, width: 2)
        }
    }

    private static let months = Array("JanFebMarAprMayJunJulAugSepOctNovDec".utf8)

    private mutating func begin(_ day: Int64) {
        self.day = day
        let civil = CivilTime(days: Int(day))
        date.removeAll()
        switch format.style {
        case .monthDay:
            for index in 3 * (civil.month - 1)..<3 * civil.month { date.append(Self.months[index]) }
            date.append(0x20)
            if civil.day < 10 { date.append(0x20) }
            date.append(civil.day, width: civil.day < 10 ? 1 : 2)
        case .date:
            date.append(civil.year, width: 4)
            date.append(0x2D)
            date.append(civil.month, width: 2)
            date.append(0x2D)
            date.append(civil.day, width: 2)
        }
        date.append(format.separator)
    }

    /// Writes `time`.
    ///
    /// - Parameter out: room for `TimeFormat.lengthMax` bytes.
    /// - Returns: how many bytes were written.
    @unsafe
    mutating func write(_ time: Int64, to out: UnsafeMutablePointer<UInt8>) -> Int {
        let (seconds, nanoseconds) = time.floorDivided(by: 1_000_000_000)
        let local = seconds + Int64(format.offsetSeconds)
        let (day, ofDay) = local.floorDivided(by: 86_400)
        if day != self.day { begin(day) }
        var at = 0
        for index in 0..<date.count {
            // Safe: what is written has 35 bytes at most.
            unsafe out[at] = date.bytes[index]
            at += 1
        }
        for (part, mark) in [(ofDay / 3600, 0x3A), (ofDay / 60 % 60, 0x3A), (ofDay % 60, 0)] {
            unsafe out[at] = 0x30 + UInt8(truncatingIfNeeded: part / 10)
            unsafe out[at + 1] = 0x30 + UInt8(truncatingIfNeeded: part % 10)
            at += 2
            if mark != 0 {
                unsafe out[at] = UInt8(mark)
                at += 1
            }
        }
        if format.fractionDigits > 0 {
            unsafe out[at] = format.mark
            at += format.fractionDigits + 1
            var rest = nanoseconds / scale
            for back in 1...format.fractionDigits {
                unsafe out[at - back] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
        }
        for index in 0..<suffix.count {
            unsafe out[at] = suffix.bytes[index]
            at += 1
        }
        return at
    }

    /// Whether `time` is written as `text`.
    mutating func writes(_ text: Span<UInt8>, for time: Int64) -> Bool {
        unsafe text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return false }
            // Safe: the text has that many bytes.
            return unsafe writes(base, text.count, for: time)
        }
    }

    /// Whether `time` is written as the `count` bytes of `text`.
    @inline(__always)
    @unsafe
    mutating func writes(_ text: UnsafePointer<UInt8>, _ count: Int, for time: Int64) -> Bool {
        unsafe withUnsafeTemporaryAllocation(
            of: UInt8.self, capacity: TimeFormat.lengthMax
        ) { room in
            guard let out = room.baseAddress else { return false }
            // Safe: the room is what `write` asks for; both have `count` bytes where compared.
            guard unsafe write(time, to: out) == count else { return false }
            for index in 0..<count where unsafe out[index] != text[index] { return false }
            return true
        }
    }
}
