/// Addresses as bits.
enum NaiveAddress {
    private static func bits(_ text: Substring) -> [Bool]? {
        func bits(_ value: Int, _ count: Int) -> [Bool] {
            (0..<count).reversed().map { value >> $0 & 1 == 1 }
        }
        if !text.contains(":") {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            let numbers = parts.compactMap { UInt8($0) }
            let isPlain = parts.allSatisfy { !$0.hasPrefix("+") && ($0 == "0" || $0.first != "0") }
            guard parts.count == 4, numbers.count == 4, isPlain else { return nil }
            return numbers.flatMap { bits(Int($0), 8) }
        }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        func groups(_ half: Substring) -> [Bool]? {
            var out: [Bool] = []
            for group in half.split(separator: ":") {
                if group.contains(".") {
                    guard let v4 = Self.bits(group) else { return nil }
                    out += v4
                } else {
                    guard let value = UInt16(group, radix: 16) else { return nil }
                    out += bits(Int(value), 16)
                }
            }
            return out
        }
        guard halves.count <= 2, let first = groups(halves[0]) else { return nil }
        if halves.count == 1 { return first.count == 128 ? first : nil }
        guard let last = groups(halves[1]), first.count + last.count < 128 else { return nil }
        return first + [Bool](repeating: false, count: 128 - first.count - last.count) + last
    }

    static func isInside(_ value: String, _ network: String) -> Bool {
        let parts = network.split(separator: "/")
        guard let address = bits(value[...]), let wanted = bits(parts[0]) else { return false }
        let length = parts.count == 2 ? Int(parts[1]) ?? 0 : wanted.count
        var forms = [address]
        let mapped = [Bool](repeating: false, count: 80) + [Bool](repeating: true, count: 16)
        if address.count == 128, Array(address.prefix(96)) == mapped {
            forms.append(Array(address.dropFirst(96)))
        }
        return forms.contains {
            $0.count == wanted.count && $0.prefix(length) == wanted.prefix(length)
        }
    }
}

/// Parts of dates in the three ways that generated events write them.
enum NaiveDate {
    static let parts = ["minute", "hour", "day", "week", "month", "year"]
    static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `2026-11-23T02:12`, `23/Nov/2026:02:12` or `Nov 23 02:12`.
    static func part(_ part: String, of text: String) -> Int? {
        let characters = Array(text)
        func number(_ at: Int, _ count: Int) -> Int? {
            guard at + count <= characters.count else { return nil }
            return Int(String(characters[at..<at + count]).filter { $0 != " " })
        }
        func month(_ at: Int) -> Int? {
            guard at + 3 <= characters.count else { return nil }
            return months.firstIndex(of: String(characters[at..<at + 3])).map { $0 + 1 }
        }
        var found: [String: Int] = [:]
        if characters.count >= 10, characters[4] == "-", characters[7] == "-" {
            (found["year"], found["month"], found["day"]) = (
                number(0, 4), number(5, 2), number(8, 2)
            )
            (found["hour"], found["minute"]) = (number(11, 2), number(14, 2))
        } else if characters.count >= 17, characters[2] == "/" {
            (found["day"], found["month"], found["year"]) = (number(0, 2), month(3), number(7, 4))
            (found["hour"], found["minute"]) = (number(12, 2), number(15, 2))
        } else if characters.count >= 12, let month = month(0) {
            (found["month"], found["day"]) = (month, number(4, 2))
            (found["hour"], found["minute"]) = (number(7, 2), number(10, 2))
        }
        guard part == "week" else { return found[part] }
        guard let year = found["year"], let month = found["month"], let day = found["day"] else {
            return nil
        }
        return week(year, month, day)
    }

    /// The week that has the Thursday of the date's own week, counted from the year's first.
    private static func week(_ year: Int, _ month: Int, _ day: Int) -> Int {
        func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
        func length(_ year: Int) -> Int { isLeap(year) ? 366 : 365 }
        let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        let ofYear = lengths.prefix(month - 1).reduce(0, +) + day - 1
        // Monday is 0; 1970 began on a Thursday.
        let weekday = ((1970..<year).reduce(3) { $0 + length($1) } + ofYear) % 7
        let thursday = ofYear - weekday + 3
        if thursday < 0 { return (thursday + length(year - 1)) / 7 + 1 }
        return thursday >= length(year) ? 1 : thursday / 7 + 1
    }
}
