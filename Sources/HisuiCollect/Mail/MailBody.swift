import HisuiBytes

/// The transfer encodings of bodies, RFC 2045 §6. Nothing is refused: what is no part of an
/// encoding is passed over or kept as it stands, as readers of mail do.
enum MailBody {
    /// Appends what a body stands for.
    ///
    /// - Parameter transfer: in lower case; anything but `base64` and `quoted-printable` is none.
    /// - Complexity: O(n).
    static func append(_ body: ArraySlice<UInt8>, transfer: [UInt8], to out: inout [UInt8]) {
        if transfer.elementsEqual("base64".utf8) {
            appendBase64(body, to: &out)
        } else if transfer.elementsEqual("quoted-printable".utf8) {
            appendQuotedPrintable(body, to: &out)
        } else {
            out += body
        }
    }

    /// Base64: other bytes are passed over, and a padding ends a run.
    static func appendBase64(_ text: ArraySlice<UInt8>, to out: inout [UInt8]) {
        out.reserveCapacity(out.count + text.count / 4 * 3)
        var group: UInt32 = 0
        var count = 0
        for byte in text {
            if byte == 0x3D {
                // Two letters are a byte, three are two.
                for place in 0..<max(0, count - 1) {
                    out.append(
                        UInt8(truncatingIfNeeded: group >> UInt32(6 * count - 8 * (place + 1))))
                }
                (group, count) = (0, 0)
                continue
            }
            guard let bits = Base64Text.value(byte) else { continue }
            group = group << 6 | bits
            count += 1
            guard count == 4 else { continue }
            out.append(UInt8(truncatingIfNeeded: group >> 16))
            out.append(UInt8(truncatingIfNeeded: group >> 8))
            out.append(UInt8(truncatingIfNeeded: group))
            (group, count) = (0, 0)
        }
        for place in 0..<max(0, count - 1) {
            out.append(UInt8(truncatingIfNeeded: group >> UInt32(6 * count - 8 * (place + 1))))
        }
    }

    /// Quoted-printable: blanks at the end of a line are none, `=` there joins it to the next.
    private static func appendQuotedPrintable(
        _ text: ArraySlice<UInt8>, to out: inout [UInt8]
    ) {
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let isLast = line.endIndex == text.endIndex
            var end = line.endIndex
            let hasReturn = end > line.startIndex && line[end - 1] == 0x0D
            while end > line.startIndex, line[end - 1] <= 0x20 { end -= 1 }
            let isSoft = end > line.startIndex && line[end - 1] == 0x3D
            appendUnescaped(line[..<(isSoft ? end - 1 : end)], mark: 0x3D, to: &out)
            if isSoft || isLast { continue }
            if hasReturn { out.append(0x0D) }
            out.append(0x0A)
        }
    }

    /// Appends bytes in which `mark` and two hexadecimal digits stand for one byte.
    static func appendUnescaped(_ text: ArraySlice<UInt8>, mark: UInt8, to out: inout [UInt8]) {
        var at = text.startIndex
        while at < text.endIndex {
            if text[at] == mark, at + 2 < text.endIndex, let high = HexText.digit(text[at + 1]),
                let low = HexText.digit(text[at + 2])
            {
                out.append(high << 4 | low)
                at += 3
            } else {
                out.append(text[at])
                at += 1
            }
        }
    }
}
