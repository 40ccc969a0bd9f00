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

    /// As configurations and options write it.
    public var name: String {
        switch self {
        case .utf8: "utf-8"
        case .cp932: "cp932"
        case .eucJP: "euc-jp"
        }
    }

    public static let names = allCases.map(\.name)

    /// Encodings that people ask for and this version does not read.
    public static let missingNames = ["iso-2022-jp", "utf-16le", "utf-16be"]

    /// The encoding called `name`, in any case; `shift_jis`, `windows-31j` and `ms932` are cp932.
    public init?(name: String) {
        switch name.lowercased() {
        case "utf-8", "utf8": self = .utf8
        case "cp932", "windows-31j", "shift_jis", "shift-jis", "sjis", "ms932": self = .cp932
        case "euc-jp", "eucjp": self = .eucJP
        default: return nil
        }
    }

    /// Appends the bytes of `range` as UTF-8, U+FFFD for what is no character.
    ///
    /// ASCII stands for itself in every encoding there is here. Bytes of UTF-8 are only copied:
    /// who shows them repairs them.
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

    /// A place that is the border of a character in the bytes and in their text.
    public struct Anchor: Hashable, Sendable {
        public var byte: UInt32
        public var text: UInt32
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
        if self == .utf8 {
            out.append(bytes, range)
            return true
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
        case .utf8: return (1, 0)
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

extension [TextEncoding.Anchor] {
    /// The byte at which the text from offset `text` on begins; nil inside a character.
    ///
    /// - Complexity: O(log n).
    public func byte(ofText text: Int) -> Int? {
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
        return Int(self[low].byte) + ahead
    }
}
