/// Which members of a JSON object mean what in every record: `objects` of `schema.yaml`.
struct ObjectNames: Sendable {
    /// Members that hold the event's time, best first.
    var times: [String] = []
    /// The same, where a time without a zone is UTC.
    var utcTimes: [String] = []
    /// Members that are the message, best first.
    var messages: [String] = []
}
