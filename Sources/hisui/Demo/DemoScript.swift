import HisuiBytes

/// A line of the demonstration: when it says that it happened, and its bytes.
struct DemoLine: Sendable {
    /// Nanoseconds UTC.
    var time: Int64
    /// Without a line feed, in the encoding of its file.
    var bytes: [UInt8]
}

/// Reads a file of `ops/demo`: lines with times relative to the last night, and patterns from which
/// lines are made, the same ones at every run.
///
///     # a comment
///     let who = sato/10.20.3.11, kato/10.20.6.41      a list; parts are <who.1>, <who.2>
///     let port = 40000-64999                           a range of numbers
///     D 02:11:03|<38><rfc3164> www01 …                 one line, in the night's morning
///     D-1 08:30:00..D-1 17:30:00 x40|…                 forty lines at times drawn by lot
///     D-1 00:05:00..D 05:35:00 every 10m|…             one every ten minutes
///     +2s|…                                            two seconds after the one above, with the
///                                                      same choices
///
/// `<rfc3164>`, `<rfc5424>`, `<iso>`, `<date>`, `<csv>` stand for the time in that form. All marks
/// are bytes below 0x40, which no character of CP932 has as its second byte: files may be in it.
struct DemoScript {
    private let file: String
    private let night: DemoNight
    private var random: DemoRandom
    private var lists: [String: [[UInt8]]] = [:]
    private var found: [DemoLine] = []
    /// The occurrences of the last pattern that was no continuation.
    private var occurrences: [Occurrence] = []

    private struct Occurrence {
        var time: Int64
        var choices: [String: [UInt8]] = [:]
    }

