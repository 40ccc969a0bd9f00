/// A pull scanner over one JSON text (RFC 8259): checks the grammar token by token, builds nothing.
///
///     var scanner = JSONScanner(bytes, range, depthMax: 64)
///     while true {
///         switch try scanner.next() {
///         case .key(let name): …
///         case .end: return
///         …
///
/// Strings are given as the bytes between their quotes; `JSONText.appendUnescaped` reads them.
/// Whether they are valid UTF-8 is not checked here, because a record may hold anything; duplicate
/// keys are not refused. Memory is constant: open brackets are bits of a word.
public struct JSONScanner: ~Escapable {
    /// Bytes of a string between its quotes.
    public struct Text: Hashable, Sendable {
        public var range: Range<Int>
        /// Whether there is a backslash in it; if not, the bytes are the text.
        public var hasEscapes: Bool
    }

    public enum Token: Hashable, Sendable {
        case beginObject, endObject, beginArray, endArray
        /// The name of an object's member; its value is the next token.
        case key(Text)
        case string(Text)
        /// A number as it stands.
        case number(Range<Int>)
        case bool(Bool)
        case null
        /// After the value nothing but space follows.
        case end
    }

    /// Where the text breaks the grammar, and what could stand there.
    public struct Failure: Error, Hashable, CustomStringConvertible {
        public var position: Int
        public var expected: String

        public var description: String { "expected \(expected) at byte \(position)" }
    }

    private enum Expect {
        case value, valueOrEnd, keyOrEnd, key, commaOrEnd, nothing
    }

    /// The deepest nesting that a scanner can be asked to take: one bit of a word each.
    public static let depthLimit = 64

    private let bytes: Span<UInt8>
    /// Index of the next byte to look at.
    public private(set) var position: Int
    private let end: Int
    private let depthMax: Int
    /// How many arrays and objects are open.
    public private(set) var depth = 0
    /// Bit 0 is the innermost open bracket: 1 for an object.
    private var open: UInt64 = 0
    private var expect = Expect.value

    /// Scans `range` of `bytes`, which must hold one value with nothing but space around it.
    ///
    /// - Parameter depthMax: how deep arrays and objects may nest, at most `depthLimit`.
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, _ range: Range<Int>, depthMax: Int) {
        precondition(range.upperBound <= bytes.count, "the range lies in the bytes")
        precondition(depthMax <= JSONScanner.depthLimit, "depth at most \(JSONScanner.depthLimit)")
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
        self.depthMax = depthMax
    }

    /// The next token.
    ///
    /// After a failure the scanner must not be used any more.
    public mutating func next() throws(Failure) -> Token {
        skipSpace()
        switch expect {
        case .nothing:
            guard position == end else { throw failure("the end") }
            return .end
        case .commaOrEnd:
            if take(0x2C) {
                skipSpace()
                expect = open & 1 == 1 ? .key : .value
                return try open & 1 == 1 ? key() : value()
            }
            return try close(expected: open & 1 == 1 ? "',' or '}'" : "',' or ']'")
        case .keyOrEnd:
            if peek == 0x22 { return try key() }
            return try close(expected: "a string or '}'")
        case .valueOrEnd:
            if peek == 0x5D { return try close(expected: "']'") }
            return try value()
        case .key:
            return try key()
        case .value:
            return try value()
        }
    }

    /// Passes over the next value, whatever is in it.
    ///
    /// To be called where a value stands next: after a key, or at the beginning.
    public mutating func skipValue() throws(Failure) {
        let start = depth
        repeat { _ = try next() } while depth > start
    }

    private var peek: UInt8? { position < end ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < end, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private func failure(_ expected: String) -> Failure {
        Failure(position: position, expected: expected)
    }

    private mutating func close(expected: String) throws(Failure) -> Token {
        let isObject = open & 1 == 1
        guard take(isObject ? 0x7D : 0x5D) else { throw failure(expected) }
        open >>= 1
        depth -= 1
        expect = depth == 0 ? .nothing : .commaOrEnd
        return isObject ? .endObject : .endArray
    }

    private mutating func begin(object: Bool) throws(Failure) -> Token {
        guard depth < depthMax else { throw failure("at most \(depthMax) open brackets") }
        position += 1
        depth += 1
        open = open << 1 | (object ? 1 : 0)
        expect = object ? .keyOrEnd : .valueOrEnd
        return object ? .beginObject : .beginArray
    }

    private mutating func key() throws(Failure) -> Token {
        guard peek == 0x22 else { throw failure("a string") }
        let name = try string()
        skipSpace()
        guard take(0x3A) else { throw failure("':'") }
        expect = .value
        return .key(name)
    }

    private mutating func value() throws(Failure) -> Token {
        let after: Expect = depth == 0 ? .nothing : .commaOrEnd
        guard let byte = peek else { throw failure("a value") }
        switch byte {
        case 0x7B: return try begin(object: true)
        case 0x5B: return try begin(object: false)
        case 0x22:
            let text = try string()
            expect = after
            return .string(text)
        case 0x2D, 0x30...0x39:
            let range = try number()
            expect = after
            return .number(range)
        default:
            let token: Token
            switch byte {
            case UInt8(ascii: "t"): token = try word("true", .bool(true))
            case UInt8(ascii: "f"): token = try word("false", .bool(false))
            case UInt8(ascii: "n"): token = try word("null", .null)
            default: throw failure("a value")
            }
            expect = after
            return token
        }
    }

    private mutating func word(_ word: StaticString, _ token: Token) throws(Failure) -> Token {
        let count = word.utf8CodeUnitCount
        guard end - position >= count else { throw failure("\(word)") }
        for index in 0..<count {
            // Safe: a static string has that many bytes and lives for ever.
            guard unsafe bytes[position + index] == word.utf8Start[index]
            else { throw failure("\(word)") }
        }
        position += count
        return token
    }

    private mutating func string() throws(Failure) -> Text {
        position += 1
        let start = position
        var hasEscapes = false
        while position < end {
            let byte = bytes[position]
            if byte == 0x22 {
                position += 1
                return Text(range: start..<position - 1, hasEscapes: hasEscapes)
            }
            if byte < 0x20 { throw failure("no control character in a string") }
            position += 1
            guard byte == 0x5C else { continue }
            hasEscapes = true
            switch peek {
            case UInt8(ascii: "u"):
                guard JSONText.unit(bytes, position + 1..<end) != nil
                else { throw failure("four hexadecimal digits") }
                position += 5
            case 0x22, 0x5C, 0x2F, UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
                UInt8(ascii: "r"), UInt8(ascii: "t"):
                position += 1
            default:
                throw failure("a character that may be escaped")
            }
        }
        throw failure("'\"'")
    }

    private mutating func number() throws(Failure) -> Range<Int> {
        let start = position
        _ = take(0x2D)
        if !take(0x30) { try digits() }
        if take(0x2E) { try digits() }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if !take(0x2B) { _ = take(0x2D) }
            try digits()
        }
        return start..<position
    }

    private mutating func digits() throws(Failure) {
        let start = position
        while position < end, bytes[position] &- 0x30 <= 9 { position += 1 }
        if position == start { throw failure("a digit") }
    }
}
