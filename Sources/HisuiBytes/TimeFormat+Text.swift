extension TimeFormat {
    /// Compiles the text of a format.
    public init(_ text: String) throws(Problem) {
        if let part = TimeFormat.named(text) {
            self.init(parts: [part])
            return
        }
        let scalars = Array(text.unicodeScalars)
        var parts: [Part] = []
        var literal: [UInt8] = []
        func flush() {
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = []
        }
        var at = 0
        while at < scalars.count {
            let scalar = scalars[at]
            if scalar == "'" {
                let (bytes, next) = try TimeFormat.quoted(scalars, at)
                literal += bytes
                at = next
            } else if scalar.isASCII, scalar.properties.isAlphabetic {
                flush()
                let run = scalars[at...].prefix { $0 == scalar }.count
                parts.append(try TimeFormat.part(Character(scalar), run, at))
                at += run
            } else {
                literal += Array(String(scalar).utf8)
                at += 1
            }
        }
        flush()
        self.init(parts: parts)
        if let problem = problem { throw problem }
    }

    private static func named(_ text: String) -> Part? {
        switch text {
        case "epoch": .epoch(.seconds)
        case "epoch.ms": .epoch(.milliseconds)
        case "epoch.us": .epoch(.microseconds)
        case "epoch.ns": .epoch(.nanoseconds)
        case "iso8601": .iso8601
        case "rfc3164": .rfc3164
        default: nil
        }
    }

    private static func quoted(
        _ scalars: [Unicode.Scalar], _ start: Int
    ) throws(Problem) -> (bytes: [UInt8], next: Int) {
        if start + 1 < scalars.count, scalars[start + 1] == "'" { return ([0x27], start + 2) }
        var bytes: [UInt8] = []
        var at = start + 1
        while at < scalars.count {
            if scalars[at] == "'" { return (bytes, at + 1) }
            bytes += Array(String(scalars[at]).utf8)
            at += 1
        }
        throw Problem(
            offset: start, message: "the text that begins here does not end",
            hint: "close it with ', or write '' for an apostrophe")
    }

    private static func part(_ letter: Character, _ run: Int, _ at: Int) throws(Problem) -> Part {
        func number(_ field: Field) -> Part? {
            run > 2 ? nil : .number(field, least: run, most: 2)
        }
        let part: Part? =
            switch letter {
            case "y" where run == 2: .twoDigitYear
            case "y" where run == 1 || run == 4: .number(.year, least: run, most: 4)
            case "M" where run == 3: .monthName
            case "M": number(.month)
            case "d": number(.day)
            case "H": number(.hour)
            case "h": number(.half)
            case "m": number(.minute)
            case "s": number(.second)
            case "S" where run <= 9: .fraction(run == 1 ? nil : run)
            case "a": .halfName
            case "G": .era
            case "E": .weekday
            case "Z", "X": .offset
            case "z": .zone
            default: nil
            }
        if let part { return part }
        throw Problem(
            offset: at, message: "`\(String(repeating: letter, count: run))` is no part of a time",
            hint: "valid: yyyy yy y G MM M MMM dd d HH H hh h a mm m ss s S Z z E; other letters "
                + "stand in '…'")
    }

    /// Why the parts make no time.
    private var problem: Problem? {
        var seen: [Field] = []
        for case .number(let field, _, _) in parts { seen.append(field) }
        if parts.contains(.twoDigitYear) { seen.append(.year) }
        if parts.contains(.monthName) { seen.append(.month) }
        func problem(_ message: String, _ hint: String) -> Problem {
            Problem(offset: 0, message: message, hint: hint)
        }
        for field in seen where seen.filter({ $0 == field }).count > 1 {
            return problem("the \(field) stands twice in the time", "remove one")
        }
        if !seen.contains(.month) || !seen.contains(.day) {
            return problem("the time does not say which day it is", "write M and d, or MM and dd")
        }
        if hasEra, !seen.contains(.year) {
            return problem("an era without a year", "write Gy or G yy")
        }
        if seen.contains(.half) != hasHalf {
            return problem(
                "hours of half a day need to know which half", "write h with a, or H for 0 to 23")
        }
        if seen.contains(.half), seen.contains(.hour) {
            return problem("the hour stands twice in the time", "write h with a, or H alone")
        }
        return nil
    }
}
