import HisuiBytes
import HisuiEvent

/// The journal export format, byte for byte as `journalctl -o export` of systemd 252 writes it.
///
/// Four lines stand first (`__CURSOR`, `__REALTIME_TIMESTAMP`, `__MONOTONIC_TIMESTAMP`,
/// `_BOOT_ID`), then the fields in file order, each as `NAME=value` LF, or, when name and value
/// are not all printable UTF-8, as `NAME` LF, eight bytes of little-endian length, the value, LF.
/// TAB is printable; LF, other C0 and C1 controls, DEL, surrogates and noncharacters are not.
enum JournalExport {
    /// Appends the four lines that stand first.
    ///
    /// `cursor` is `text`, read.
    static func appendHead(_ cursor: JournalCursor, _ text: Span<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: cursorName)
        append(text, 0..<text.count, to: &bytes)
        bytes.append(contentsOf: realtimeName)
        bytes.appendDecimal(cursor.realtime)
        bytes.append(contentsOf: monotonicName)
        bytes.appendDecimal(cursor.monotonic)
        bytes.append(contentsOf: bootName)
        append(text, cursor.bootText, to: &bytes)
        bytes.append(lineFeed)
    }

    /// Appends one field given as `NAME=value`, unless it is `_BOOT_ID` (said already) or its name
    /// is none: what journalctl leaves out too.
    ///
    /// - Parameter room: bytes the record may still grow. A value that is too long is cut so that
    ///   the record stays well formed.
    /// - Returns: false if the field was cut or left out for want of room.
    static func appendField(_ data: Span<UInt8>, room: Int, to bytes: inout [UInt8]) -> Bool {
        guard let name = nameCount(data), !isBootID(data, name) else { return true }
        var count = data.count
        // The worst case: binary, with the name's LF instead of "=", the length, the last LF.
        var whole = true
        if count + 9 > room {
            whole = false
            guard room >= name + 64 else { return false }
            count = room - 9
        }
        if isPrintable(data, count) {
            append(data, 0..<count, to: &bytes)
        } else {
            append(data, 0..<name, to: &bytes)
            bytes.append(lineFeed)
            var length = UInt64(count - name - 1)
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: length))
                length >>= 8
            }
            append(data, name + 1..<count, to: &bytes)
        }
        bytes.append(lineFeed)
        return whole
    }

    /// Bytes of the field's name: 1 to 64 of `A-Z 0-9 _`, no digit first, then "=".
    private static func nameCount(_ data: Span<UInt8>) -> Int? {
        var i = 0
        let end = min(data.count, 65)
        while i < end {
            switch data[i] {
            case UInt8(ascii: "="): return i > 0 ? i : nil
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9"): if i == 0 { return nil }
            default: return nil
            }
            i += 1
        }
        return nil
    }

    private static func isBootID(_ data: Span<UInt8>, _ name: Int) -> Bool {
        guard name == 8, data[0] == UInt8(ascii: "_"), data[1] == UInt8(ascii: "B") else {
            return false
        }
        for i in 0..<8 where data[i] != bootIDName[i] { return false }
        return true
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
            unsafe bytes.append(contentsOf: buffer[range])
        }
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let bootIDName = Array("_BOOT_ID".utf8)
    private static let cursorName = Array("__CURSOR=".utf8)
    private static let realtimeName = Array("\n__REALTIME_TIMESTAMP=".utf8)
    private static let monotonicName = Array("\n__MONOTONIC_TIMESTAMP=".utf8)
    private static let bootName = Array("\n_BOOT_ID=".utf8)
}
