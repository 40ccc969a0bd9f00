/// Says which automatic shapes deserve a place in the table.
///
/// Lines that programs print come from a few thousand format strings; where more than one line in
/// sixteen brings a new shape the text does not repeat, and shapes would only cost. From then on a
/// shape must be seen twice. What is turned away is stored with one slot for its message.
struct ShapeAdmission {
    /// Shapes that are always granted: a small stream should not be judged by its beginning.
    static let grantedShapes = 4096
    static let rowsPerShape = 16

    private var admitted = 0
    private var admittedMembers = 0
    private var rows = 0
    /// Parts of the keys turned away lately; forgetting one costs a second chance only.
    private var seen: [UInt32] = []
    private static let seenCount = 65_536

    mutating func count(rows: Int) { self.rows += rows }

    /// Whether a new shape of named values may have a place in the table: names can be long, so
    /// what counts is their bytes, and nothing is granted for coming twice.
    mutating func admits(memberBytes: Int) -> Bool {
        let cost = 1 + memberBytes / ShapeAdmission.memberUnitBytes
        guard
            admittedMembers + cost
                <= ShapeAdmission.grantedShapes + rows / ShapeAdmission.rowsPerShape
        else { return false }
        admittedMembers += cost
        return true
    }

    private static let memberUnitBytes = 1024

    /// Whether a shape that is not in the table may have a place in it.
    mutating func admits(key: UInt64) -> Bool {
        if admitted < ShapeAdmission.grantedShapes + rows / ShapeAdmission.rowsPerShape {
            admitted += 1
            return true
        }
        if seen.isEmpty { seen = Array(repeating: 0, count: ShapeAdmission.seenCount) }
        let place = Int(truncatingIfNeeded: key >> 16) & (ShapeAdmission.seenCount - 1)
        let mark = UInt32(truncatingIfNeeded: key >> 32) | 1
        if seen[place] == mark {
            admitted += 1
            return true
        }
        seen[place] = mark
        return false
    }
}
