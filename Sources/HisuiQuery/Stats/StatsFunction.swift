/// A function of the `stats` pipe, as the query says it.
///
/// One file for each function of LogsQL.
protocol StatsFunction: Sendable {
    /// Fields whose values it takes, in order; none if it only counts rows.
    var fields: [String] { get }

    /// Fields that are known only when a row comes; their values stand behind those of `fields`.
    var open: OpenFields? { get }

    /// Whether rows have to come in the order of time.
    var isOrdered: Bool { get }

    /// Whether the result is a sum that is to be told by the second.
    var isRate: Bool { get }

    /// Appends the function as normalised LogsQL, without the name of its result.
    func print(to out: inout String)

    /// What gathers values; nil if the number of rows in a group is the whole answer.
    func accumulator() -> (any StatsAccumulator)?
}

extension StatsFunction {
    var open: OpenFields? { nil }
    var isOrdered: Bool { false }
    var isRate: Bool { false }
}

/// A function of `stats` at work, for all groups at once.
///
/// Groups are numbered from 0; all start empty.
protocol StatsAccumulator {
    /// Takes the values of one row into group `group`.
    ///
    /// - Parameter own: which of `values` are those the function asked for.
    mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int)

    /// Takes over what `other`, of the same function, gathered. Rows of `other` stand after those
    /// taken before.
    ///
    /// - Parameter groups: the number here of each group of `other`.
    mutating func merge(_ other: any StatsAccumulator, groups: [Int])

    /// Appends the result for a group; nothing if there is none.
    func append(group: Int, to out: inout [UInt8])

    /// About how much memory it takes.
    ///
    /// - Complexity: O(1).
    var memory: Int { get }
}

/// Values of one row, in the order somebody asked for them; the empty value where it has none.
struct RowValues {
    var bytes: [UInt8] = []
    var ranges: [Range<Int>] = []

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
    }

    /// Ends a value that was appended to `bytes` from `start` on.
    mutating func close(from start: Int) { ranges.append(start..<bytes.count) }
}

extension RowValues: FieldValues {
    func range(ofNumber number: Int32) -> Range<Int> { ranges[Int(number)] }
}

extension [StatsFunction] {
    /// The fields of all functions, one after the other.
    var allFields: [String] { flatMap(\.fields) }
}
