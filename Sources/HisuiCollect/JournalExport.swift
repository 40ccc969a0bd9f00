import HisuiBytes
import HisuiEvent

/// The journal export format, as `journalctl -o export` writes it.
///
/// Lines that systemd derives stand first (`__REALTIME_TIMESTAMP`, `__MONOTONIC_TIMESTAMP`,
/// `__SEQNUM`, `__SEQNUM_ID`, `_BOOT_ID`, as systemd 254 and later print them), then the fields,
/// each as `NAME=value` LF, or, when the value is not all printable UTF-8, as `NAME` LF, eight
/// bytes of little-endian length, the value, LF. TAB is printable; LF, other C0 and C1 controls,
/// DEL, surrogates and noncharacters are not.
///
/// There is no `__CURSOR`: it repeats these lines, and its hash follows from the fields.
enum JournalExport {
    /// Bytes that a field may be longer in this format than as `NAME=value`: a length and an LF.
    static let overheadMax = 9

    /// Appends the lines that stand first.
    ///
    /// `cursor` is `text`, read.
    static func appendHead(_ cursor: JournalCursor, _ text: Span<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: realtimeName)
        bytes.appendDecimal(cursor.realtime)
        bytes.append(contentsOf: monotonicName)
        bytes.appendDecimal(cursor.monotonic)
        bytes.append(contentsOf: numberName)
        bytes.appendDecimal(cursor.number)
        bytes.append(contentsOf: writerName)
        append(text, cursor.writerText, to: &bytes)
        bytes.append(contentsOf: bootName)
        append(text, cursor.bootText, to: &bytes)
        bytes.append(lineFeed)
    }

    /// Appends one field given as `NAME=value`.
    static func append(_ data: Span<UInt8>, nameCount: Int, to bytes: inout [UInt8]) {
        if isPrintable(data, data.count) {
            append(data, 0..<data.count, to: &bytes)
        } else {
            append(data, 0..<nameCount, to: &bytes)
            bytes.append(lineFeed)
            bytes.appendLittleEndian(UInt64(data.count - nameCount - 1))
            append(data, nameCount + 1..<data.count, to: &bytes)
        }
        bytes.append(lineFeed)
    }

    /// Whether the first `count` bytes are printable UTF-8 by systemd's rule.
    static func isPrintable(_ data: Span<UInt8>, _ count: Int) -> Bool {
        var i = 0
        // Safe: the raw view lives no longer than the span it is of.
        let words = unsafe data.bytes
        while i < count {
            while i + 8 <= count {
                // Safe: i + 8 is within the span; a load of integers has no invalid bit pattern.
                let word = unsafe words.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: i, as: UInt64.self)
                if !isPlainASCII(word) { break }
                i += 8
            }
            guard i < count else { break }
            let byte = data[i]
            if byte < 0x80 {
                if byte < 0x20 && byte != 0x09 || byte == 0x7f { return false }
                i += 1
            } else {
                let taken = printableScalar(data, i, count)
                if taken == 0 { return false }
                i += taken
            }
        }
        return true
    }

    /// Whether all eight bytes are 0x20 to 0x7e.
    ///
    /// May say no wrongly, never yes.
    private static func isPlainASCII(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops = ones << 7
        let belowSpace = (word &- ones &* 0x20)
        let delete = (word ^ ones &* 0x7f) &- ones
        return (word | belowSpace | delete) & tops == 0
    }

    /// The bytes of the printable character above ASCII at `i`, or 0.
    private static func printableScalar(_ data: Span<UInt8>, _ i: Int, _ count: Int) -> Int {
        let first = data[i]
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
        guard first >= 0xc2, first <= 0xf4, i + length <= count else { return 0 }
        var scalar = UInt32(first) & (0xff >> UInt32(length + 1))
        for k in 1..<length {
            let next = data[i + k]
            guard next & 0xc0 == 0x80 else { return 0 }
            scalar = scalar << 6 | UInt32(next & 0x3f)
        }
        let smallest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x1_0000
        guard scalar >= smallest, scalar <= 0x10_ffff, scalar & 0xffff_f800 != 0xd800 else {
            return 0
        }
        let nonCharacter = scalar >= 0xfdd0 && scalar <= 0xfdef || scalar & 0xfffe == 0xfffe
        return nonCharacter || scalar <= 0x9f ? 0 : length
    }

    private static func append(_ data: Span<UInt8>, _ range: Range<Int>, to bytes: inout [UInt8]) {
        unsafe data.withUnsafeBufferPointer { buffer in
            // Safe: the range lies within the span and the buffer is read inside the closure.
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[range]))
        }
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let realtimeName = Array("__REALTIME_TIMESTAMP=".utf8)
    private static let monotonicName = Array("\n__MONOTONIC_TIMESTAMP=".utf8)
    private static let numberName = Array("\n__SEQNUM=".utf8)
    private static let writerName = Array("\n__SEQNUM_ID=".utf8)
    private static let bootName = Array("\n_BOOT_ID=".utf8)
}
