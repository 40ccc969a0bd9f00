import HisuiBytes
import HisuiShape
import HisuiYAML

/// Which records of a format make up events, and what these events are: `join` and `events` of a
/// definition.
struct JoinDefinition: Sendable {
    /// Types of records that are parts of events.
    var parts: [[UInt8]]
    /// The type that every whole event has.
    var begin: [UInt8]
    /// Types that end an event.
    var ends: [[UInt8]]
    /// After so much time in the log nothing more is expected.
    var waitNanoseconds: Int64
    /// The first whose conditions hold is the event.
    var events: [Event]

    struct Event: Sendable {
        var id: String
        var conditions: [(names: [JoinedName], values: ValueTable)]
        var constants: [Shape.Field]
        var fields: [(name: String, type: Shape.FieldType, names: [JoinedName])]
        var cases: [Case]
    }

    typealias Case = (names: [JoinedName], value: ValueCase, table: ValueTable)

    /// What came of an event's cases, and which fields it has: together with the shape of its last
    /// record this makes its shape.
    struct Outcome: Hashable {
        var event: Int
        var choices = 0
        /// A bit for each field of the event that has a value.
        var present: UInt64 = 0
    }

    /// Fields that an event can have.
    static let fieldsMax = 64
}

/// Reads `join` and compiles `events`.
///
///     join:
///       parts: [SYSCALL, EXECVE, CWD, PATH, PROCTITLE, EOE]
///       begin: SYSCALL
///       end: [PROCTITLE, EOE]
///       wait_seconds: 2
///       fields: { user.id: SYSCALL.uid }            for all events; cases too
///     events:
///       - id: execve
///         when: { SYSCALL.call: [execve, execveat] }
///         set: { event.action: exec }
///         fields: { process.executable: SYSCALL.exe, process.command_line: EXECVE.argv }
struct JoinReader {
    let log: Diagnostics

    func read(_ given: MappingReader) -> JoinDefinition? {
        var reader = given
        let parts = reader.strings("parts", required: true) ?? []
        let begin = reader.stringNode("begin", required: true)
        let ends = reader.strings("end", required: true, orOne: true) ?? []
        let wait = reader.int("wait_seconds", in: 1...60) ?? 2
        reader.finish()
        guard let begin else { return nil }
        for (text, node) in ends + [(begin.text, begin.node)]
        where !parts.contains(where: { $0.text == text }) {
            log.report(
                node, "\(node.quoted) is none of `parts`", hint: "every type of an event is a part")
        }
        return JoinDefinition(
            parts: parts.map { Array($0.text.utf8) }, begin: Array(begin.text.utf8),
            ends: ends.map { Array($0.text.utf8) }, waitNanoseconds: Int64(wait) * 1_000_000_000,
            events: [])
    }

    /// - Returns: nil, with a report, if a name is no `TYPE.name`, or there are too many fields.
    func compile(_ rule: MemberDefinition.Rule, _ join: JoinDefinition) -> JoinDefinition.Event? {
        var isRight = true
        func names(_ given: [String]) -> [JoinedName] {
            given.compactMap { name in
                if let known = JoinedName(name), join.parts.contains(known.type) { return known }
                isRight = false
                log.report(
                    rule.node, "`\(name)` of the event `\(rule.id)` is no value of a part",
                    hint: "write TYPE.name, such as SYSCALL.exe, with a type that is in `parts`")
                return nil
            }
        }
        if rule.fields.count > JoinDefinition.fieldsMax {
            log.report(
                rule.node, "\(rule.fields.count) fields",
                hint: "an event can have \(JoinDefinition.fieldsMax)")
            return nil
        }
        let event = JoinDefinition.Event(
            id: rule.id, conditions: rule.conditions.map { (names($0.names), $0.values) },
            constants: rule.constants,
            fields: rule.fields.map { ($0.name, $0.type, names($0.names)) },
            cases: rule.cases.map { (names($0.names), $0.value, $0.table) })
        return isRight ? event : nil
    }
}
