import HisuiBytes
public import HisuiEvent
public import HisuiShape

/// Parser definitions, compiled: says which rule knows a message, and what its fields are.
///
///     program ─▶ chain ─▶ prefix ─▶ trie over first bytes ─▶ candidates in order ─▶ program
///                                   text of the message ──┘
///
/// A **group** is what neighbouring definitions with the same prefix share; a **chain** is the
/// groups for one program. The chain of the exact program is tried first, then those of `name*`
/// patterns, then that for any program; inside a chain the first rule that fits wins, in the order
/// in which files and rules were given.
///
/// How many rules there are hardly matters: those that begin with text are found by a walk over it,
/// those that begin with a field by what else stands in the message (`FloatingRules`), and all
/// groups of a chain whose prefix does not stand are one.
///
/// Immutable; one set serves all threads.
public final class DefinitionSet: Sendable {
    /// What a definition is called.
    public struct Member: Hashable, Sendable {
        public var name: String
        public var version: Int
        public var file: String
        public var ruleCount: Int
        public var sampleCount: Int
        public var hostileSampleCount: Int
        public var rejectSampleCount: Int
    }

    /// SHA-256 over name, version and content of the definitions, in order: written into the log,
    /// segments and bundles made with them.
    public let digest: [UInt8]
    /// The definitions in the set, in order.
    public let members: [Member]
    public var ruleCount: Int { members.reduce(0) { $0 + $1.ruleCount } }

    /// A set that knows nothing.
    public static let empty = DefinitionSet([], schema: nil)

    /// The part of a rule that every attempt reads.
    struct Entry: Sendable {
        var start: UInt32
        var literalCount: UInt32
        /// Bits of its text without which no message fits.
        var probes = MessageText.noProbes
        /// In `alternatives`: pairs of bits one of which it must have, if there are any.
        var firstAlternative: UInt32 = 0
        var alternativeCount: UInt16 = 0
        /// In `beginnings`: how a message can begin that fits.
        var beginning: UInt16 = 0
        /// How many operations are those of the rule before, from the first on.
        var shared: UInt16
        var hasChecks: Bool
        /// It is found by how a message begins, and not by what else stands in it.
        var isInTree = false
        /// The message says when it was, or whom it is about.
        var hasMore = false
    }

    /// The part of a rule that is read when it has fitted.
    struct Rule: Sendable {
        var member: Int
        var id: String
        var captures: [RuleCompiler.Capture]
        var prefixCaptures: [RuleCompiler.Capture]
        var cases: [RuleCompiler.Case]
        var constants: [Shape.Field]
        var checks: [TaintLint.AmbiguityCheck]
        /// Fields that pairs of `kv` are, by the names of these.
        var pairs: [MemberDefinition.Field] = []
        /// Names of pairs by whose values something is decided.
        var decidingPairs: [[UInt8]] = []
    }

    struct Join: Sendable {
        /// In `members`.
        var member: Int
        var join: JoinDefinition
    }

    struct Group: Sendable {
        /// Where the prefix's program starts; -1 if there is none.
        var prefix: Int32 = -1
        /// Of the prefix: how it can begin, and bits of the text without which it does not stand.
        var prefixBeginning: UInt16 = 0
        var prefixProbes = MessageText.noProbes
        /// Root of its tree in `trie`.
        var root: Int32 = 0
        /// Its rules in the chain stand from the first up to the last of these.
        var firstRule: UInt32 = 0
        var lastRule: UInt32 = 0
    }

    /// The groups whose rules are tried in their order.
    struct Chain: Sendable {
        /// In `chainGroups`.
        var first: UInt32
        var count: UInt32
        /// In `prefixedGroups`: those of them with a prefix.
        var firstPrefixed: UInt32
        var prefixedCount: UInt32
        /// Root of the tree of all its rules, for messages without a prefix.
        var root: Int32
        /// All its rules that stand in no tree: a number in `floating.parts`.
        var part: Int32
    }

    let code: RuleCode
    let entries: [Entry]
    let alternatives: [MessageText.Pair]
    let rules: [Rule]
    let groups: [Group]
    /// Of each group, in the order in which they are tried.
    let groupRules: [[Int]]
    let chains: [Chain]
    /// Numbers of groups.
    let chainGroups: [UInt32]
    let prefixedGroups: [UInt32]
    let beginnings: BeginningTable
    let floating: FloatingRules
    let trie: RuleTrie
    let programs: ProgramTable
    /// Of each of `members`: the zone of times that name none; nil: the source's.
    let zones: [TimeZoneRules?]
    /// Definitions of records whose values have names, each with its place in `members`.
    let memberDefinitions: [(member: Int, definition: MemberDefinition)]
    /// Which of their records make up events; of the first definition that says so.
    let join: Join?
    /// Rules and events of folded records, by parser.
    private let folds: [String: Set<String>]
    /// How such records are told.
    let formats: FormatTable
    /// The encoding of records, as the only definition says: that of a source bound to it.
    let encoding: TextEncoding
    let objects: ObjectNames
    /// All names of the schema.
    let fieldNames: Set<String>

