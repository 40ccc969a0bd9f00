import HisuiBytes

/// Tells where rows that are shown with those around them (`stream_context`) do not stand next to
/// each other: a line `--` parts them, as of grep.
struct ContextParting {
    private var last: [UInt8] = []

    /// Appends the line that parts `row` from those before, if it is apart.
    mutating func part(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        guard let index = row.index(of: FieldName.context) else { return }
        let group = row.bytes[row.range(at: index)]
        if last.elementsEqual(group) { return }
        if !last.isEmpty { out.append(utf8: "--\n") }
        last = Array(group)
    }
}
