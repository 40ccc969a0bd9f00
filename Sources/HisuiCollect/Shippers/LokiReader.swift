import HisuiBytes
import HisuiEvent

/// Reads Loki's push requests in JSON:
///
///     {"streams":[{"stream":{"app":"x"},"values":[["1700000000000000000","line",{"id":"7"}]]}]}
///
/// A record is a JSON text with what belongs to one line; the parts are those that came, without
/// the space between tokens, and nothing of them is written differently:
///
///     {"loki":{"time":"1700000000000000000","line":"line","labels":{"app":"x"},
///              "metadata":{"id":"7"}}}
final class LokiReader {
    private let pieces: JSONPieces
    private var found = ShipperRecords()
    /// The labels of the stream at hand.
    private var labels: [UInt8] = []

    private init(_ body: consuming [UInt8]) { pieces = JSONPieces(body) }

    static func read(_ body: consuming [UInt8]) throws(HTTPContentError) -> ShipperRecords {
        let reader = LokiReader(body)
        guard let streams = try reader.pieces.members(["streams"], of: reader.pieces.whole)[0]
        else { throw HTTPContentError(.badRequest, "it has no 'streams'") }
        try reader.pieces.forEachElement(of: streams) { stream throws(HTTPContentError) in
            try reader.take(stream)
        }
        return reader.found
    }

    private func take(_ stream: Range<Int>) throws(HTTPContentError) {
        let members = try pieces.members(["stream", "values"], of: stream)
        guard let given = members[0], let values = members[1] else {
            throw pieces.unexpected("'stream' and 'values'", stream.lowerBound)
        }
        labels.removeAll(keepingCapacity: true)
        try checkNames(given)
        pieces.append(given, to: &labels)
        guard labels.count <= Limits.shipperSharedBytesMax else {
            throw HTTPContentError(.badRequest, "the labels of a stream are too long")
        }
        try pieces.forEachElement(of: values) { entry throws(HTTPContentError) in
            try takeEntry(entry)
        }
    }

    private func takeEntry(_ entry: Range<Int>) throws(HTTPContentError) {
        var parts: [Range<Int>] = []
        try pieces.forEachElement(of: entry) { part throws(HTTPContentError) in
            parts.append(part)
        }
        guard parts.count == 2 || parts.count == 3 else {
            throw pieces.unexpected("time, line and metadata", entry.lowerBound)
        }
        let time = try pieces.string(parts[0])
        guard pieces.bytes[time].allSatisfy({ $0 &- 0x30 <= 9 }), (1...19).contains(time.count)
        else { throw pieces.unexpected("nanoseconds since 1970", time.lowerBound) }
        _ = try pieces.string(parts[1])
        let start = found.bytes.count
        found.bytes.append(utf8: #"{"loki":{"time":"#)
        pieces.append(parts[0], to: &found.bytes)
        found.bytes.append(utf8: #","line":"#)
        pieces.append(parts[1], to: &found.bytes)
        found.bytes.append(utf8: #","labels":"#)
        found.bytes += labels
        if parts.count == 3 {
            try checkNames(parts[2])
            found.bytes.append(utf8: #","metadata":"#)
            pieces.append(parts[2], to: &found.bytes)
        }
        found.bytes.append(utf8: "}}")
        try found.add(madeFrom: start)
    }

    /// Labels are strings by name.
    private func checkNames(_ object: Range<Int>) throws(HTTPContentError) {
        try pieces.forEachMember(of: object) { _, value throws(HTTPContentError) in
            _ = try pieces.string(value)
        }
    }
}
