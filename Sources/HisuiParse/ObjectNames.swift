/// Which members of a JSON object mean what in every record: `objects` of `schema.yaml`.
struct ObjectNames: Sendable {
    /// Members that hold the event's time, best first.
    var times: [String] = []
    /// The same, where a time without a zone is UTC.
    var utcTimes: [String] = []
    /// Members that are the message, best first.
    var messages: [String] = []
    /// Columns of tables that hold the time, best first: one, or a date and a time.
    var columnTimes: [[String]] = []

    /// The columns of a table that hold its time; empty if none is known.
    func columnTimes(in columns: [String]) -> [String] {
        columnTimes.first { $0.allSatisfy(columns.contains) }
            ?? times.first(where: columns.contains).map { [$0] } ?? []
    }
}