    /// The lines of a file, in order of time.
    static func read(
        _ bytes: [UInt8], file: String, night: DemoNight
    ) throws(Failure) -> [DemoLine] {
        var script = DemoScript(file: file, night: night)
        for (number, line) in bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            do throws(Mistake) {
                try script.take(Array(line))
            } catch {
                throw Failure(.refused, "\(file):\(number + 1): \(error.text)")
            }
        }
        // Lines of one instant stay in the order of the file.
        return script.found.enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }

    private struct Mistake: Error {
        var text: String
        init(_ text: String) { self.text = text }
    }

    private init(file: String, night: DemoNight) {
        self.file = file
        self.night = night
        random = DemoRandom(name: file.split(separator: "/").suffix(2).joined(separator: "/"))
    }

    private mutating func take(_ line: [UInt8]) throws(Mistake) {
        if line.starts(with: Array("let ".utf8)) { return try define(line.dropFirst(4)) }
        guard let bar = line.firstIndex(of: UInt8(ascii: "|")) else {
            throw Mistake("a time and `|` are missing")
        }
        let head = String(decoding: line[..<bar], as: UTF8.self)
        let pattern = Array(line[(bar + 1)...])
        if head.hasPrefix("+") {
            let seconds = try duration(head.dropFirst())
            for index in occurrences.indices { occurrences[index].time += seconds }
        } else {
            occurrences = try times(head).map { Occurrence(time: $0) }
        }
        for index in occurrences.indices {
            var occurrence = occurrences[index]
            found.append(
                DemoLine(time: occurrence.time, bytes: try render(pattern, &occurrence)))
            occurrences[index] = occurrence
        }
    }

    private mutating func define(_ text: ArraySlice<UInt8>) throws(Mistake) {
        guard let sign = text.firstIndex(of: UInt8(ascii: "=")) else {
            throw Mistake("`let name = a, b` is missing its `=`")
        }
        let name = String(decoding: text[..<sign], as: UTF8.self).filter { $0 != " " }
        let values = text[(sign + 1)...].split(separator: UInt8(ascii: ",")).map {
            Array($0.drop { $0 == 0x20 })
        }
        guard !name.isEmpty, !values.isEmpty else { throw Mistake("the list is empty") }
        lists[name] = values
    }

    // MARK: Times

    private mutating func times(_ head: String) throws(Mistake) -> [Int64] {
        let parts = head.split(separator: " ")
        guard let dots = head.firstRange(of: "..") else {
            guard parts.count == 2 else { throw Mistake("no time: \(head)") }
            return [try moment(parts[0], parts[1])]
        }
        let start = head[..<dots.lowerBound].split(separator: " ")
        let rest = head[dots.upperBound...].split(separator: " ")
        guard start.count == 2, rest.count >= 3 else { throw Mistake("no span of time: \(head)") }
        let from = try moment(start[0], start[1])
        let to = try moment(rest[0], rest[1])
        guard from < to else { throw Mistake("the span ends before it begins: \(head)") }
        if rest[2] == "every", rest.count == 4 {
            return Array(stride(from: from, through: to, by: Int(try duration(rest[3]))))
        }
        guard rest[2].hasPrefix("x"), let count = Int(rest[2].dropFirst()) else {
            throw Mistake("how many? write x40 or every 10m: \(head)")
        }
        return (0..<count).map { _ in
            from + Int64(random.below(UInt64((to - from) / 1_000_000))) * 1_000_000
        }
    }

    private func moment(
        _ day: Substring, _ clock: Substring
    ) throws(Mistake) -> Int64 {
        let days: Int64
        switch day {
        case "D": days = 0
        case "D-1": days = -1
        default: throw Mistake("the day is D or D-1, not \(day)")
        }
        let parts = clock.split { $0 == ":" || $0 == "." }.map { Int64($0) ?? -1 }
        guard parts.count == 3 || parts.count == 4, parts.allSatisfy({ $0 >= 0 }) else {
            throw Mistake("a time is 02:11:03 or 02:11:03.250, not \(clock)")
        }
        let seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
        let millis = parts.count == 4 ? parts[3] : 0
        return night.midnight + (days * 86_400 + seconds) * 1_000_000_000 + millis * 1_000_000
    }

    private func duration(_ text: Substring) throws(Mistake) -> Int64 {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()) else {
            throw Mistake("a duration is 2s, 10m or 1h, not \(text)")
        }
        return count * unit * 1_000_000_000
    }

    // MARK: Patterns

    private mutating func render(
        _ pattern: [UInt8], _ occurrence: inout Occurrence
    ) throws(Mistake) -> [UInt8] {
        var bytes: [UInt8] = []
        var position = 0
        while position < pattern.count {
            let byte = pattern[position]
            guard byte == UInt8(ascii: "<"),
                let end = pattern[position...].firstIndex(of: UInt8(ascii: ">")),
                pattern[position + 1] >= 0x61, pattern[position + 1] <= 0x7A
            else {
                bytes.append(byte)
                position += 1
                continue
            }
            let name = String(decoding: pattern[(position + 1)..<end], as: UTF8.self)
            if !night.append(occurrence.time, form: name, to: &bytes) {
                bytes += try choice(name, &occurrence)
            }
            position = end + 1
        }
        return bytes
    }

    private mutating func choice(
        _ name: String, _ occurrence: inout Occurrence
    ) throws(Mistake) -> [UInt8] {
        let parts = name.split(separator: ".")
        guard let base = parts.first.map(String.init), let list = lists[base] else {
            throw Mistake("no list is called \(name)")
        }
        let chosen: [UInt8]
        if let known = occurrence.choices[base] {
            chosen = known
        } else {
            let value = list[Int(random.below(UInt64(list.count)))]
            chosen = range(value).map { Array(String(random.below($1) + $0).utf8) } ?? value
            occurrence.choices[base] = chosen
        }
        guard parts.count == 2 else { return chosen }
        let members = chosen.split(separator: UInt8(ascii: "/"))
        guard let number = Int(parts[1]), number >= 1, number <= members.count else {
            throw Mistake("\(base) has no part \(parts[1])")
        }
        return Array(members[number - 1])
    }

    /// The first number and the count of numbers of `40000-64999`; nil for any other text.
    private func range(_ value: [UInt8]) -> (UInt64, UInt64)? {
        let ends = value.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard ends.count == 2, let low = UInt64(String(decoding: ends[0], as: UTF8.self)),
            let high = UInt64(String(decoding: ends[1], as: UTF8.self)), low < high
        else { return nil }
        return (low, high - low + 1)
    }
}

/// Numbers by lot that come again at every run (SplitMix64).
struct DemoRandom {
    private var state: UInt64

    init(name: String) {
        state = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    mutating func below(_ bound: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return (mixed ^ (mixed >> 31)) % max(bound, 1)
    }
}
