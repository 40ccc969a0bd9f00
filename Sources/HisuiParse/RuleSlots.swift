import HisuiBytes
import HisuiEvent

/// The slots that a rule being tried has made so far.
///
/// They stand in room that lasts as long as the parser, so trying a rule neither allocates nor asks
/// whether an array is shared; a rule that does not fit leaves nothing to be cleared away.
struct RuleSlots: ~Copyable, ~Escapable {
    private var room: MutableSpan<ByteRange>
    private(set) var count = 0

    /// How many a rule and its prefix can make: their captures, and blanks before the first.
    static let max = 2 * (Limits.capturesPerRuleMax + 1)

    /// - Parameter room: for `max` slots.
    @_lifetime(copy room)
    @inline(__always)
    init(_ room: consuming MutableSpan<ByteRange>) { self.room = room }

    /// The slot from `from` up to `end`.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func append(_ from: Int, _ end: Int) {
        room[count] = ByteRange(
            offset: UInt32(truncatingIfNeeded: from),
            count: UInt32(truncatingIfNeeded: end &- from))
        count &+= 1
    }

    /// Takes back the slots from number `count` on.
    @_lifetime(self: copy self)
    @inline(__always)
    mutating func truncate(to count: Int) { self.count = count }

    @inline(__always)
    subscript(_ index: Int) -> Range<Int> { room[index].range }

    @inline(__always)
    var last: Range<Int> { room[count - 1].range }

    /// Appends the slots to those of the row.
    @inline(__always)
    func append(to slots: inout [ByteRange]) {
        for index in 0..<count { slots.append(room[index]) }
    }
}
