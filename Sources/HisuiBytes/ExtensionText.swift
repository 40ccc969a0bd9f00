/// Takes events apart that security products send to collectors: CEF and LEEF.
///
///     CEF:0|vendor|product|version|signature|name|severity|src=192.0.2.1 msg=two words
///     LEEF:1.0|vendor|product|version|event|src=192.0.2.1⇥msg=two words
///     LEEF:2.0|vendor|product|version|event|^|src=192.0.2.1^msg=two words
///
/// In CEF a backslash stands before bars and backslashes of the header and before equals signs and
/// backslashes of values; a value ends before the last blank in front of the next name and its
/// equals sign. In LEEF a value ends before the separator: a tab, or what the header of 2.0 names,
/// a character or its number (`x5E`, `0x5E`).
///
/// Values of names that end in `Label` are what other values are called: no values themselves.
public enum ExtensionText: Sendable {
    case cef, leef

    public static let nameBytesMax = 128

    public struct Value: Hashable, Sendable {
        /// Index into `headerNames`, or nil.
        public var header: Int?
        /// In the text; empty for the header's.
        public var name: Range<Int>
        public var value: Range<Int>
        /// The text that says what it is called; empty if none does.
        public var label: Range<Int>
    }

    /// What the parts of the header are called, in order.
    public var headerNames: [String] {
        switch self {
        case .cef:
            [
                "cef.vendor", "cef.product", "cef.version", "cef.signature", "cef.name",
                "cef.severity",
            ]
        case .leef: ["leef.vendor", "leef.product", "leef.version", "leef.event_id"]
        }
    }

    /// What such an event begins with.
    public var start: [UInt8] { self == .cef ? Array("CEF:".utf8) : Array("LEEF:".utf8) }

    /// Appends the values in `range`.
    ///
    /// - Returns: false, with nothing appended, if it is no such event or has more than `countMax`
    ///   values.
    /// - Complexity: O(length of the range).
    public func appendValues(
        of text: Span<UInt8>, _ range: Range<Int>, countMax: Int, to slots: inout [ByteRange]
    ) -> Bool {
        let first = slots.count
        var scan = Scan(text, range, self)
        while slots.count - first < countMax, let (_, value) = scan.next() {
            if !scan.isLabel { slots.append(ByteRange(value)) }
        }
        if scan.isAtEnd { return true }
        slots.removeSubrange(first...)
        return false
    }

    /// The same values in the same order, with their names.
    public func values(of text: Span<UInt8>, _ range: Range<Int>) -> [Value] {
        var values: [Value] = []
        var labels: [(name: Range<Int>, label: Range<Int>)] = []
        var scan = Scan(text, range, self)
        while let (name, value) = scan.next() {
            if scan.isLabel {
                labels.append((name.dropLast(ExtensionText.label.count), value))
                continue
            }
            let header = values.count < headerNames.count ? values.count : nil
            values.append(Value(header: header, name: name, value: value, label: 0..<0))
        }
        for (name, label) in labels where !label.isEmpty {
            let named = values.firstIndex {
                $0.name.count == name.count
                    && ByteSearch.equal(text, $0.name, text.extracting(name))
            }
            if let named { values[named].label = label }
        }
        return values
    }

    private static let label = Array("Label".utf8)

    /// One value after the other.
    private struct Scan: ~Escapable {
        private let text: Span<UInt8>
        private let format: ExtensionText
        private let end: Int
        private var at: Int
        private var headersLeft: Int
        private var separator: UInt8 = 0x09
        private var isBroken = false
        /// Whether what was given last is the name of another value.
        private(set) var isLabel = false

        @_lifetime(copy text)
        init(_ text: Span<UInt8>, _ range: Range<Int>, _ format: ExtensionText) {
            self.text = text
            self.format = format
            var end = range.upperBound
            while end > range.lowerBound, text[end - 1] == 0x20 { end -= 1 }
            self.end = end
            at = range.lowerBound + format.start.count
            headersLeft = format.headerNames.count
            guard at <= end, ByteSearch.equal(text, range.lowerBound..<at, format.start.span),
                let bar = ByteSearch.first(of: 0x7C, in: text, at..<end), bar > at, bar - at <= 4
            else {
                isBroken = true
                return
            }
            isVersion2 = text[at] == 0x32
            for index in at..<bar where text[index] &- 0x30 > 9 && text[index] != 0x2E {
                isBroken = true
            }
            at = bar + 1
        }

        private var isVersion2 = false

        /// Whether all is taken.
        var isAtEnd: Bool { !isBroken && headersLeft == 0 && at == end }

