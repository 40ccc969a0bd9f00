/// Says which automatic shapes deserve a place in the table.
///
/// Lines that programs print come from a few thousand format strings; what does not repeat only
/// costs as a shape: columns of one value, and a question more for each search. So a shape must
/// have been seen some times before it is one, but for the first of all: a small stream should not
/// be judged by its beginning. What is turned away is stored with one slot for its message.
struct ShapeAdmission {
    /// Shapes that are always granted.
    static let grantedShapes = 256
    /// How often another one must have come.
    static let timesSeen: UInt32 = 4
    /// Shapes of named values are granted by the rows, beside the first of them.
    static let grantedMembers = 4096
    static let rowsPerMember = 16

    private var admitted = 0
    private var admittedMembers = 0
    private var rows = 0
    /// Parts of the keys turned away lately, and how often; forgetting one costs further chances
    /// only.
    private var seen: [UInt32] = []
    private static let seenCount = 65_536
    private static let timesMask: UInt32 = 0x7

    mutating func count(rows: Int) { self.rows += rows }

    /// Whether a new shape of named values may have a place in the table: names can be long, so
    /// what counts is their bytes, and nothing is granted for coming again.
    mutating func admits(memberBytes: Int) -> Bool {
        let cost = 1 + memberBytes / ShapeAdmission.memberUnitBytes
        guard
            admittedMembers + cost
                <= ShapeAdmission.grantedMembers + rows / ShapeAdmission.rowsPerMember
        else { return false }
        admittedMembers += cost
        return true
    }

    private static let memberUnitBytes = 1024

    /// Whether a shape that is not in the table may have a place in it.
    mutating func admits(key: UInt64) -> Bool {
        if admitted < ShapeAdmission.grantedShapes {
            admitted += 1
            return true
        }
        if seen.isEmpty { seen = Array(repeating: 0, count: ShapeAdmission.seenCount) }
        let place = Int(truncatingIfNeeded: key >> 16) & (ShapeAdmission.seenCount - 1)
        let mark = UInt32(truncatingIfNeeded: key >> 32) & ~ShapeAdmission.timesMask
        let known = seen[place]
        let times = known & ~ShapeAdmission.timesMask == mark ? known & ShapeAdmission.timesMask : 0
        if times + 1 >= ShapeAdmission.timesSeen { return true }
        seen[place] = mark | times + 1
        return false
    }
}
