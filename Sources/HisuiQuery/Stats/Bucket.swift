import HisuiBytes

/// How values of a field are put together for `stats by`: `_time:1h`, `_time:day offset 9h`,
/// `size:10KB`, `source.ip:/24`.
struct Bucket: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        /// Nanoseconds.
        case duration(Int64)
        case month
        case year
        case number(Double)
        /// The first so many bits of an IPv4 address.
        case network(Int)
    }

    let step: Step
    /// Nanoseconds, or units of a number, that the buckets are moved by.
    let offset: Int64
    /// As the query says it.
    let text: String

    private static let names: [String: Step] = [
        "nanosecond": .duration(1), "microsecond": .duration(1000),
        "millisecond": .duration(1_000_000), "second": .duration(1_000_000_000),
        "minute": .duration(60_000_000_000), "hour": .duration(3_600_000_000_000),
        "day": .duration(86_400_000_000_000), "week": .duration(604_800_000_000_000),
        "month": .month, "year": .year,
    ]

    /// Takes what stands after the colon.
    static func parse(_ parser: inout Parser) throws(QueryError) -> Bucket {
        let token = parser.current
        let value = try parser.value()
        var text = String(decoding: value, as: UTF8.self)
        let step: Step
        if text.utf8.first == UInt8(ascii: "/") {
            guard let bits = DecimalText.parse(value.span, 1..<value.count),
                (0...32).contains(bits)
            else {
                throw parser.error("expected a network of IPv4 like /24, up to /32", at: token)
            }
            return Bucket(step: .network(Int(bits)), offset: 0, text: text)
        }
        if let named = names[text.lowercased()] {
            step = named
        } else if let duration = Duration.nanoseconds(value.span), duration > 0,
            DecimalText.parse(value.span, 0..<value.count) == nil
        {
            step = .duration(duration)
        } else if let number = Number(bound: value), number.value > 0, number.value.isFinite {
            step = .number(number.value)
        } else {
            throw parser.error(
                "expected a step above 0, like 5m, day, month or 10KB", at: token)
        }
        var offset: Int64 = 0
        if parser.takeKeyword("offset") {
            let (offsetText, nanoseconds) = try Self.offset(of: step, &parser)
            offset = nanoseconds
            text += " offset " + offsetText
        }
        return Bucket(step: step, offset: offset, text: text)
    }

    /// Takes what buckets are moved by: a duration, or a whole number where they are of numbers.
    private static func offset(
        of step: Step, _ parser: inout Parser
    ) throws(QueryError) -> (String, Int64) {
        guard case .number = step else { return try parser.duration() }
        let token = parser.current
        let (text, number) = try parser.number()
        guard let whole = number.whole else {
            throw parser.error("expected a whole number after ‘offset’", at: token)
        }
        return (String(decoding: text, as: UTF8.self), whole)
    }

    /// The beginning of the bucket that `time` lies in.
    func start(ofTime time: Int64) -> Int64 {
        let moved = TimeLiteral.added(time, offset == .min ? .max : offset)
        let start: Int64
        switch step {
        case .duration(let step): start = moved - Self.remainder(moved, step)
        case .number(let step):
            let step = max(1, Int64(exactly: step.rounded()) ?? 1)
            start = moved - Self.remainder(moved, step)
        case .month, .year:
            var civil = CivilTime(nanoseconds: moved)
            (civil.day, civil.hour, civil.minute, civil.second, civil.nanosecond) = (1, 0, 0, 0, 0)
            if step == .year { civil.month = 1 }
            start = civil.nanoseconds ?? moved
        case .network: return time
        }
        return TimeLiteral.added(start, offset == .min ? .max : -offset)
    }

    /// Where a bucket that begins at `start` ends; nil if that is not the same for all.
    func end(ofStart start: Int64) -> Int64? {
        guard case .duration(let step) = step, start > .min + step, start < .max - step else {
            return nil
        }
        return start + step
    }

    /// Whether no bucket begins within a second.
    var isOfWholeSeconds: Bool {
        guard case .duration(let step) = step else { return false }
        return step % 1_000_000_000 == 0 && offset % 1_000_000_000 == 0
    }

    /// Whether all buckets begin with a stretch of so many nanoseconds, counted from 1970.
    func begins(withStretchesOf nanoseconds: Int64) -> Bool {
        switch step {
        case .duration(let step): step % nanoseconds == 0 && offset % nanoseconds == 0
        case .month, .year: offset % nanoseconds == 0
        case .number, .network: false
        }
    }

    private static func remainder(_ value: Int64, _ step: Int64) -> Int64 {
        // Before 1970 the bucket begins earlier, not later; the first one of all is cut short.
        let remainder = value % step
        guard remainder < 0 else { return remainder }
        return value >= .min + step ? remainder + step : 0
    }

    /// Appends the beginning of the bucket that `value` lies in; values that are no time and no
    /// number stand for themselves.
    func append(_ value: Span<UInt8>, to out: inout [UInt8]) {
        if let time = value.count >= 20 ? TimeLiteral.complete(value) : nil {
            UTCText.append(start(ofTime: time), to: &out)
        } else if case .network(let bits) = step {
            appendNetwork(value, bits, to: &out)
        } else if let number = Number(value)?.value {
            let step: Double =
                switch step {
                case .duration(let nanoseconds): Double(nanoseconds)
                case .number(let step): step
                case .month, .year, .network: 1
                }
            let moved = number + Double(offset)
            Number((moved / step).rounded(.down) * step - Double(offset)).append(to: &out)
        } else {
            out.append(value, 0..<value.count)
        }
    }

    /// Appends the first address of the network that an IPv4 address lies in; what is no address
    /// stands for itself.
    private func appendNetwork(_ value: Span<UInt8>, _ bits: Int, to out: inout [UInt8]) {
        guard let address = Number.ipv4(value, 0..<value.count) else {
            out.append(value, 0..<value.count)
            return
        }
        // A shift by all 32 bits leaves none.
        IPv4Text.append(address & UInt32.max << (32 - bits), to: &out)
    }

    /// How many seconds the bucket lasts that begins at `start`; nil for buckets of no time.
    func seconds(from start: Int64) -> Double? {
        switch step {
        case .duration(let nanoseconds): return Double(nanoseconds) / 1e9
        case .number, .network: return nil
        case .month, .year:
            let moved = TimeLiteral.added(start, offset == .min ? .max : offset)
            var civil = CivilTime(nanoseconds: moved)
            if step == .year {
                civil.year += 1
            } else {
                civil.year += civil.month == 12 ? 1 : 0
                civil.month = civil.month % 12 + 1
            }
            return civil.nanoseconds.map { (Double($0) - Double(moved)) / 1e9 }
        }
    }
}
