import HisuiBytes
import HisuiShape

/// The literals of shapes by number in flat arrays: what the loops over rows look at, without a
/// lock and without following a pointer for each literal.
struct ShapeLayouts {
    /// Slots of each shape.
    private(set) var slotCounts: [Int] = []
    /// Slots that make up the record; those beside it stand behind them.
    private(set) var recordSlotCounts: [Int] = []
    /// Bytes of all literals of each shape together.
    private(set) var fixedCounts: [Int] = []
    /// The first of each shape's literals in `literals`; there is one more than slots.
    private(set) var firstLiterals: [Int] = []
    /// Literals of all shapes, as spans of `text`.
    private(set) var literals: [ByteRange] = []
    private(set) var text: [UInt8] = []

    init() { append(.any) }

    var count: Int { slotCounts.count }

    /// Gives `shape` the next number.
    mutating func append(_ shape: Shape) {
        slotCounts.append(shape.slots.count)
        recordSlotCounts.append(shape.recordSlotCount)
        firstLiterals.append(literals.count)
        var fixed = 0
        for literal in shape.literals {
            literals.append(
                ByteRange(offset: UInt32(text.count), count: UInt32(literal.count)))
            text.append(contentsOf: literal)
            fixed += literal.count
        }
        fixedCounts.append(fixed)
    }

    /// Passes over a number whose shape is not known: it is never asked for.
    mutating func appendUnknown() {
        slotCounts.append(-1)
        recordSlotCounts.append(-1)
        firstLiterals.append(literals.count)
        fixedCounts.append(0)
    }
}
