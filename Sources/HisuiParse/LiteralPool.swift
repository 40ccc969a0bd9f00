import HisuiBytes
import HisuiShape

/// Fixed texts of shapes made lately: most literals of a new shape are those of another (` `,
/// `]: `, ` from `), and share its storage.
///
/// A table of which each text has one place; what is not found there is made. Belongs to one
/// parser.
struct LiteralPool {
    private static let count = 1024
    private var texts = [[UInt8]](repeating: [], count: LiteralPool.count)

    /// The bytes of a record as an array.
    ///
    /// - Complexity: O(length of the range).
    mutating func literal(_ record: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        let hash = Hash64.of(record.extracting(range))
        let place = Int(truncatingIfNeeded: hash) & (LiteralPool.count - 1)
        let known = texts[place]
        if ByteSearch.equal(record, range, known.span) { return known }
        var text: [UInt8] = []
        text.append(record, ByteRange(range))
        texts[place] = text
        return text
    }
}
