import HisuiBytes
import HisuiEvent

/// The head of a message, or of a part of one: fields as RFC 5322 §2.2 has them.
///
/// Lines end with LF, with CR before it or not. A line that is no field is passed over.
struct MailFields {
    /// Names in lower case, values unfolded and otherwise as they stand, in order.
    private var fields: [(name: [UInt8], value: [UInt8])] = []
    /// Where the body begins: behind the empty line.
    let end: Int

    /// Reads the head at the start of `range`.
    ///
    /// - Complexity: O(bytes of the head); only `Limits.mailHeadBytesMax` of them become fields.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        var at = range.lowerBound
        let readable = min(range.upperBound, range.lowerBound + Limits.mailHeadBytesMax)
        while at < range.upperBound {
            let line = MailLine(bytes, at..<range.upperBound)
            at = line.next
            if line.content.isEmpty { break }
            guard line.content.upperBound <= readable else { continue }
            let content = bytes[line.content]
            if content[content.startIndex] == 0x20 || content[content.startIndex] == 0x09 {
                if let last = fields.indices.last { fields[last].value += content }
            } else if let colon = content.firstIndex(of: 0x3A), fields.count < Limits.mailFieldsMax
            {
                let name = Self.trimmed(content[..<colon]).map(ByteSearch.lowered)
                fields.append((name, Array(content[(colon + 1)...])))
            }
        }
        end = at
    }

    /// The first field of that name, blanks around it left away; nil if there is none.
    ///
    /// - Parameter name: in lower case.
    func value(_ name: String) -> [UInt8]? {
        fields.first { $0.name.elementsEqual(name.utf8) }.map { Array(Self.trimmed($0.value[...])) }
    }

    /// The first field of that name as a person reads it, in UTF-8; empty if there is none.
    func text(_ name: String) -> [UInt8] { value(name).map { MailText.decodedWords($0) } ?? [] }

    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while let first = rest.first, first <= 0x20 { rest.removeFirst() }
        while let last = rest.last, last <= 0x20 { rest.removeLast() }
        return rest
    }
}

/// The line at the start of a range.
struct MailLine {
    /// Without its end.
    let content: Range<Int>
    /// Where the next line begins.
    let next: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        let feed = ByteSearch.first(of: 0x0A, in: bytes.span, range)
        var end = feed ?? range.upperBound
        next = feed.map { $0 + 1 } ?? range.upperBound
        if feed != nil, end > range.lowerBound, bytes[end - 1] == 0x0D { end -= 1 }
        content = range.lowerBound..<end
    }
}

/// A field such as `text/csv; charset="cp932"; name*=UTF-8''%E8%A1%A8.csv`: a word, and parameters
/// as RFC 2045 §5.1 and RFC 2231 have them.
struct MailParameters {
    /// In lower case: `text/csv`, `attachment`.
    let word: [UInt8]
    private var values: [(name: [UInt8], value: [UInt8])] = []

    init(_ field: [UInt8]) {
        var at = 0
        word = Self.token(field, &at)
        while at < field.count, values.count < Limits.mailParametersMax {
            let isParameter = field[at] == 0x3B
            at += 1
            guard isParameter else { continue }
            let name = Self.token(field, &at)
            guard at < field.count, field[at] == 0x3D else { continue }
            at += 1
            values.append((name, Self.value(field, &at)))
        }
    }

    /// The parameter in UTF-8: in one piece or several, with a character set or without; nil if
    /// there is none. Encoded words, which do not belong there and are written there, are decoded.
    ///
    /// - Parameter name: in lower case.
    func text(_ name: String) -> [UInt8]? {
        if let plain = value(name) { return MailText.decodedWords(plain) }
        if let whole = value(name + "*") { return Self.decoded([(whole, true)]) }
        var pieces: [(value: [UInt8], isEscaped: Bool)] = []
        while pieces.count < Limits.mailParametersMax {
            if let part = value("\(name)*\(pieces.count)") {
                pieces.append((part, false))
            } else if let part = value("\(name)*\(pieces.count)*") {
                pieces.append((part, true))
            } else {
                break
            }
        }
        return pieces.isEmpty ? nil : Self.decoded(pieces)
    }

    private func value(_ name: String) -> [UInt8]? {
        values.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// Up to a blank, `;` or `=`, in lower case; blanks around it are passed over.
    private static func token(_ field: [UInt8], _ at: inout Int) -> [UInt8] {
        while at < field.count, field[at] <= 0x20 { at += 1 }
        let start = at
        while at < field.count, field[at] > 0x20, field[at] != 0x3B, field[at] != 0x3D { at += 1 }
        let token = field[start..<at].map(ByteSearch.lowered)
        while at < field.count, field[at] <= 0x20 { at += 1 }
        return token
    }

    /// A token or a quoted string.
    private static func value(_ field: [UInt8], _ at: inout Int) -> [UInt8] {
        while at < field.count, field[at] <= 0x20 { at += 1 }
        guard at < field.count, field[at] == 0x22 else {
            let start = at
            while at < field.count, field[at] != 0x3B { at += 1 }
            return Array(MailFields.trimmed(field[start..<at]))
        }
        at += 1
        var value: [UInt8] = []
        while at < field.count, field[at] != 0x22 {
            if field[at] == 0x5C, at + 1 < field.count { at += 1 }
            value.append(field[at])
            at += 1
        }
        at = min(at + 1, field.count)
        return value
    }

    /// Puts pieces together: the first escaped one names the character set, `charset'language'`.
    private static func decoded(_ pieces: [(value: [UInt8], isEscaped: Bool)]) -> [UInt8] {
        var bytes: [UInt8] = []
        var charset = ""
        for (number, piece) in pieces.enumerated() {
            guard piece.isEscaped else {
                bytes += piece.value
                continue
            }
            var rest = piece.value[...]
            let parts = rest.split(separator: 0x27, maxSplits: 2, omittingEmptySubsequences: false)
            if number == 0, parts.count == 3 {
                charset = String(decoding: parts[0], as: UTF8.self)
                rest = parts[2]
            }
            MailBody.appendUnescaped(rest, mark: 0x25, to: &bytes)
        }
        return MailText.decoded(bytes[...], charset: charset)
    }
}
