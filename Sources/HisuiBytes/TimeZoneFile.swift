import Glibc

extension TimeZoneRules {
    /// Where the system keeps its zones.
    static let directory = "/usr/share/zoneinfo/"
    /// The largest zone file there is has 4 KiB.
    static let fileBytesMax = 1 << 18

    /// A zone by its name: `UTC`, `Z`, `Asia/Tokyo` or `Japan` and offsets as `+09:00` or `-0330`
    /// without a file, every other IANA name by the system's zone files.
    ///
    /// - Returns: nil if there is no such zone, or its file is unreadable or damaged.
    public init?(name: String) {
        switch name {
        case "UTC", "Z", "Etc/UTC", "GMT":
            self.init(name: name, fixedOffsetSeconds: 0)
            return
        case "Asia/Tokyo", "Japan", "JST":
            self.init(name: name, fixedOffsetSeconds: 9 * 3600)
            return
        default:
            break
        }
        let text = Array(name.utf8)
        if let sign = text.first, sign == 0x2B || sign == 0x2D {
            let found = TimeText.offset(text.span, 0..<text.count)
            guard let found, found.end == text.count else { return nil }
            self.init(name: name, fixedOffsetSeconds: found.seconds)
            return
        }
        guard TimeZoneRules.isSafe(text),
            let bytes = TimeZoneRules.contents(TimeZoneRules.directory + name)
        else { return nil }
        self.init(name: name, file: bytes.span)
    }

    /// Whether a name stays inside the directory of zones: parts of letters, digits, `_`, `+` and
    /// `-`, with single slashes between.
    static func isSafe(_ name: [UInt8]) -> Bool {
        guard name.count <= 128 else { return false }
        var previous = UInt8(ascii: "/")
        for byte in name {
            switch byte {
            case UInt8(ascii: "/"):
                if previous == byte { return false }
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2B, 0x2D:
                break
            default:
                return false
            }
            previous = byte
        }
        return previous != UInt8(ascii: "/")
    }

    private static func contents(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)  // Safe: a string for the call.
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: fileBytesMax)
        var count = 0
        while count < bytes.count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                // Safe: at most as many bytes are written as there are after `count`.
                unsafe read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + count },
                    buffer.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { return nil }
            if got == 0 { return Array(bytes[..<count]) }
            count += got
        }
        return nil
    }

    /// Reads a zone file, TZif version 2 or above (RFC 9636).
    ///
    ///     header    44 bytes: "TZif", version, 15 unused, six counts (UT, standard, leap,
    ///               transitions, types, characters)
    ///     data      for version 1, with times of 32 bits: skipped
    ///     header    again, the counts of what follows
    ///     data      transitions (8 bytes each), their types (1), types (offset 4, DST 1, name 1),
    ///               names, leap seconds (12), standard flags, UT flags
    ///     footer    line feed, POSIX TZ string, line feed
    ///
    /// All numbers have the highest byte first.
    public init?(name: String, file: Span<UInt8>) {
        guard let first = Header(file, at: 0), first.version >= 0x32,
            let second = Header(file, at: 44 + first.dataCount(timeBytes: 4)),
            44 + second.start + second.dataCount(timeBytes: 8) <= file.count
        else { return nil }
        let times = second.start + 44
        let types = times + second.transitions * 8
        let infos = types + second.transitions
        func offset(_ type: Int) -> Int32? {
            guard type < second.types else { return nil }
            let value = Int32(truncatingIfNeeded: TimeZoneRules.number(file, infos + type * 6, 4))
            return abs(Int(value)) < 86_400 ? value : nil
        }
        guard let firstOffset = offset(0) else { return nil }
        var changes: [Int64] = []
        var offsets: [Int32] = []
        for index in 0..<second.transitions {
            let time = TimeZoneRules.number(file, times + index * 8, 8)
            guard let offset = offset(Int(file[types + index])) else { return nil }
            if let last = changes.last, last >= time { return nil }
            changes.append(time)
            offsets.append(offset)
        }
        let footer = 44 + second.start + second.dataCount(timeBytes: 8)
        guard footer < file.count, file[footer] == 0x0A,
            let end = ByteSearch.first(of: 0x0A, in: file, footer + 1..<file.count)
        else { return nil }
        if end > footer + 1 {
            guard let rule = TimeZoneRule(file, footer + 1..<end) else { return nil }
            rule.append(to: &changes, &offsets, firstOffset: firstOffset)
        }
        self.init(name: name, changes: changes, offsets: offsets, firstOffset: firstOffset)
    }

    private struct Header {
        var start: Int
        var version: UInt8
        var utFlags, standardFlags, leaps, transitions, types, characters: Int

        init?(_ file: Span<UInt8>, at start: Int) {
            guard start >= 0, file.count - start >= 44, file[start] == 0x54,
                file[start + 1] == 0x5A, file[start + 2] == 0x69, file[start + 3] == 0x66
            else { return nil }
            self.start = start
            version = file[start + 4]
            var counts: [Int] = []
            for index in 0..<6 {
                let count = TimeZoneRules.number(file, start + 20 + index * 4, 4) & 0xFFFF_FFFF
                guard count <= TimeZoneRules.fileBytesMax else { return nil }
                counts.append(Int(count))
            }
            (utFlags, standardFlags, leaps) = (counts[0], counts[1], counts[2])
            (transitions, types, characters) = (counts[3], counts[4], counts[5])
        }

        func dataCount(timeBytes: Int) -> Int {
            transitions * (timeBytes + 1) + types * 6 + characters + leaps * (timeBytes + 4)
                + standardFlags + utFlags
        }
    }

    /// A signed number of `count` bytes, 4 or 8, the highest first.
    private static func number(_ file: Span<UInt8>, _ at: Int, _ count: Int) -> Int64 {
        var value: Int64 = file[at] >= 0x80 ? -1 : 0
        for index in at..<at + count { value = value << 8 | Int64(file[index]) }
        return value
    }
}
