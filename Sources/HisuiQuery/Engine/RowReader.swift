import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// Makes result rows from the rows of a block: the fields somebody looks at, each from where its
/// shape has it.
///
/// What is to be done for a shape is worked out once.
final class RowReader {
    /// A field of a shape, and what reads it.
    struct Field {
        var name: String
        var type: Shape.FieldType
        var value: ValueReader
    }

    private struct Part {
        var name: Int32
        var type: Shape.FieldType
        var value: ValueReader
    }

    private let scan: BlockScan
    private let needs: FieldNeeds
    private let names: FieldNames
    private var parts: [[Part]?]
    /// What was made ready of shapes that were not read yet.
    private var prepared: Prepared

    /// By shape.
    typealias Prepared = [Int: [Field]]

    init(_ scan: BlockScan, _ needs: FieldNeeds, _ names: FieldNames, _ prepared: Prepared) {
        self.scan = scan
        self.needs = needs
        self.names = names
        self.prepared = prepared
        parts = Array(repeating: nil, count: scan.block.shapes.count)
    }

    /// Lets go of columns; they are taken again when they are needed.
    func release() {
        for shape in parts.indices { parts[shape] = nil }
        prepared = [:]
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
        let fields: [Field]
        if let known = prepared.removeValue(forKey: shape) {
            fields = known
        } else {
            fields = try Self.fields(of: shape, scan, needs)
        }
        let made = fields.map {
            Part(name: names.number($0.name), type: $0.type, value: $0.value)
        }
        parts[shape] = made
        return made
    }

    /// The fields of a shape that somebody looks at, in order.
    ///
    /// Takes their columns: on the thread that looks at the block, which need not be the one that
    /// reads the rows.
    static func fields(
        of shape: Int, _ scan: BlockScan, _ needs: FieldNeeds
    ) throws(QueryFailure) -> [Field] {
        var fields: [Field] = []
        func add(_ name: String, _ type: Shape.FieldType) throws(QueryFailure) {
            guard needs.contains(name) else { return }
            let source = FieldSource.resolve(name, shape: shape, in: scan.block)
            if case .constant(let value) = source, value.isEmpty { return }
            fields.append(
                Field(
                    name: name, type: type,
                    value: try ValueReader(source, shape: shape, scan)))
        }
        for (name, type) in before { try add(name, type) }
        for field in scan.block.shapes[shape].shape.fields where !rowNames.contains(field.name) {
            try add(field.name, field.type)
        }
        for (name, type) in after { try add(name, type) }
        return fields
    }
}
