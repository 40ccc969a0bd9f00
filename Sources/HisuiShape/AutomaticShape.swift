public import HisuiBytes

/// Finds the slots of a message that no rule knows.
///
/// One pass, no knowledge of any product. What becomes a slot:
/// - a token that holds a digit, the punctuation around it left out (`#12:` is `12`), an address
///   with a port being two slots;
/// - the value behind `key=`, also an empty one, so that `OUT=` and `OUT=eth0` are one shape;
/// - what stands between quotes, unless a colon follows (the name of a JSON member);
/// - absolute paths, URLs, `user@host`, `DOMAIN\user`, tokens of 32 bytes and more.
///
/// The rest is fixed text. Bytes from 0x80 up are text and end a token, so no character of valid
/// UTF-8 is ever cut: `利用者123が` is `利用者`, the slot `123`, `が`.
///
/// Whether two messages have the same shape depends on their fixed text only and never on the
/// kinds, which are guessed from the first message of a shape: a value that is sometimes all
/// digits must not double the shapes. A message with more slots or more fixed text than a shape
/// should have, or with control characters, is one slot as a whole.
public enum AutomaticShape {
    /// Longer messages are not looked into: they hold dumps and documents, which do not repeat.
    public static let messageBytesMax = 8192
    /// Fixed text is kept in memory for each shape, and lines of this much of it do not repeat.
    public static let fixedBytesMax = 1024
    static let keyBytesMax = 64
    static let longTokenBytes = 32

    /// Appends the slots of `message`, spans of `record`, in order.
    ///
    /// - Parameter slotsMax: how many may be appended, at least 1.
    /// - Complexity: O(length of the message).
    public static func appendSlots(
        of record: Span<UInt8>, message: Range<Int>, slotsMax: Int, to slots: inout [ByteRange]
    ) {
        let first = slots.count
        if message.isEmpty { return }
        if message.count <= messageBytesMax {
            if let slotBytes = scan(record, message, slotsMax, &slots),
                message.count - slotBytes <= fixedBytesMax
            {
                return
            }
        }
        slots.removeSubrange(first...)
        slots.append(ByteRange(message))
    }

    @inline(__always)
    private static func scan(
        _ record: Span<UInt8>, _ message: Range<Int>, _ slotsMax: Int, _ slots: inout [ByteRange]
    ) -> Int? {
        precondition(message.lowerBound >= 0 && message.upperBound <= record.count)
        return unsafe record.withUnsafeBufferPointer { bytes in
            unsafe CharacterClass.table.withUnsafeBufferPointer { classes in
                // Safe: the message lies inside the record, as was just seen; both buffers live
                // until the closure ends, and so does the scan.
                guard let bytes = bytes.baseAddress, let classes = classes.baseAddress else {
                    return 0
                }
                return unsafe MessageScan(bytes, message, classes: classes, slotsMax: slotsMax)
                    .run(&slots)
            }
        }
    }

    /// The kind that the bytes of `range` most likely have.
    ///
    /// - Complexity: O(length of the range).
    public static func kind(of record: Span<UInt8>, _ range: Range<Int>) -> Shape.Kind {
        var digits = 0
        var hexLetters = 0
        var dots = 0
        var colons = 0
        var dashes = 0
        var others = 0
        for index in range {
            switch record[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                hexLetters += 1
            case UInt8(ascii: "."): dots += 1
            case UInt8(ascii: ":"): colons += 1
            case UInt8(ascii: "-"): dashes += 1
            case UInt8(ascii: "x") where index == range.lowerBound + 1 && digits == 1: break
            case UInt8(ascii: " "): return .text
            default: others += 1
            }
        }
        let length = range.count
        if length == 0 || others > 0 { return length > longTokenBytes ? .text : .word }
        if digits == length || digits == length - 1 && record[range.lowerBound] == 0x2D {
            if digits == 0 { return .word }
            return length <= 20 ? .integer : .hex
        }
        if dots == 3, digits == length - 3, length <= 15 { return .ipv4 }
        if colons == 7 || colons >= 2 && hasDoubleColon(record, range), dashes == 0 {
            return .ipv6
        }
        let hasPrefix = length >= 3 && record[range.lowerBound + 1] == 0x78  // 0x…
        if dots == 0, colons == 0, length >= 8 || hasPrefix { return .hex }
        return length > longTokenBytes ? .text : .word
    }

    private static func hasDoubleColon(_ record: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range.dropLast() where record[index] == 0x3A && record[index + 1] == 0x3A {
            return true
        }
        return false
    }
}
