import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiDetect

/// A row to be: what a JSON event says, and when it came.
struct LiveEvent: CustomStringConvertible {
    var kind: String
    var host: String
    /// Seconds since some beginning.
    var time: Double
    var received: Double

    var description: String { "\(kind)@\(host) \(time) (\(received))" }

    /// Came a moment after it happened.
    init(_ kind: String, _ time: Double, host: String = "a", received: Double? = nil) {
        self.kind = kind
        self.host = host
        self.time = time
        self.received = received ?? time
    }
}

enum Live {
    static let rules =
        CorrelationTests.count + "\n---\n"
        + [CorrelationTests.base("s"), CorrelationTests.base("u")].joined(separator: "\n---\n")
        + "\n---\n"
        + CorrelationTests.correlation(
            "seq", "type: temporal_ordered, rules: [s, u], group-by: [h], timespan: 10s")
        + "\n---\n"
        + CorrelationTests.correlation(
            "both", "type: temporal, rules: [f, u], group-by: [h], timespan: 4s")
        + "\n---\n"
        + CorrelationTests.correlation(
            "nested",
            "type: temporal_ordered, rules: [c, s], group-by: [h], timespan: 10s, "
                + "generate: true")
        + "\n---\n" + rule("kind: x", id: "single")

    static let table = ShapeTable()

    struct NoObject: Error {}

    static func nanoseconds(_ seconds: Double) -> Timestamp {
        Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(seconds * 1e9))
    }

    static func batch(_ events: ArraySlice<LiveEvent>) throws -> RowBatch {
        var batch = RowBatch(
            source: Source(id: "test", kind: .syslogTCP, form: .syslog), senders: [""])
        for event in events {
            let time = nanoseconds(event.time)
            let line = Array(
                #"{"kind":"\#(event.kind)","h":"\#(event.host)","n":1}"#.utf8)
            guard let (shape, slots) = JSONShape.make(line.span) else { throw NoObject() }
            let offset = UInt32(batch.bytes.count)
            let first = UInt32(batch.slots.count)
            batch.bytes += line
            for slot in slots {
                var moved = slot
                moved.offset += offset
                batch.slots.append(moved)
            }
            batch.rows.append(
                RowBatch.Row(
                    offset: offset, count: UInt32(line.count), shape: table.intern(shape),
                    firstSlot: first, time: time, received: nanoseconds(event.received),
                    sender: 0, flags: []))
        }
        return batch
    }

    static func detector(_ text: String = rules) -> Detector {
        let (set, refused) = compile(text)
        #expect(refused.isEmpty, "\(refused)")
        return Detector(set, mode: .live)
    }

    /// Feeds events from number `first` on, in batches of random length.
    static func feed(
        _ events: [LiveEvent], from first: Int = 0, to end: Int? = nil,
        _ detector: inout Detector, _ findings: inout [Finding], _ random: inout SeededRandom
    ) throws {
        let end = end ?? events.count
        var next = first
        while next < end {
            let count = min(end - next, Int.random(in: 1...7, using: &random))
            detector.take(
                try batch(events[next..<next + count]), shapes: table, place: "z/default",
                first: UInt64(next), into: &findings)
            next += count
        }
    }

    /// What a run over all events finds, the end of everything included.
    static func found(_ events: [LiveEvent], _ text: String = rules) throws -> [Finding] {
        var random = SeededRandom(seed: 1)
        var detector = detector(text)
        var findings: [Finding] = []
        try feed(events, &detector, &findings, &random)
        detector.finish(into: &findings)
        return findings
    }

    static func random(_ count: Int, _ random: inout SeededRandom) -> [LiveEvent] {
        var received = 0.0
        return (0..<count).map { _ in
            received +=
                Double.random(in: 0...1, using: &random) < 0.05
                ? 30 : Double.random(in: 0...2, using: &random)
            let delay =
                Double.random(in: 0...1, using: &random) < 0.1
                ? Double.random(in: 0...12, using: &random)
                : Double.random(in: 0...1.5, using: &random)
            return LiveEvent(
                ["f", "f", "f", "s", "u", "x", "o"].randomElement(using: &random) ?? "f",
                received - delay, host: ["a", "b"].randomElement(using: &random) ?? "a",
                received: received)
        }
    }
}

extension Finding {
    /// Everything but the order in which it came.
    var key: String {
        "\(id) \(state) \(ruleID) \(eventCount) \(events.map(\.index)) "
            + "\(firstTime.nanoseconds) \(lastTime.nanoseconds)"
    }
}
