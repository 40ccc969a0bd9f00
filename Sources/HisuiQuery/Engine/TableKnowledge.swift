import HisuiStore

/// What a segment's footer tells of the columns of all its blocks.
///
/// Belongs to one thread.
final class TableKnowledge: ColumnKnowledge {
    typealias Failure = Never

    private let table: ShapesInTable.Table
    private var slots: [ObjectIdentifier: TableSlots] = [:]
    /// What a test says of all hosts, and of all programs.
    private var names: [(identity: FieldTest.Identity, hosts: Verdict, programs: Verdict)] = []

    init(_ table: ShapesInTable.Table) { self.table = table }

    private func candidates(_ probe: TextProbe) -> TableSlots {
        let key = ObjectIdentifier(probe)
        if let known = slots[key] { return known }
        let made = table.columns.candidates(probe)
        slots[key] = made
        return made
    }

    func mayContain(_ probe: TextProbe, shape: Int, slot: Int) -> Bool {
        candidates(probe).contains(shape: shape, slot: slot)
    }

    func contains(_ probe: TextProbe, shape: Int, slot: Int) -> Bool {
        candidates(probe).contains(shape: shape, slot: slot)
    }

    func contains(_ probe: TextProbe, shape: Int, slots: [Int]) -> Bool {
        let candidates = candidates(probe)
        return slots.contains { candidates.contains(shape: shape, slot: $0) }
    }

    func held(_ wanted: NeedleQuestion, shape: Int) -> HeldNeedle? { nil }

    func verdict(_ question: SlotQuestion, shape: Int) -> Verdict {
        var result: Verdict?
        for part in table.columns.parts(shape: shape, slot: question.slot) {
            let one = verdict(question, of: part, shape)
            if one == .depends || result ?? one != one { return .depends }
            result = one
        }
        // No block has the shape.
        return result ?? .never
    }

    private func verdict(
        _ question: SlotQuestion, of part: TableColumns.Part, _ shape: Int
    ) -> Verdict {
        switch part {
        case .constant(let value):
            return Verdict(question.matches(value, in: table.shapes[shape]))
        case .numbers(let range): return question.verdict(numbers: range)
        case .hosts: return question.isAsStored ? ofNames(question).hosts : .depends
        case .programs: return question.isAsStored ? ofNames(question).programs : .depends
        case .unknown: return .depends
        }
    }

    private func ofNames(_ question: SlotQuestion) -> (hosts: Verdict, programs: Verdict) {
        if let known = names.first(where: { $0.identity === question.identity }) {
            return (known.hosts, known.programs)
        }
        let hosts = verdict(question.test, of: table.columns.hosts)
        let programs = verdict(question.test, of: table.columns.programs)
        names.append((question.identity, hosts, programs))
        return (hosts, programs)
    }

    private func verdict(_ test: any ValueTest, of names: [[UInt8]]) -> Verdict {
        let passing = names.count { test.matches($0.span) }
        return passing == 0 ? .never : passing == names.count ? .always : .depends
    }

    func verdict(_ test: any ValueTest, of field: String, shape: Int) -> Verdict { .depends }

    func verdict(_ time: TimeFilter) -> Verdict { .depends }
}
