import HisuiBytes

/// `drop_empty_fields`: without rows that have no field.
///
/// A field without value is no field anyway, so of the rows that are left nothing is to be dropped.
struct DropEmptyFieldsPipe: Pipe {
    func print(to out: inout String) { out += "drop_empty_fields" }
    func needs(after: FieldNeeds) -> FieldNeeds { after }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        DropEmptyFieldsStage(next: next)
    }
}

private final class DropEmptyFieldsStage: PipeStage {
    private let next: any PipeStage

    init(next: any PipeStage) { self.next = next }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        row.cells.removeAll { $0.value.range.isEmpty }
        return row.cells.isEmpty ? true : try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
