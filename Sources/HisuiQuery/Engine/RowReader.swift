import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// Makes result rows from the rows of a block: the fields somebody looks at, each from where its
/// shape has it.
///
/// What is to be done for a shape is worked out once.
final class RowReader {
    private struct Part {
        var name: Int32
        var type: Shape.FieldType
        var value: ValueReader
    }

    private let scan: BlockScan
    private let needs: FieldNeeds
    private let names: FieldNames
    private var parts: [[Part]?]

    init(_ scan: BlockScan, _ needs: FieldNeeds, _ names: FieldNames) {
        self.scan = scan
        self.needs = needs
        self.names = names
        parts = Array(repeating: nil, count: scan.block.shapes.count)
    }

    /// Lets go of columns; they are taken again when they are needed.
    func release() {
        for shape in parts.indices { parts[shape] = nil }
        scan.release()
    }

    /// Fills `out` with the fields of a hit, whose event time is `time`.
    func read(_ hit: Hit, time: Int64, into out: inout ResultRow) throws(QueryFailure) {
        out.removeAll()
        let place = RowPlace(
            row: Int(hit.row), ordinal: Int(hit.ordinal), time: time, flags: hit.flags)
        let parts = try parts(of: Int(hit.shape))
        for index in parts.indices {
            let start = out.bytes.count
            try parts[index].value.append(place, to: &out.bytes)
            out.close(parts[index].name, parts[index].type, from: start)
        }
    }

    /// Fields of every row, first those shown before the shape's own, then those after.
    private static let before: [(String, Shape.FieldType)] = [
        (FieldName.time, .time), (FieldName.message, .text), (FieldName.stream, .keyword),
    ]
    private static let after: [(String, Shape.FieldType)] = [
        (FieldName.zone, .keyword), (FieldName.storeStream, .keyword),
        (FieldName.index, .integer), (FieldName.source, .keyword),
        (FieldName.received, .time), (FieldName.sender, .keyword),
        (FieldName.senderPID, .integer), (FieldName.senderUID, .integer),
        (FieldName.senderGID, .integer), (FieldName.parser, .keyword),
        (FieldName.rule, .keyword), (FieldName.flags, .keyword),
        (FieldName.duplicate, .keyword), (FieldName.record, .text),
    ]
    private static let rowNames = Set((before + after).map(\.0)).union(["message"])

    private func parts(of shape: Int) throws(QueryFailure) -> [Part] {
        if let known = parts[shape] { return known }
        var made: [Part] = []
        for (name, type, source) in Self.fields(of: shape, scan, needs) {
            let value = try ValueReader(source, shape: shape, scan)
            made.append(Part(name: names.number(name), type: type, value: value))
        }
        parts[shape] = made
        return made
    }

    /// The fields of a shape that somebody looks at, in order.
    private static func fields(
        of shape: Int, _ scan: BlockScan, _ needs: FieldNeeds
    ) -> [(String, Shape.FieldType, FieldSource)] {
        var fields: [(String, Shape.FieldType, FieldSource)] = []
        func add(_ name: String, _ type: Shape.FieldType) {
            guard needs.contains(name) else { return }
            let source = FieldSource.resolve(name, shape: shape, in: scan.block)
            if case .constant(let value) = source, value.isEmpty { return }
            fields.append((name, type, source))
        }
        for (name, type) in before { add(name, type) }
        for field in scan.block.shapes[shape].shape.fields where !rowNames.contains(field.name) {
            add(field.name, field.type)
        }
        for (name, type) in after { add(name, type) }
        return fields
    }

    /// Takes the columns that reading rows of a shape needs: on the thread that looks at the block,
    /// which need not be the one that reads the rows.
    static func prepare(
        shape: Int, _ scan: BlockScan, _ needs: FieldNeeds
    ) throws(QueryFailure) {
        for (_, _, source) in fields(of: shape, scan, needs) {
            _ = try ValueReader(source, shape: shape, scan)
        }
    }
}
