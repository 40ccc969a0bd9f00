import HisuiStore

/// The syntax tree of what selects rows.
///
/// A leaf is a test on the value of one field (`FieldTest`) or on the event time. What a field has
/// no value for is the empty value, so every leaf has an answer for every row, and `not` is the
/// plain opposite.
public indirect enum Filter: Sendable {
    /// `*`: every row.
    case all
    case and([Filter])
    case or([Filter])
    case not(Filter)
    case time(TimeFilter)
    /// The hour or the day of the week.
    case clock(ClockFilter)
    case field(FieldTest)
    /// Two fields of a row.
    case fields(FieldComparison)
    /// What another query gives; it is gone when rows are asked (`Query.answered`).
    case subquery(SubqueryFilter)
}

/// A test on the value of one field.
public struct FieldTest: Sendable {
    /// The field's name, canonical: `_msg` for the message.
    public var field: String
    var test: any ValueTest
    /// Tells tests apart, for whoever remembers what a test said.
    let identity = Identity()

    final class Identity: Sendable {}
}

/// What is asked of a value: one type and one file for each filter of LogsQL.
protocol ValueTest: Sendable {
    /// Whether the value passes; the empty value if the row has no such field.
    func matches(_ value: Span<UInt8>) -> Bool

    /// Appends the filter as LogsQL, without the field's name.
    func print(to out: inout String)

    /// The text whose occurrence anywhere in the value is all that is asked, if that is so: such
    /// tests are answered from a shape's fixed text wherever possible.
    var needle: Needle? { get }

    /// Texts of which one occurs in every value that passes; empty if that is not known.
    var probes: [TextProbe] { get }

    /// Tests that every value passes that passes this one, where blocks know more of those.
    var necessary: [any ValueTest] { get }

    /// The test as a regular expression, if it is one: it is asked of fixed text and slots in turn.
    var regexp: RegexpFilter? { get }

    /// What can be said of all values that begin with `prefix` and end with `suffix` and have
    /// `least` bytes or more.
    func verdict(prefix: [UInt8], suffix: [UInt8], least: Int) -> Verdict

    /// What can be said of all values that are whole numbers of a range, written in decimal.
    func verdict(numbers: ClosedRange<UInt64>) -> Verdict
}

extension ValueTest {
    var needle: Needle? { nil }
    var regexp: RegexpFilter? { nil }
    var necessary: [any ValueTest] { [] }
    var probes: [TextProbe] { needle.map { [$0.probes.whole] } ?? [] }
    func verdict(prefix: [UInt8], suffix: [UInt8], least: Int) -> Verdict { .depends }
    func verdict(numbers: ClosedRange<UInt64>) -> Verdict { .depends }
}

/// What is known of a filter for all rows of a shape before a row is looked at.
enum Verdict: Hashable, Sendable {
    case never
    case always
    case depends

    init(_ known: Bool) { self = known ? .always : .never }

    var negated: Verdict {
        switch self {
        case .never: .always
        case .always: .never
        case .depends: .depends
        }
    }
}

extension Filter: CustomStringConvertible {
    public var description: String {
        var text = ""
        print(to: &text)
        return text
    }

    /// Appends the filter as normalised LogsQL.
    func print(to out: inout String) {
        switch self {
        case .all: out += "*"
        case .and(let filters): Self.print(filters, " ", to: &out)
        case .or(let filters): Self.print(filters, " or ", to: &out)
        case .not(let filter):
            out += "!"
            switch filter {
            case .and, .or: filter.printInParentheses(to: &out)
            default: filter.print(to: &out)
            }
        case .time(let filter): filter.print(to: &out)
        case .clock(let filter): filter.print(to: &out)
        case .fields(let comparison): comparison.print(to: &out)
        case .subquery(let filter): filter.print(to: &out)
        case .field(let test):
            // A lone `*` would ask for nothing at all.
            if test.field != FieldName.message || (test.test as? PrefixFilter)?.text.isEmpty == true
            {
                Quoting.append(test.field, to: &out)
                out += ":"
            }
            test.test.print(to: &out)
        }
    }

    private static func print(_ filters: [Filter], _ separator: String, to out: inout String) {
        for (number, filter) in filters.enumerated() {
            if number > 0 { out += separator }
            switch filter {
            case .and, .or: filter.printInParentheses(to: &out)
            default: filter.print(to: &out)
            }
        }
    }

    private func printInParentheses(to out: inout String) {
        out += "("
        print(to: &out)
        out += ")"
    }

    /// All of `filters` at once, flat.
    static func all(of filters: [Filter]) -> Filter {
        var flat: [Filter] = []
        for filter in filters {
            switch filter {
            case .all: continue
            case .and(let inner): flat += inner
            default: flat.append(filter)
            }
        }
        switch flat.count {
        case 0: return .all
        case 1: return flat[0]
        default: return .and(flat)
        }
    }

    /// All of some words and phrases in one value.
    static func containing(_ phrases: [[UInt8]], allIn field: String) -> Filter {
        all(of: phrases.map { .field(FieldTest(field: field, test: PhraseFilter($0))) })
    }

    /// One of some words and phrases in a value.
    static func containing(_ phrases: [[UInt8]], oneIn field: String) -> Filter {
        let tests = phrases.map { Filter.field(FieldTest(field: field, test: PhraseFilter($0))) }
        return tests.isEmpty ? .not(.all) : tests.count == 1 ? tests[0] : .or(tests)
    }

    /// The same, beside each test those that it makes necessary.
    var withNecessary: Filter {
        switch self {
        case .all, .time, .clock, .fields, .subquery: return self
        case .not(let filter): return .not(filter.withNecessary)
        case .and(let filters): return .and(filters.map(\.withNecessary))
        case .or(let filters): return .or(filters.map(\.withNecessary))
        case .field(let test):
            let others = test.test.necessary
            if others.isEmpty { return self }
            return .and(
                others.map { .field(FieldTest(field: test.field, test: $0)) } + [self])
        }
    }

    /// Names of the fields that the filter asks for.
    var fields: Set<String> {
        switch self {
        case .all: []
        case .time, .clock: [FieldName.time]
        case .field(let test): [test.field]
        case .fields(let comparison): [comparison.field, comparison.other]
        case .subquery(let inner): [inner.field]
        case .not(let filter): filter.fields
        case .and(let filters), .or(let filters):
            filters.reduce(into: []) { $0.formUnion($1.fields) }
        }
    }
}
