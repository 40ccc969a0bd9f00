import HisuiBytes
import HisuiEvent

/// Pieces of a JSON text, as ranges of its bytes: nothing of it is kept but what is asked for.
struct JSONPieces {
    let bytes: [UInt8]

    init(_ bytes: consuming [UInt8]) { self.bytes = bytes }

    /// All of it; its grammar is checked where its members are asked for.
    var whole: Range<Int> { 0..<bytes.count }

    // MARK: Values

    /// The values of an object's members, in the order of `names`; nil for those that are missing
    /// or `null`. Other members are passed over.
    func members(
        _ names: [StaticString], of object: Range<Int>
    ) throws(HTTPContentError) -> [Range<Int>?] {
        var found = [Range<Int>?](repeating: nil, count: names.count)
        try forEachMember(of: object) { name, value throws(HTTPContentError) in
            guard let index = index(of: name, in: names) else { return }
            guard found[index] == nil else {
                throw unexpected("no second '\(names[index])'", name.lowerBound)
            }
            found[index] = value
        }
        return found.map { value in
            value.flatMap { JSONText.isNull(bytes.span, $0) ? nil : $0 }
        }
    }

    /// Calls `body` with the names, between their quotes, and the values of an object's members.
    func forEachMember(
        of object: Range<Int>,
        _ body: (_ name: Range<Int>, _ value: Range<Int>) throws(HTTPContentError) -> Void
    ) throws(HTTPContentError) {
        var scanner = JSONScanner(bytes.span, object, depthMax: JSONScanner.depthLimit)
        guard case .beginObject = try next(&scanner) else {
            throw unexpected("an object", object.lowerBound)
        }
        while case .key(let name) = try next(&scanner) {
            try body(name.range, try value(try next(&scanner), &scanner))
        }
        guard case .end = try next(&scanner) else {
            throw unexpected("the end", scanner.position)
        }
    }

    /// Calls `body` with the members of the object that begins with `token`: the place of the name
    /// among `names`, and the first token of the value, which `body` reads to its end. Members that
    /// have other names, or are `null`, are passed over.
    func forEachMember(
        _ names: [StaticString], of token: JSONScanner.Token, _ scanner: inout JSONScanner,
        _ body: (Int, JSONScanner.Token, inout JSONScanner) throws(HTTPContentError) -> Void
    ) throws(HTTPContentError) {
        guard case .beginObject = token else {
            throw unexpected("an object", start(of: token, scanner))
        }
        // A bit for each name.
        var found: UInt64 = 0
        while case .key(let name) = try next(&scanner) {
            let token = try next(&scanner)
            guard token != .null, let index = index(of: name.range, in: names) else {
                _ = try value(token, &scanner)
                continue
            }
            guard found >> UInt64(index) & 1 == 0 else {
                throw unexpected("no second '\(names[index])'", name.range.lowerBound)
            }
            found |= 1 << UInt64(index)
            try body(index, token, &scanner)
        }
    }

    /// Calls `body` with the elements of an array, in order.
    func forEachElement(
        of array: Range<Int>, _ body: (Range<Int>) throws(HTTPContentError) -> Void
    ) throws(HTTPContentError) {
        var scanner = JSONScanner(bytes.span, array, depthMax: JSONScanner.depthLimit)
        guard case .beginArray = try next(&scanner) else {
            throw unexpected("an array", array.lowerBound)
        }
        while true {
            let token = try next(&scanner)
            if case .endArray = token { return }
            try body(try value(token, &scanner))
        }
    }

    /// The bytes between the quotes of a string.
    func string(_ value: Range<Int>) throws(HTTPContentError) -> Range<Int> {
        guard bytes[value.lowerBound] == 0x22 else {
            throw unexpected("a string", value.lowerBound)
        }
        return value.lowerBound + 1..<value.upperBound - 1
    }

    /// A whole number, in digits or as a string of them: as proto3 writes 64 bits in JSON.
    func integer<T: FixedWidthInteger>(
        _ value: Range<Int>, as _: T.Type
    ) throws(HTTPContentError) -> T {
        let digits = bytes[value.lowerBound] == 0x22 ? try string(value) : value
        guard let number = T(String(decoding: bytes[digits], as: UTF8.self)) else {
            throw unexpected("a whole number", value.lowerBound)
        }
        return number
    }

    // MARK: Texts

    /// Appends a value without the space between its tokens: it is one line then.
    func append(_ value: Range<Int>, to out: inout [UInt8]) {
        var copied = value.lowerBound
        var isInString = false
        var at = copied
        while at < value.upperBound {
            let byte = bytes[at]
            if isInString {
                if byte == 0x5C { at += 1 }
                if byte == 0x22 { isInString = false }
            } else if byte == 0x22 {
                isInString = true
            } else if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
                out += bytes[copied..<at]
                copied = at + 1
            }
            at += 1
        }
        out += bytes[copied..<value.upperBound]
    }

    func unexpected(_ what: String, _ position: Int) -> HTTPContentError {
        HTTPContentError(.badRequest, "expected \(what) at byte \(position)")
    }

    // MARK: Tokens

    /// Calls `body` with the first token of a value, and what reads those behind it.
    func scan(
        _ value: Range<Int>,
        _ body: (JSONScanner.Token, inout JSONScanner) throws(HTTPContentError) -> Void
    ) throws(HTTPContentError) {
        var scanner = JSONScanner(bytes.span, value, depthMax: JSONScanner.depthLimit)
        let token = try next(&scanner)
        try body(token, &scanner)
    }

    func next(_ scanner: inout JSONScanner) throws(HTTPContentError) -> JSONScanner.Token {
        do throws(JSONScanner.Failure) {
            return try scanner.next()
        } catch {
            throw unexpected(error.expected, error.position)
        }
    }

    /// Where the token begins that was read last.
    func start(of token: JSONScanner.Token, _ scanner: borrowing JSONScanner) -> Int {
        switch token {
        case .string(let text), .key(let text): text.range.lowerBound - 1
        case .number(let range): range.lowerBound
        case .bool(let isTrue): scanner.position - (isTrue ? 4 : 5)
        case .null: scanner.position - 4
        case .beginObject, .beginArray, .endObject, .endArray: scanner.position - 1
        case .end: scanner.position
        }
    }

    /// Where the value stands that begins with `token`; the scanner is behind it then.
    func value(
        _ token: JSONScanner.Token, _ scanner: inout JSONScanner
    ) throws(HTTPContentError) -> Range<Int> {
        let end = scanner.position
        switch token {
        case .string(let text): return text.range.lowerBound - 1..<text.range.upperBound + 1
        case .number(let range): return range
        case .bool(let isTrue): return end - (isTrue ? 4 : 5)..<end
        case .null: return end - 4..<end
        case .beginObject, .beginArray:
            let depth = scanner.depth
            while scanner.depth >= depth { _ = try next(&scanner) }
            return end - 1..<scanner.position
        case .key, .endObject, .endArray, .end: throw unexpected("a value", end)
        }
    }

    private func index(of name: Range<Int>, in names: [StaticString]) -> Int? {
        names.firstIndex { wanted in
            // Safe: the buffer is read inside this closure only.
            wanted.utf8CodeUnitCount == name.count
                && wanted.withUTF8Buffer { unsafe bytes[name].elementsEqual($0) }
        }
    }
}
