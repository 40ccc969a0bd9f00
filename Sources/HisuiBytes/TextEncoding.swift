import CHisui

/// How the bytes of a record become text.
///
/// Records are kept as they came; only what is looked at is decoded. The raw value is stored;
/// never renumber.
public enum TextEncoding: UInt8, Sendable, CaseIterable {
    case utf8 = 0
    /// Shift_JIS as Microsoft extended it: Windows-31J, code page 932.
    case cp932 = 1
    /// EUC-JP: JIS X 0208 in two bytes from A1, half-width katakana behind 8E, JIS X 0212
    /// behind 8F.
    case eucJP = 2
    /// ISO-2022-JP (RFC 1468), with half-width katakana and JIS X 0212: every byte is below 80, and
    /// escape sequences say what the bytes behind them mean. Every line begins with ASCII.
    case iso2022JP = 3
    case utf16LittleEndian = 4
    case utf16BigEndian = 5

    /// As configurations and options write it.
    public var name: String {
        switch self {
        case .utf8: "utf-8"
        case .cp932: "cp932"
        case .eucJP: "euc-jp"
        case .iso2022JP: "iso-2022-jp"
        case .utf16LittleEndian: "utf-16le"
        case .utf16BigEndian: "utf-16be"
        }
    }

    public static let names = allCases.map(\.name)

    /// Encodings that people ask for and this version does not read.
    public static let missingNames = [
        "utf-7", "utf-32", "utf-32le", "utf-32be", "iso-2022-jp-2", "iso-2022-jp-3",
        "iso-2022-jp-2004", "euc-jis-2004", "shift_jis-2004", "shift_jisx0213", "cp939", "cp930",
        "iso-8859-1", "windows-1252", "gb18030", "gbk", "big5", "euc-kr",
    ]

    /// Whether bytes below 80 that stand for themselves are all there is of ASCII, as in UTF-8.
    ///
    /// Where it is not so, nothing can be said of a record before it is decoded.
    public var keepsASCII: Bool { rawValue <= TextEncoding.eucJP.rawValue }

    /// Bytes of a line feed, and of every other character of ASCII.
    public var unitBytes: Int {
        self == .utf16LittleEndian || self == .utf16BigEndian ? 2 : 1
    }

    /// The encoding of a file that begins like this.
    ///
    /// A byte order mark of UTF-16 decides where UTF-8 or UTF-16 was named: no other text begins
    /// with these bytes. Elsewhere the encoding that was named holds.
    ///
    /// - Returns: nil if there is too little to say.
    public func ofFile(beginning bytes: Span<UInt8>) -> TextEncoding? {
        guard self == .utf8 || unitBytes == 2 else { return self }
        guard bytes.count > 0 else { return nil }
        if bytes[0] != 0xFF && bytes[0] != 0xFE { return self }
        guard bytes.count > 1 else { return nil }
        switch (bytes[0], bytes[1]) {
        case (0xFF, 0xFE): return .utf16LittleEndian
        case (0xFE, 0xFF): return .utf16BigEndian
        default: return self
        }
    }

    /// The encoding called `name`, in any case; `shift_jis`, `windows-31j` and `ms932` are cp932,
    /// `utf-16` is UTF-16LE where no byte order mark says otherwise.
    public init?(name: String) {
        switch name.lowercased() {
        case "utf-8", "utf8": self = .utf8
        case "cp932", "windows-31j", "shift_jis", "shift-jis", "sjis", "ms932": self = .cp932
        case "euc-jp", "eucjp": self = .eucJP
        case "iso-2022-jp", "iso2022jp", "iso-2022-jp-1", "csiso2022jp", "jis": self = .iso2022JP
        case "utf-16", "utf-16le", "utf16", "utf16le": self = .utf16LittleEndian
        case "utf-16be", "utf16be": self = .utf16BigEndian
        default: return nil
        }
    }

    /// Appends the bytes of `range` as UTF-8, U+FFFD for what is no character.
    ///
    /// Bytes of UTF-8 are only copied: who shows them repairs them. The byte order mark that UTF-16
    /// may begin with gives nothing.
    ///
    /// - Returns: whether every byte was part of a character; true for UTF-8.
    /// - Complexity: O(n).
    @discardableResult
    public func appendText(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) -> Bool {
        var anchors: [Anchor]?
        return append(bytes, range, to: &out, &anchors)
    }

    /// A place that is the border of a character in the bytes and in their text, or that of a run
    /// between escape sequences, which only makes sense as a whole.
    public struct Anchor: Hashable, Sendable {
        public var byte: UInt32
        public var text: UInt32

        public init(byte: UInt32, text: UInt32) {
            self.byte = byte
            self.text = text
        }
    }

    /// As `appendText` for all of `bytes`, with anchors: the start, start and end of every
    /// character that is not ASCII, and the end.
    ///
    /// - Parameters:
    ///   - out: empty.
    ///   - anchors: emptied first.
    public func decode(
        _ bytes: Span<UInt8>, to out: inout [UInt8], anchors: inout [Anchor]
    ) -> Bool {
        anchors.removeAll(keepingCapacity: true)
        anchors.append(Anchor(byte: 0, text: 0))
        var list: [Anchor]? = anchors
        anchors = []
        let isWhole = append(bytes, 0..<bytes.count, to: &out, &list)
        anchors = list ?? []
        anchors.append(Anchor(byte: UInt32(bytes.count), text: UInt32(out.count)))
        return isWhole
    }