        mutating func next() -> (name: Range<Int>, value: Range<Int>)? {
            guard !isBroken else { return nil }
            isLabel = false
            if headersLeft > 0 { return header() }
            while at < end, text[at] == 0x20 || text[at] == separator && format == .leef {
                at += 1
            }
            guard at < end else { return nil }
            guard let mark = ByteSearch.first(of: 0x3D, in: text, at..<end),
                isName(at..<mark)
            else {
                isBroken = true
                return nil
            }
            let name = at..<mark
            let valueEnd = format == .cef ? cefEnd(mark + 1) : leefEnd(mark + 1)
            at = valueEnd
            let suffix = ExtensionText.label
            isLabel =
                name.count > suffix.count
                && ByteSearch.equal(
                    text, name.upperBound - suffix.count..<name.upperBound, suffix.span)
            return (name, mark + 1..<valueEnd)
        }

        private mutating func header() -> (name: Range<Int>, value: Range<Int>)? {
            let start = at
            while at < end, text[at] != 0x7C {
                at += text[at] == 0x5C && format == .cef ? 2 : 1
            }
            guard at < end else {
                // The bar behind the last part may be missing where nothing follows.
                isBroken = at > end || headersLeft > 1
                guard !isBroken else { return nil }
                headersLeft = 0
                return (start..<start, start..<end)
            }
            let value = start..<at
            at += 1
            headersLeft -= 1
            if headersLeft == 0, format == .leef, isVersion2 { takeSeparator() }
            return (start..<start, value)
        }

        /// Reads the separator that a header of LEEF 2.0 names; without one it is a tab.
        private mutating func takeSeparator() {
            guard let bar = ByteSearch.first(of: 0x7C, in: text, at..<min(end, at + 7)) else {
                return
            }
            let given = at..<bar
            if given.count == 1 {
                separator = text[at]
            } else if !given.isEmpty {
                var digits = given
                if text[at] == 0x30 { digits = digits.dropFirst() }
                guard let mark = digits.first, text[mark] | 0x20 == 0x78, digits.count <= 5 else {
                    // No separator but the first name, whose value has a bar in it.
                    return
                }
                var value = 0
                for index in digits.dropFirst() {
                    guard let digit = HexText.digit(text[index]) else { return }
                    value = value * 16 + Int(digit)
                }
                guard value > 0, value < 0x80 else {
                    isBroken = true
                    return
                }
                separator = UInt8(value)
            }
            at = bar + 1
        }

        private func isName(_ range: Range<Int>) -> Bool {
            guard !range.isEmpty, range.count <= ExtensionText.nameBytesMax else { return false }
            for index in range where !Self.isNameByte(text[index]) { return false }
            return true
        }

        /// Letters, digits and `- . _ [ ]`.
        private static func isNameByte(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x2D, 0x2E, 0x30...0x39, 0x41...0x5B, 0x5D, 0x5F, 0x61...0x7A: true
            default: false
            }
        }

        private func leefEnd(_ start: Int) -> Int {
            ByteSearch.first(of: separator, in: text, start..<end) ?? end
        }

        /// Where a value of CEF ends: before the blank in front of the next name.
        private func cefEnd(_ start: Int) -> Int {
            var at = start
            // The first byte of what may be a name, if a blank stands before it.
            var nameStart = -1
            while at < end {
                let byte = text[at]
                if byte == 0x5C {
                    nameStart = -1
                    at += 2
                    continue
                }
                if byte == 0x20 {
                    nameStart = at + 1
                } else if byte == 0x3D {
                    if nameStart >= 0, at > nameStart { return nameStart - 1 }
                    nameStart = -1
                } else if !Self.isNameByte(byte) || at - nameStart > ExtensionText.nameBytesMax {
                    nameStart = -1
                }
                at += 1
            }
            return end
        }
    }
}

extension ExtensionText {
    /// Appends the text of a value of CEF, escapes resolved: a backslash before `|`, `=` and a
    /// backslash goes, `\n` and `\r` are ends of lines.
    ///
    /// - Complexity: O(length of the range).
    public static func appendUnescaped(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) {
        var at = range.lowerBound
        while at < range.upperBound {
            var byte = bytes[at]
            if byte == 0x5C, at + 1 < range.upperBound {
                switch bytes[at + 1] {
                case 0x7C, 0x3D, 0x5C: byte = bytes[at + 1]
                case UInt8(ascii: "n"): byte = 0x0A
                case UInt8(ascii: "r"): byte = 0x0D
                default:
                    out.append(byte)
                    at += 1
                    continue
                }
                at += 1
            }
            out.append(byte)
            at += 1
        }
    }
}
