import HisuiBytes
import HisuiShape

/// Where records of a plan have what is asked of them for folding.
struct FoldPlaces: Sendable {
    typealias Place = MemberPlan.Place

    var step: FoldDefinition.Step
    private var conditions: [(place: Place, values: ValueTable)]
    private var host: Place?
    private var session: Place
    private var process: Place?
    private var handle: Place?
    /// Parts of the object's path.
    private var object: [Place]
    private var access: [Place]
    private var address: Place?

    /// - Returns: nil where the records are not folded, or say of no session.
    init?(
        _ plan: MemberPlan, _ definition: FoldDefinition?, _ rule: MemberDefinition.Rule
    ) {
        func place(of field: String) -> Place? {
            rule.fields.first { $0.name == field }.flatMap { plan.place(of: $0.names) }
        }
        guard let definition, let step = rule.step, let session = place(of: "session.id")
        else { return nil }
        self.step = step
        self.session = session
        host = place(of: "host.name")
        address = place(of: "source.ip")
        process = plan.place(of: definition.process)
        handle = plan.place(of: definition.handle)
        access = definition.access.compactMap { plan.place(of: $0) }
        conditions = definition.conditions.compactMap { condition in
            plan.place(of: condition.names).map { ($0, condition.values) }
        }
        object = []
        for parts in definition.objects {
            let found = parts.compactMap { plan.place(of: $0) }
            guard found.count == parts.count else { continue }
            object = found
            break
        }
    }

    /// What a record says; nil if it is of another kind of object.
    func facts(
        _ text: Span<UInt8>, _ slots: Span<ByteRange>, sender: String, _ buffer: inout [UInt8]
    ) -> EventFolder.Facts? {
        var steps = NoSteps()
        for one in conditions
        where MemberPlan.branch(one.values, one.place, text, slots, &buffer, &steps) == nil {
            return nil
        }
        var facts = EventFolder.Facts(step: step)
        facts.machine = value(host, text, slots)
        for index in facts.machine.indices where (0x41...0x5A).contains(facts.machine[index]) {
            facts.machine[index] |= 0x20
        }
        facts.machine.append(0)
        facts.machine.append(utf8: sender)
        let session = value(session, text, slots)
        guard !session.isEmpty else { return nil }
        facts.session = facts.machine + [0] + session
        facts.process = value(process, text, slots)
        facts.handle = value(handle, text, slots)
        facts.address = value(address, text, slots)
        for place in access {
            let rights = value(place, text, slots)
            facts.access |= FoldDefinition.access(rights.span, 0..<rights.count)
        }
        for place in object { append(value(place, text, slots), to: &facts.object) }
        return facts
    }

    /// Appends a part of a path: `\??\D:\a` and `b\c` are `D:\a\b\c`.
    private func append(_ part: [UInt8], to path: inout [UInt8]) {
        var part = part[...]
        if part.starts(with: Self.namespace) { part = part.dropFirst(Self.namespace.count) }
        if !path.isEmpty {
            while path.last == 0x5C { path.removeLast() }
            while part.first == 0x5C { part = part.dropFirst() }
            if !part.isEmpty { path.append(0x5C) }
        }
        path += part
    }

    private static let namespace = Array(#"\??\"#.utf8)

    /// A value; nothing for a lone hyphen.
    private func value(
        _ place: Place?, _ text: Span<UInt8>, _ slots: Span<ByteRange>
    ) -> [UInt8] {
        guard let place else { return [] }
        var value: [UInt8] = []
        place.decoding.append(text, slots[place.slot], to: &value)
        return value == [0x2D] ? [] : value
    }
}
