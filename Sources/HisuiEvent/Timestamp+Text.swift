public import HisuiBytes

// Times as RFC 3339 writes them, one way for everything that is read again or shown.
extension Timestamp {
    /// The time in UTC with nine digits behind the second, as acts and checkpoints hold it.
    public var utcText: String { text(offsetSeconds: 0, fractionDigits: 9) }

    /// The time on the clocks of a time zone.
    ///
    /// - Parameter fractionDigits: digits behind the second, 0 to 9.
    public func text(_ zone: TimeZoneRules, fractionDigits: Int = 0) -> String {
        text(
            offsetSeconds: zone.offsetSeconds(atUTCNanoseconds: nanoseconds),
            fractionDigits: fractionDigits)
    }

    /// The time at a distance from UTC, in seconds east.
    ///
    /// - Parameter fractionDigits: digits behind the second, 0 to 9.
    public func text(offsetSeconds: Int, fractionDigits: Int = 0) -> String {
        var text: [UInt8] = []
        TimeText.appendRFC3339(
            nanoseconds: nanoseconds, offsetSeconds: offsetSeconds,
            fractionDigits: fractionDigits, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The time that a text says; nil unless all of it is one RFC 3339 time with its offset.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard let (end, value) = TimeText.rfc3339(bytes.span, 0..<bytes.count),
            end == bytes.count, value.offsetSeconds != nil,
            let nanoseconds = value.nanoseconds(zone: .utc, received: 0)
        else { return nil }
        self.init(nanoseconds: nanoseconds)
    }
}
