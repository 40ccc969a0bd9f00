import HisuiBytes

/// Rows of text in columns, for a person. Widths count Japanese characters as two.
struct Table {
    private var rows: [[String]]
    private let rightAligned: Set<Int>

    /// - Parameter rightAligned: columns of numbers.
    init(header: [String], rightAligned: Set<Int> = []) {
        rows = [header]
        self.rightAligned = rightAligned
    }

    /// Adds a row; bytes from outside are made harmless here.
    mutating func add(_ cells: [String]) {
        rows.append(
            cells.map { cell in
                var safe: [UInt8] = []
                let bytes = Array(cell.utf8)
                TerminalText.appendEscaped(bytes.span, 0..<bytes.count, to: &safe)
                return String(decoding: safe, as: UTF8.self)
            })
    }

    var text: String {
        let columns = rows[0].count
        let widths = (0..<columns).map { column in
            rows.map { Self.width($0[column]) }.max() ?? 0
        }
        var text = ""
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - Self.width(cell))
                line += rightAligned.contains(column) ? padding + cell : cell + padding
                if column + 1 < columns { line += "  " }
            }
            while line.hasSuffix(" ") { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    static func width(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        return TerminalText.displayWidth(bytes.span, 0..<bytes.count)
    }
}

extension Int {
    /// With thin groups of three digits: 1,234,567.
    var grouped: String { UInt64(magnitude).grouped }
}

extension UInt64 {
    var grouped: String {
        var digits = Array(String(self))
        var position = digits.count - 3
        while position > 0 {
            digits.insert(",", at: position)
            position -= 3
        }
        return String(digits)
    }
}

extension Double {
    /// With so many digits behind the point, cut and not rounded: 99.96 never shows as 100.0.
    func fixed(_ digits: Int) -> String {
        var unit = 1
        for _ in 0..<digits { unit *= 10 }
        let value = Int(min(max(self, 0), 1e12) * Double(unit))
        var fraction = String(value % unit)
        while fraction.count < digits { fraction = "0" + fraction }
        return (value / unit).grouped + (digits > 0 ? "." + fraction : "")
    }
}

/// A JSON object on one line, from members in order.
struct JSONLine {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    mutating func add(_ name: String, _ value: String) {
        key(name)
        Self.append(value, to: &bytes)
    }

    mutating func add(_ name: String, _ value: Bool) {
        key(name)
        bytes.append(utf8: value ? "true" : "false")
    }

    mutating func add(_ name: String, _ value: UInt64) {
        key(name)
        bytes.appendDecimal(value)
    }

    mutating func add(_ name: String, _ value: Int) { add(name, Int64(value)) }

    mutating func add(_ name: String, _ value: Int64) {
        key(name)
        bytes.appendDecimal(value)
    }

    /// A member with counts by name.
    mutating func add(_ name: String, _ counts: [(String, UInt64)]) {
        key(name)
        bytes.append(UInt8(ascii: "{"))
        for (number, count) in counts.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            Self.append(count.0, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes.appendDecimal(count.1)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// A member with a list of counts.
    mutating func add(_ name: String, _ counts: [UInt64]) {
        list(name, counts) { $1.appendDecimal($0) }
    }

    /// A member with a list of texts.
    mutating func add(_ name: String, _ texts: [String]) {
        list(name, texts) { Self.append($0, to: &$1) }
    }

    /// A member with a list of objects.
    mutating func add(_ name: String, _ objects: [JSONLine]) {
        list(name, objects) { $1 += $0.bytes + [UInt8(ascii: "}")] }
    }

    private mutating func list<Element>(
        _ name: String, _ elements: [Element], _ append: (Element, inout [UInt8]) -> Void
    ) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        for (number, element) in elements.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            append(element, &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func key(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        Self.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        let utf8 = Array(text.utf8)
        JSONText.appendString(utf8.span, 0..<utf8.count, to: &bytes)
    }

    /// The object and a line feed.
    var line: [UInt8] { bytes + [UInt8(ascii: "}"), UInt8(ascii: "\n")] }
}
