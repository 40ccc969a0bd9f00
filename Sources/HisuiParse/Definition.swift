import HisuiBytes
import HisuiShape
import HisuiYAML

/// One parser definition as read from its file and found to be right, but for its samples.
struct Definition: Sendable {
    var name: String
    var version: Int
    var file: String
    var bytes: [UInt8]
    var programs: [ProgramPattern]
    /// How messages begin: see `MatchReader.Result`.
    var firsts: [[UInt8]] = []
    /// The zone of times that name none; nil: the source's.
    var timeZone: TimeZoneRules?
    /// Of the records of a source that is bound to the definition.
    var encoding = TextEncoding.utf8
    /// What may stand before every line, such as the kernel's uptime.
    var prefix: Template?
    var rules: [Rule]
    var samples: [Sample]
    /// For records whose values have names; `programs` and `rules` are empty then.
    var members: MemberDefinition?

    /// The definition, for all messages, whatever their program and however they begin: as a source
    /// reads it that is bound to it.
    var ofAllMessages: Definition {
        var all = self
        if members == nil { all.programs = [.any] }
        all.firsts = []
        return all
    }

    /// Which program's messages a definition knows.
    enum ProgramPattern: Hashable, Sendable {
        case exact([UInt8])
        /// Written `postfix/*`.
        case prefix([UInt8])
        /// Written `*`: any program, and messages without one.
        case any
    }

    struct Rule: Sendable {
        var id: String
        var template: Template
        /// Of the event: defaults and `set`, in order.
        var constants: [Shape.Field]
        var decisions: RuleDecisions
        var checks: [TaintLint.AmbiguityCheck]
        /// Fields that pairs of `kv` are, by the names of these.
        var pairs: [MemberDefinition.Field] = []
        /// The text of the template, for messages.
        var node: YAMLNode
    }

    struct Sample: Sendable {
        enum Expectation: Sendable {
            /// No rule of the file knows it.
            case reject
            /// This text in it is a message of its own.
            case nested(String)
            /// This rule knows it, and these fields have these values; nil: the field is absent.
            case rule(String, fields: [(name: String, value: String?, node: YAMLNode)])
        }

        var line: String
        /// Records one after the other, which make up an event; empty for one line.
        var lines: [String] = []
        /// The line is a whole record with its header.
        var isRecord: Bool
        /// Nil: the first program of the definition.
        var program: String?
        var expectation: Expectation
        var isHostile: Bool
        var node: YAMLNode
    }
}
