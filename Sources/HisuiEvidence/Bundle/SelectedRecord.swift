import HisuiBytes
public import HisuiEvent
public import HisuiProof

/// A record in a bundle: a line of `data/events/selected.jsonl`.
///
/// Everything its leaf is made of stands in it, so that the leaf can be computed again. `record` is
/// the record byte for byte, in base64; `text` is the same for the eye.
public struct SelectedRecord: Hashable, Sendable {
    /// Why it is in the bundle.
    public enum Reason: String, Sendable {
        case finding
        case sample
    }

    public var zone: String
    public var stream: String
    public var index: UInt64
    public var reason: Reason
    /// Findings that rest on it, by id.
    public var findings: [String] = []
    public var source: Source
    public var sender: String
    public var received: Timestamp
    public var time: Timestamp
    public var flags: RowFlags
    public var record: [UInt8]

    public init(
        zone: String, stream: String, index: UInt64, reason: Reason, source: Source,
        sender: String, received: Timestamp, time: Timestamp, flags: RowFlags, record: [UInt8]
    ) {
        self.zone = zone
        self.stream = stream
        self.index = index
        self.reason = reason
        self.source = source
        self.sender = sender
        self.received = received
        self.time = time
        self.flags = flags
        self.record = record
    }

    /// The hash of its leaf, from what the line says.
    public var leaf: MerkleHash {
        var hasher = LeafHasher(sources: [source], senders: [sender])
        var leaves: [MerkleHash] = []
        hasher.append(
            source: 0, sender: 0, received: received, time: time, flags: flags,
            record: record.span, to: &leaves)
        hasher.finish(to: &leaves)
        return leaves[0]
    }

    /// The line, with its line feed.
    var line: [UInt8] {
        var out = JSONObject()
        out.add("zone", zone)
        out.add("stream", stream)
        out.add("index", index)
        out.add("reason", reason.rawValue)
        out.add("findings", findings)
        out.add("source", source.id)
        out.add("kind", Int(source.kind.rawValue))
        out.add("form", Int(source.form.rawValue))
        out.add("sender", sender)
        out.add("received", TimeFormat.utc(received))
        out.add("received_ns", received.nanoseconds)
        out.add("time", TimeFormat.utc(time))
        out.add("time_ns", time.nanoseconds)
        out.add("flags", Int(flags.rawValue))
        out.add("leaf", leaf.base64)
        out.add("record", Base64Text.text(record))
        out.add("text", String(decoding: record, as: UTF8.self))
        return out.line
    }

    /// Reads a line from outside; nil if it is none.
    public init?(line: [UInt8]) {
        guard line.count <= Limits.bundleLineBytesMax, let members = JSONMember.object(line),
            let zone = members["zone"]?.text, let stream = members["stream"]?.text,
            let index = members["index"]?.integer, index >= 0,
            let reason = members["reason"]?.text.flatMap(Reason.init(rawValue:)),
            let findings = members["findings"]?.list, let id = members["source"]?.text,
            let kind = members["kind"]?.integer.flatMap({ UInt8(exactly: $0) }).flatMap(
                SourceKind.init(rawValue:)),
            let form = members["form"]?.integer.flatMap({ UInt8(exactly: $0) }).flatMap(
                RecordForm.init(rawValue:)),
            let sender = members["sender"]?.text,
            let received = members["received_ns"]?.integer,
            let time = members["time_ns"]?.integer,
            let flags = members["flags"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let record = members["record"]?.text.flatMap({ Base64Text.decode($0.utf8) }),
            BagPath.isValid(zone + "/" + stream)
        else { return nil }
        self.init(
            zone: zone, stream: stream, index: UInt64(index), reason: reason,
            source: Source(id: id, kind: kind, form: form), sender: sender,
            received: Timestamp(nanoseconds: received), time: Timestamp(nanoseconds: time),
            flags: RowFlags(rawValue: flags), record: record)
        self.findings = findings
        // What is shown for the eye must be what is proved.
        guard members["received"]?.text == TimeFormat.utc(self.received),
            members["time"]?.text == TimeFormat.utc(self.time),
            members["text"]?.text == String(decoding: record, as: UTF8.self),
            members["leaf"]?.text == leaf.base64
        else { return nil }
    }
}

/// A random number for each row, from a seed that is written down: SplitMix64.
struct SeededNumbers {
    private var state: UInt64

    /// - Parameter name: what the numbers are for, so that streams do not share them.
    init(seed: UInt64, name: String) {
        state = seed
        for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// Draws some of many, each with the same chance, without knowing how many there are.
struct Reservoir {
    private var numbers: SeededNumbers
    private let capacity: Int
    private var seen: UInt64 = 0
    private(set) var drawn: [UInt64] = []

    init(capacity: Int, seed: UInt64, name: String) {
        self.capacity = capacity
        numbers = SeededNumbers(seed: seed, name: name)
    }

    mutating func offer(_ index: UInt64) {
        seen += 1
        if drawn.count < capacity {
            drawn.append(index)
            return
        }
        // Of 2^64 numbers, the bias of a remainder is not worth a second draw.
        let place = numbers.next() % seen
        if place < UInt64(capacity) { drawn[Int(place)] = index }
    }
}