    init(_ given: [Definition], schema: Schema?, isBound: Bool = false) {
        let definitions = isBound ? given.map(\.ofAllMessages) : given
        var builder = DefinitionSetBuilder(schema: schema)
        definitions.forEach { builder.add($0) }
        builder.finish()
        digest = builder.digest
        members = builder.members
        code = builder.code
        entries = builder.entries
        alternatives = builder.alternatives
        rules = builder.rules
        groups = builder.groups
        groupRules = builder.groupRules
        chains = builder.chains
        chainGroups = builder.chainGroups
        prefixedGroups = builder.prefixedGroups
        beginnings = BeginningTable(builder.beginnings)
        floating = builder.floating
        trie = builder.trie
        programs = builder.programs
        memberDefinitions = builder.memberDefinitions
        zones = builder.zones
        objects = schema?.objects ?? ObjectNames()
        fieldNames = Set(schema?.fields.map(\.name) ?? [])
        join =
            memberDefinitions.lazy.compactMap { member, definition in
                definition.join.map { Join(member: member, join: $0) }
            }.first
        var folds: [String: Set<String>] = [:]
        for (member, definition) in memberDefinitions {
            guard let fold = definition.fold else { continue }
            folds[members[member].name] = Set(
                definition.rules.filter { $0.step != nil }.map(\.id) + fold.events.map(\.id))
        }
        self.folds = folds
        nests = memberDefinitions.contains { $0.definition.nested != nil }
        formats = FormatTable(
            memberDefinitions.map(\.definition), isOnly: definitions.count == 1, isBound: isBound)
        encoding = definitions.count == 1 ? definitions[0].encoding : .utf8
    }

    /// Whether some definition names a member that is a message of its own.
    let nests: Bool

    /// A definition that says whom its records are about.
    public struct Naming: Hashable, Sendable {
        public var parser: String
        /// It reads no source but those that are bound to it.
        public var isForBoundSources: Bool
    }

    /// Definitions that say whom their records are about (`hisui.subject.id`), in order.
    ///
    /// - Complexity: O(rules).
    public var naming: [Naming] {
        var bound: [Int: Bool] = [:]
        for rule in rules
        where (rule.captures + rule.prefixCaptures).contains(where: {
            $0.field == SubjectKeys.field
        }) {
            bound[rule.member] = false
        }
        for (member, definition) in memberDefinitions
        where definition.rules.contains(where: { rule in
            rule.fields.contains { $0.name == SubjectKeys.field }
        }) {
            bound[member] =
                definition.gate.isOpen && !definition.formats.contains { $0.input.saysItself }
        }
        return members.indices.compactMap { member in
            bound[member].map {
                Naming(parser: members[member].name, isForBoundSources: $0)
            }
        }
    }

    /// Whether some definition folds records.
    public var foldsAny: Bool { !folds.isEmpty }

    /// Whether records of a rule, or events that stand at them, are folded with others.
    public func folds(parser: String, rule: String) -> Bool {
        folds[parser]?.contains(rule) ?? false
    }

    /// Finds the rule that knows a message.
    ///
    /// On success the slots of the message are appended to `scratch`, and rule and choices are
    /// mixed into its key; otherwise `scratch` stays as it was.
    ///
    /// - Parameters:
    ///   - record: the whole record.
    ///   - message: the part of it that the rules describe.
    ///   - program: the part of it that names the program, where one is known.
    /// - Complexity: O(length of the message); nothing backtracks and nothing is allocated.
    public func match(
        _ record: Span<UInt8>, message: Range<Int>, program: Range<Int>?, form: RecordForm,
        into scratch: inout RowScratch
    ) -> RuleMatch? {
        var steps = NoSteps()
        return match(record, message: message, program: program, into: &scratch, steps: &steps)
    }

    /// Fields of an event that was matched so, its body's slots being numbered from `firstSlot`.
    public func fields(
        of match: RuleMatch, firstSlot: Int
    ) -> (parser: String, rule: String, fields: [Shape.Field]) {
        let rule = rules[Int(match.rule)]
        var fields = rule.constants
        func set(_ field: Shape.Field) {
            if let same = fields.firstIndex(where: { $0.name == field.name }) {
                fields[same] = field
            } else {
                fields.append(field)
            }
        }
        // What was captured is more particular than a default, and what follows from it even more.
        forEachSlot(of: match) { capture, slot in
            // The row's time is shown under its name.
            guard let name = capture.field, capture.type != .time else { return }
            set(
                Shape.Field(
                    name, capture.type,
                    .slot(firstSlot + slot, capture.decoding(in: match.choices))))
        }
        decided(match.rule, match.choices).forEach(set)
        return (members[rule.member].name, rule.id, fields)
    }

    /// What follows from values by the rule's cases, in order.
    func decided(_ rule: UInt32, _ choices: UInt64) -> [Shape.Field] {
        rules[Int(rule)].cases.flatMap { $0.constants(in: choices) }
    }

    /// What the slots of a message matched so most likely are.
    ///
    /// - Parameter isWithPairs: those of `kv` have slots of their own, which are not among these.
    package func kinds(of match: RuleMatch, isWithPairs: Bool = false) -> [Shape.Slot] {
        var kinds: [Shape.Slot] = []
        forEachSlot(of: match) { capture, _ in
            if isWithPairs, capture.isPairs { return }
            kinds.append(Shape.Slot(capture.kind(in: match.choices)))
        }
        return kinds
    }

    /// Calls `body` for the captures that took part, with the number of the slot each made.
    func forEachSlot(of match: RuleMatch, _ body: (RuleCompiler.Capture, Int) -> Void) {
        let rule = rules[Int(match.rule)]
        var slot = 0
        if match.choices & RuleCompiler.prefixTaken != 0 {
            for capture in rule.prefixCaptures where capture.isPresent(in: match.choices) {
                body(capture, slot)
                slot += 1
            }
        }
        for capture in rule.captures where capture.isPresent(in: match.choices) {
            body(capture, slot)
            slot += 1
        }
    }
}