    private func append(
        _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8],
        _ anchors: inout [Anchor]?
    ) -> Bool {
        switch self {
        case .utf8:
            out.append(bytes, range)
            return true
        case .iso2022JP: return EscapedText.append(bytes, range, to: &out, &anchors)
        case .utf16LittleEndian: return appendWide(bytes, range, low: 0, to: &out, &anchors)
        case .utf16BigEndian: return appendWide(bytes, range, low: 1, to: &out, &anchors)
        case .cp932, .eucJP: break
        }
        var isWhole = true
        var at = range.lowerBound
        while at < range.upperBound {
            let ascii = UTF8Text.asciiEnd(bytes, at..<range.upperBound)
            out.append(bytes, at..<ascii)
            guard ascii < range.upperBound else { break }
            anchors?.append(Anchor(byte: UInt32(ascii), text: UInt32(out.count)))
            let (count, scalar) = character(bytes, ascii..<range.upperBound)
            if scalar == 0 {
                out.append(contentsOf: UTF8Text.replacement)
                isWhole = false
            } else {
                UTF8Text.append(scalar: UInt32(scalar), to: &out)
            }
            at = ascii + count
            anchors?.append(Anchor(byte: UInt32(at), text: UInt32(out.count)))
        }
        return isWhole
    }

    /// The character at the start of `range`, whose first byte is not ASCII: how many bytes it has,
    /// and its scalar, 0 for none. A second byte that is ASCII is never swallowed by a mistake.
    private func character(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (count: Int, scalar: UInt16) {
        let first = bytes[range.lowerBound]
        let second = range.count > 1 ? bytes[range.lowerBound + 1] : 0
        switch self {
        case .utf8, .iso2022JP, .utf16LittleEndian, .utf16BigEndian: return (1, 0)
        case .cp932:
            let single = hisui_cp932_single_at(first)
            if single != 0 { return (1, single) }
            let pair = hisui_cp932_pair_at(first, second)
            return (pair != 0 || second >= 0x80 && second <= 0xFC ? 2 : 1, pair)
        case .eucJP:
            if first == 0x8E {
                guard second >= 0xA1, second <= 0xDF else { return (1, 0) }
                return (2, 0xFF61 + UInt16(second - 0xA1))
            }
            if first == 0x8F {
                let third = range.count > 2 ? bytes[range.lowerBound + 2] : 0
                guard second >= 0xA1, third >= 0xA1 else { return (1, 0) }
                return (3, hisui_jisx0212_at(second, third))
            }
            guard first >= 0xA1, second >= 0xA1 else { return (1, 0) }
            return (2, hisui_jisx0208_at(first, second))
        }
    }
}

// UTF-16.
extension TextEncoding {
    /// Appends UTF-16 (RFC 2781) as UTF-8.
    ///
    /// - Parameter low: where the lower byte of a unit stands.
    private func appendWide(
        _ bytes: Span<UInt8>, _ range: Range<Int>, low: Int, to out: inout [UInt8],
        _ anchors: inout [Anchor]?
    ) -> Bool {
        func unit(_ at: Int) -> UInt32 {
            UInt32(bytes[at + low]) | UInt32(bytes[at + 1 - low]) << 8
        }
        var isWhole = true
        var at = range.lowerBound
        while at < range.upperBound {
            let left = range.upperBound - at
            let first = left > 1 ? unit(at) : 0xD800
            if first < 0x80 {
                out.append(UInt8(first))
                at += 2
                continue
            }
            anchors?.append(Anchor(byte: UInt32(at), text: UInt32(out.count)))
            var count = min(2, left)
            var scalar: UInt32? = first
            if first & 0xF800 == 0xD800 {
                scalar = nil
                if first < 0xDC00, left > 3, unit(at + 2) & 0xFC00 == 0xDC00 {
                    scalar = 0x10000 + (first & 0x3FF) << 10 + unit(at + 2) & 0x3FF
                    count = 4
                }
            }
            if let scalar {
                if scalar != 0xFEFF || at > range.lowerBound {
                    UTF8Text.append(scalar: scalar, to: &out)
                }
            } else {
                out.append(contentsOf: UTF8Text.replacement)
                isWhole = false
            }
            at += count
            anchors?.append(Anchor(byte: UInt32(at), text: UInt32(out.count)))
        }
        return isWhole
    }
}

extension [TextEncoding.Anchor] {
    /// The byte at which the text from offset `text` on begins; nil inside a character.
    ///
    /// - Parameter unitBytes: how many bytes a character of ASCII has.
    /// - Complexity: O(log n).
    public func byte(ofText text: Int, unitBytes: Int = 1) -> Int? {
        var low = 0
        var high = count
        // The last anchor that is not behind it.
        while high - low > 1 {
            let middle = (low + high) / 2
            if Int(self[middle].text) <= text { low = middle } else { high = middle }
        }
        guard low < count else { return nil }
        let ahead = text - Int(self[low].text)
        if ahead == 0 { return Int(self[low].byte) }
        // Behind an odd one stands a character, behind an even one ASCII.
        guard ahead > 0, low & 1 == 0, low + 1 < count else { return nil }
        return Int(self[low].byte) + ahead * unitBytes
    }
}
