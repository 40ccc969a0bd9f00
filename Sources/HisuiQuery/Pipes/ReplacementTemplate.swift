import HisuiBytes

/// What `replace_regexp` puts in the place of what fits: text, and what groups hold.
struct ReplacementTemplate: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case text([UInt8])
        case named(String)
        case whole
        /// By its index among the groups that are asked for.
        case group(Int)
    }

    /// As the query says it.
    let source: [UInt8]
    private var parts: [Part] = []

    init(_ source: [UInt8]) {
        self.source = source
        let dollar = UInt8(ascii: "$")
        var text: [UInt8] = []
        var rest = source[...]
        while let byte = rest.first {
            rest = rest.dropFirst()
            if byte == dollar, rest.first == dollar {
                rest = rest.dropFirst()
                text.append(dollar)
            } else if byte == dollar, let (name, after) = Self.name(rest) {
                parts.append(.text(text))
                parts.append(.named(String(decoding: name, as: UTF8.self)))
                text = []
                rest = after
            } else {
                text.append(byte)
            }
        }
        parts.append(.text(text))
    }

    /// The name that follows a dollar sign, and what is behind; nil if none does.
    private static func name(
        _ text: ArraySlice<UInt8>
    ) -> (name: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        if text.first == UInt8(ascii: "{") {
            guard let end = text.firstIndex(of: UInt8(ascii: "}")), end > text.startIndex + 1 else {
                return nil
            }
            return (text[text.startIndex + 1..<end], text[(end + 1)...])
        }
        let name = text.prefix { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_")
        }
        return name.isEmpty ? nil : (name, text[name.endIndex...])
    }

    /// Finds the groups that the template names.
    ///
    /// - Parameter names: the name of each group.
    /// - Returns: the numbers of the groups, each once.
    mutating func resolve(_ names: [String?]) throws(RegularExpressionError) -> [Int] {
        var groups: [Int] = []
        for index in parts.indices {
            guard case .named(let name) = parts[index] else { continue }
            let number = Int(name) ?? names.firstIndex(of: name).map { $0 + 1 }
            guard let number, number >= 0, number <= names.count else {
                throw RegularExpressionError(
                    "it has no group ‘\(name)’, which the replacement names; put ‘${1}’ before "
                        + "letters, ‘$$’ for the mark")
            }
            if number == 0 {
                parts[index] = .whole
                continue
            }
            let place = groups.firstIndex(of: number) ?? groups.count
            if place == groups.count { groups.append(number) }
            parts[index] = .group(place)
        }
        return groups
    }

    /// Appends the text with what the finder found in `value`.
    ///
    /// - Throws: `memory` if `out` gets longer than a row may be.
    func append(
        _ value: Span<UInt8>, _ finder: borrowing RegularExpressionFinder, to out: inout [UInt8]
    ) throws(QueryFailure) {
        for part in parts {
            switch part {
            case .text(let text): out += text
            case .whole: out.append(value, finder.range)
            case .group(let index):
                if let range = finder.range(ofGroup: index) { out.append(value, range) }
            case .named: preconditionFailure("names are resolved when the query is read")
            }
            try ResultRow.check(out.count)
        }
    }
}
