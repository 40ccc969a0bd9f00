import HisuiBytes
public import HisuiEvent

/// The head of a tree at some size: the text of a note that its log signs (C2SP
/// `tlog-checkpoint`).
///
///     hisui/0123456789abcdef/lgwan/default                    origin
///     700                                                     size
///     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=            root
///     time 2026-11-23T04:55:00.000000000Z                     extension lines, as far as known,
///     boot-id 7d3c5c7e-6d0f-4a3a-8a43-6f1a7f5bb2a0            in this order
///     epoch 3
///     sources PN0RcVWdGGtvFIATh1mLoDMgXvwNtJ3W7EVHmWaCrTE=
///     definitions 2f6c…                                       64 hexadecimal digits
///
/// `sources` is the SHA-256 of the table of sources (`SourceTable`) at that size, `definitions` the
/// digest of the definitions in force. Lines that are not known are kept, behind the known ones.
public struct Checkpoint: Hashable, Sendable {
    public var origin: String
    public var size: UInt64
    public var root: MerkleHash
    public var time: Timestamp?
    /// As `/proc/sys/kernel/random/boot_id` gives it.
    public var bootID: String?
    /// Number of the epoch whose key signed.
    public var epoch: UInt64?
    public var sources: MerkleHash?
    public var definitions: MerkleHash?
    /// Other extension lines.
    public var others: [String]

    public init(
        origin: String, size: UInt64, root: MerkleHash, time: Timestamp? = nil,
        bootID: String? = nil, epoch: UInt64? = nil, sources: MerkleHash? = nil,
        definitions: MerkleHash? = nil, others: [String] = []
    ) {
        self.origin = origin
        self.size = size
        self.root = root
        self.time = time
        self.bootID = bootID
        self.epoch = epoch
        self.sources = sources
        self.definitions = definitions
        self.others = others
    }

    /// Reads the text of a note. An extension line that begins like a known one must be right.
    public init(parsing text: String) throws(ProofError) {
        var lines = try NoteLines(text, "checkpoint")
        guard let origin = lines.next(), !origin.isEmpty, let count = lines.next(),
            let size = NoteLines.number(count), let hash = lines.next(),
            let root = MerkleHash(base64: hash)
        else {
            throw ProofError(.malformed, "no checkpoint: origin, size and root are wanted")
        }
        self.init(origin: origin, size: size, root: root)
        while let line = lines.next() {
            if line.isEmpty { throw ProofError(.malformed, "no checkpoint: an empty line in it") }
            guard takeExtension(line) else {
                throw ProofError(.malformed, "no checkpoint: the line '\(line)' is wrong")
            }
        }
    }

    /// Reads the text of a note whose origin must be `origin`.
    public init(parsing text: String, origin: String) throws(ProofError) {
        try self.init(parsing: text)
        guard self.origin.utf8.elementsEqual(origin.utf8) else {
            throw ProofError(
                .contradiction, "a checkpoint of \(self.origin), where one of \(origin) belongs")
        }
    }

    /// The text to sign.
    public var text: String {
        var lines = [origin, String(size), root.base64]
        if let time { lines.append("time " + time.utcText) }
        if let bootID { lines.append("boot-id " + bootID) }
        if let epoch { lines.append("epoch \(epoch)") }
        if let sources { lines.append("sources " + sources.base64) }
        if let definitions { lines.append("definitions " + definitions.hexadecimal) }
        return (lines + others).map { $0 + "\n" }.joined()
    }

    /// Takes one line; false if it is a known one and wrong, or stands for the second time.
    private mutating func takeExtension(_ line: String) -> Bool {
        guard let space = line.firstIndex(of: " ") else {
            others.append(line)
            return true
        }
        let value = String(line[line.index(after: space)...])
        switch line[..<space] {
        case "time":
            guard time == nil, let parsed = NoteLines.time(value) else { return false }
            time = parsed
        case "boot-id":
            guard bootID == nil, NoteLines.isBootID(value) else { return false }
            bootID = value
        case "epoch":
            guard epoch == nil, let number = NoteLines.number(value) else { return false }
            epoch = number
        case "sources":
            guard sources == nil, let hash = MerkleHash(base64: value) else { return false }
            sources = hash
        case "definitions":
            guard definitions == nil, let hash = NoteLines.digest(value) else { return false }
            definitions = hash
        default: others.append(line)
        }
        return true
    }
}

/// The lines of a note's text, and the values in them.
struct NoteLines {
    private var lines: ArraySlice<Substring>

    /// - Parameter what: the kind of text, for the message.
    init(_ text: String, _ what: String) throws(ProofError) {
        guard text.utf8.last == SignedNote.lineFeed else {
            throw ProofError(.malformed, "no \(what): the text does not end with a line feed")
        }
        let body = text.utf8.dropLast()
        lines =
            body.split(separator: SignedNote.lineFeed, omittingEmptySubsequences: false)
            .map { Substring($0) }[...]
    }

    mutating func next() -> String? { lines.popFirst().map(String.init) }

    /// What follows `name` and a space on the next line; nil if the line is another one.
    mutating func next(_ name: String) -> String? {
        guard let line = lines.first, line.utf8.starts(with: (name + " ").utf8) else { return nil }
        lines.removeFirst()
        return String(line.utf8.dropFirst(name.utf8.count + 1)) ?? ""
    }

    /// A decimal number without leading zeros.
    static func number(_ text: some StringProtocol) -> UInt64? {
        let digits = text.utf8
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.count == 1 || digits.first != 0x30
        else { return nil }
        return UInt64(text)
    }

    /// 64 lower-case hexadecimal digits.
    static func digest(_ text: String) -> MerkleHash? {
        guard text.utf8.count == 64, let bytes = HexText.bytes(text.utf8),
            let hash = MerkleHash(bytes), hash.hexadecimal == text
        else { return nil }
        return hash
    }

    static func isBootID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { HexText.digit($0) != nil || $0 == UInt8(ascii: "-") }
    }

    /// A time as `Timestamp.utcText` writes it, and no other way.
    static func time(_ text: String) -> Timestamp? {
        guard let time = Timestamp(rfc3339: text), time.utcText == text else { return nil }
        return time
    }
}
