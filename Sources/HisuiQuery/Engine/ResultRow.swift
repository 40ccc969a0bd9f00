import HisuiBytes
public import HisuiShape

/// Names of fields by number, so that a row names its fields without strings.
///
/// Grows only; belongs to the thread that runs the query's pipes.
public final class FieldNames {
    private var names: [String] = []
    private var numbers: [String: Int32] = [:]

    init() {}

    /// The number of `name`, a new one if it has none.
    func number(_ name: String) -> Int32 {
        if let known = numbers[name] { return known }
        let number = Int32(names.count)
        names.append(name)
        numbers[name] = number
        return number
    }

    subscript(_ number: Int32) -> String { names[Int(number)] }

    var count: Int { names.count }
}

/// A row of a query's result: fields with names and values, in order.
///
/// A field without value is the same as no field.
///
/// One row is filled again and again: what a caller wants to keep it copies.
public struct ResultRow {
    struct Cell {
        var name: Int32
        var value: ByteRange
        var type: Shape.FieldType
    }

    let names: FieldNames
    var bytes: [UInt8] = []
    var cells: [Cell] = []

    init(names: FieldNames) { self.names = names }

    /// The number of fields.
    public var count: Int { cells.count }
    /// The bytes that `range(at:)` is about.
    public var valueBytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span }
    }

    public func name(at index: Int) -> String { names[cells[index].name] }
    public func type(at index: Int) -> Shape.FieldType { cells[index].type }
    /// Where in `valueBytes` the value of a field stands.
    public func range(at index: Int) -> Range<Int> { cells[index].value.range }

    /// The place of the field called `name`, if the row has it.
    public func index(of name: String) -> Int? {
        cells.firstIndex { names[$0.name] == name }
    }

    /// The value of the field called `name` as text, U+FFFD for what is no valid text.
    public func text(_ name: String) -> String? {
        index(of: name).map { String(decoding: bytes[range(at: $0)], as: UTF8.self) }
    }

    func index(ofNumber number: Int32) -> Int? { cells.firstIndex { $0.name == number } }

    /// Where the value of the field numbered `number` stands; an empty range if there is none.
    func range(ofNumber number: Int32) -> Range<Int> {
        cells.first { $0.name == number }?.value.range ?? 0..<0
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        cells.removeAll(keepingCapacity: true)
    }

    /// Ends a value that was appended to `bytes` from `start` on; an empty one is left out.
    mutating func close(_ name: Int32, _ type: Shape.FieldType, from start: Int) {
        guard bytes.count > start else { return }
        cells.append(Cell(name: name, value: ByteRange(start..<bytes.count), type: type))
    }

    /// Sets a field, in its place if the row has it, else at the end.
    mutating func set(_ name: Int32, _ value: [UInt8], _ type: Shape.FieldType) {
        let start = bytes.count
        bytes.append(contentsOf: value)
        let cell = Cell(name: name, value: ByteRange(start..<bytes.count), type: type)
        if let place = index(ofNumber: name) {
            if value.isEmpty { cells.remove(at: place) } else { cells[place] = cell }
        } else if !value.isEmpty {
            cells.append(cell)
        }
    }
}

/// A copy of a row that waits: to be sorted, or for the next row.
struct StoredRow {
    var bytes: [UInt8]
    var cells: [ResultRow.Cell]

    init(_ row: borrowing ResultRow) {
        // Only what the cells show: rows that lost fields are kept without them.
        var kept: [UInt8] = []
        cells = row.cells
        for index in cells.indices {
            let start = kept.count
            kept.append(contentsOf: row.bytes[row.cells[index].value.range])
            cells[index].value = ByteRange(start..<kept.count)
        }
        bytes = kept
    }

    /// About how much memory the row takes.
    var memory: Int { bytes.count + cells.count * MemoryLayout<ResultRow.Cell>.stride + 96 }

    func restore(to row: inout ResultRow) {
        row.bytes.removeAll(keepingCapacity: true)
        row.bytes.append(contentsOf: bytes)
        row.cells.removeAll(keepingCapacity: true)
        row.cells.append(contentsOf: cells)
    }
}
