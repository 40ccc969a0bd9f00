public import HisuiEvent

/// The beginning of an epoch: from here on checkpoints carry the signature of this key, too.
///
///     hisui/0123456789abcdef/lgwan/epochs
///     epoch 3
///     vkey hisui/0123456789abcdef/lgwan/epoch/3+…
///     reason handed-over
///     time 2026-11-23T04:55:00.000000000Z
///     boot-id 7d3c5c7e-6d0f-4a3a-8a43-6f1a7f5bb2a0
///     previous 2jmj7l5rSw0yVb/vlWAYkK/YBwk=…          SHA-256 of the note before; not in the first
///
/// Signed by the zone's key, and by the key of the epoch before where that was still there. Old
/// private keys are destroyed: who takes over a machine cannot sign for the time before.
public struct Epoch: Hashable, Sendable {
    /// Why an epoch began.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The first of a zone.
        case first
        /// The machine was started again, and the key had been handed over by a graceful stop.
        case handedOver = "handed-over"
        /// A day has passed.
        case day
        /// The key was lost: power loss, a kill, a crash. A break of the chain.
        case powerLoss = "power-loss"
    }

    /// Name of the zone's key.
    public var name: String
    /// From 1.
    public var number: UInt64
    public var key: NoteVerifier
    public var reason: Reason
    public var time: Timestamp
    public var bootID: String
    /// Of the note of the epoch before.
    public var previous: MerkleHash?

    public init(
        name: String, number: UInt64, key: NoteVerifier, reason: Reason, time: Timestamp,
        bootID: String, previous: MerkleHash?
    ) {
        self.name = name
        self.number = number
        self.key = key
        self.reason = reason
        self.time = time
        self.bootID = bootID
        self.previous = previous
    }

    /// The name of the key of epoch `number`.
    public static func keyName(_ name: String, _ number: UInt64) -> String {
        "\(name)/epoch/\(number)"
    }

    /// Reads the text of a note.
    public init(parsing text: String) throws(ProofError) {
        var lines = try NoteLines(text, "epoch")
        let refusal = ProofError(.malformed, "no epoch: a line is missing or wrong")
        guard let origin = lines.next(), origin.hasSuffix(Self.originSuffix),
            let number = lines.next("epoch").flatMap({ NoteLines.number($0) }), number > 0,
            let vkey = lines.next("vkey"),
            let reason = lines.next("reason").flatMap(Reason.init(rawValue:)),
            let time = lines.next("time").flatMap(NoteLines.time),
            let bootID = lines.next("boot-id"), NoteLines.isBootID(bootID)
        else { throw refusal }
        name = String(origin.dropLast(Self.originSuffix.count))
        self.number = number
        key = try NoteVerifier(vkey: vkey)
        self.reason = reason
        self.time = time
        self.bootID = bootID
        if let previous = lines.next("previous") {
            guard let hash = MerkleHash(base64: previous) else { throw refusal }
            self.previous = hash
        }
        guard lines.next() == nil, NoteVerifier.isValidName(name),
            key.name == Self.keyName(name, number), (previous == nil) == (number == 1),
            (reason == .first) == (number == 1)
        else { throw refusal }
    }

    /// The text to sign.
    public var text: String {
        var lines = [
            name + Self.originSuffix, "epoch \(number)", "vkey \(key.vkey)",
            "reason \(reason.rawValue)", "time " + time.utcText, "boot-id " + bootID,
        ]
        if let previous { lines.append("previous " + previous.base64) }
        return lines.map { $0 + "\n" }.joined()
    }

    private static let originSuffix = "/epochs"
}

/// All epochs of a zone, in order, checked.
public struct EpochChain: Hashable, Sendable {
    public private(set) var epochs: [Epoch] = []
    /// SHA-256 of the last note.
    public private(set) var lastHash: MerkleHash?

    public init() {}

    /// Checks the notes of the file, from the first one on.
    ///
    /// - Throws: `.signature` if the zone's key or, except after a power loss, the key before did
    ///   not sign; `.contradiction` if numbers or hashes do not follow each other.
    /// - Complexity: O(n), two signatures each.
    public init(_ notes: [SignedNote], zone: NoteVerifier) throws(ProofError) {
        for note in notes { try append(note, zone: zone) }
    }

    /// Checks one more note.
    public mutating func append(_ note: SignedNote, zone: NoteVerifier) throws(ProofError) {
        let epoch = try Epoch(parsing: note.text)
        let before = epochs.last
        let known = [zone] + (before.map { [$0.key] } ?? [])
        let signers = try note.verify(known)
        guard signers.contains(zone) else {
            throw ProofError(.signature, "epoch \(epoch.number) is not signed by the zone's key")
        }
        guard epoch.name == zone.name, epoch.number == (before?.number ?? 0) + 1,
            epoch.previous == lastHash
        else {
            throw ProofError(
                .contradiction, "epoch \(epoch.number) does not follow the one before it")
        }
        if let before, epoch.reason != .powerLoss, !signers.contains(before.key) {
            throw ProofError(
                .signature, "epoch \(epoch.number) is not signed by the key before it")
        }
        epochs.append(epoch)
        lastHash = MerkleHash.digest(of: note.encoded)
    }

    /// The keys that may have signed checkpoints.
    public var verifiers: [NoteVerifier] { epochs.map(\.key) }

    /// Epochs that begin after the key before was lost.
    public var breaks: [Epoch] { epochs.filter { $0.reason == .powerLoss } }
}
