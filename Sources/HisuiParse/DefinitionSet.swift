import HisuiBytes
public import HisuiEvent
public import HisuiShape

/// Parser definitions, compiled: says which rule knows a message, and what its fields are.
///
///     program ─▶ chain ─▶ prefix ─▶ trie over first bytes ─▶ candidates in order ─▶ program
///                                   words of the message ─┘
///
/// A **group** is what neighbouring definitions with the same prefix share; a **chain** is the
/// groups for one program. The chain of the exact program is tried first, then those of `name*`
/// patterns, then that for any program; inside a chain the first rule that fits wins, in the order
/// in which files and rules were given.
///
/// How many rules there are hardly matters: those that begin with text are found by a walk over it,
/// those that begin with a field by the words of the message (`FloatingRules`), and where no
/// definition's prefix stands all groups of a chain are one.
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
        /// Words without which no message fits.
        var words: WordFingerprint
        /// Bits of its text without which none does either.
        var probes = TextFingerprint.noProbes
        /// In `alternatives`: bits one of which it must have, if there are any.
        var firstAlternative: UInt32 = 0
        var alternativeCount: UInt16 = 0
        /// How many operations are those of the rule before, from the first on.
        var shared: UInt16
        var hasChecks: Bool
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
    }

    struct Join: Sendable {
        /// In `members`.
        var member: Int
        var join: JoinDefinition
    }

    struct Group: Sendable {
        /// Where the prefix's program starts; -1 if there is none.
        var prefix: Int32 = -1
        /// Of the prefix: the bytes it can begin with, and words without which it does not fit.
        var prefixBytes: SIMD4<UInt64> = .zero
        var prefixWords = WordFingerprint()
        /// Root of its tree in `trie`.
        var root: Int32 = 0
        /// Its rules that stand in no tree: a number in `floating.parts`.
        var part: Int32 = 0

        /// Whether the prefix can begin with that byte.
        @inline(__always)
        func canHavePrefix(_ byte: UInt8) -> Bool {
            prefixBytes[Int(byte >> 6)] &>> UInt64(byte & 63) & 1 == 1
        }
    }

    /// The groups that are tried one after the other.
    struct Chain: Sendable {
        /// In `chainGroups`.
        var first: UInt32
        var count: UInt32
        /// The group of all their rules, for messages without any prefix.
        var merged: UInt32
    }

    let code: RuleCode
    let entries: [Entry]
    let alternatives: [UInt16]
    let rules: [Rule]
    let groups: [Group]
    /// Of each group, in the order in which they are tried.
    let groupRules: [[Int]]
    let chains: [Chain]
    /// Numbers of groups.
    let chainGroups: [UInt32]
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
        formats = FormatTable(
            memberDefinitions.map(\.definition), isOnly: definitions.count == 1, isBound: isBound)
        encoding = definitions.count == 1 ? definitions[0].encoding : .utf8
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
        for one in rule.cases { one.constants(in: match.choices).forEach(set) }
        return (members[rule.member].name, rule.id, fields)
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
            for capture in rule.prefixCaptures {
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
