import HisuiBytes
import HisuiEvent

/// A text signed by one or more keys (C2SP `signed-note`).
///
///     hisui/0123456789abcdef/lgwan/default        text: ends with a line feed
///     700
///     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
///                                                 an empty line
///     — hisui/0123456789abcdef/lgwan Az3grl…      signatures: em dash, name of the key, and
///     — hisui/0123456789abcdef/lgwan/epoch/3 Tn…  base64(4 bytes of key id || signature)
///
/// Parsing is strict, and what is accepted is written again byte for byte. Nothing of the text may
/// be believed before `verify` has returned.
public struct SignedNote: Hashable, Sendable {
    public struct Signature: Hashable, Sendable {
        /// Name of the key.
        public var name: String
        public var keyID: UInt32
        /// What the key made of the text; 64 bytes for Ed25519.
        public var bytes: [UInt8]

        public init(name: String, keyID: UInt32, bytes: [UInt8]) {
            self.name = name
            self.keyID = keyID
            self.bytes = bytes
        }
    }

    /// With its last line feed.
    public var text: String
    public var signatures: [Signature]

    /// A note with that text, signed by `signers` in order.
    ///
    /// - Precondition: the text is not empty, ends with a line feed, and has no other control
    ///   character.
    public init(text: String, signers: [NoteSigner]) {
        precondition(Self.isText(text.utf8), "a text that can be signed")
        self.text = text
        signatures = signers.map { $0.sign(text) }
    }

    /// Reads a note that makes up all of `bytes`.
    ///
    /// - Complexity: O(n).
    public init(parsing bytes: some Collection<UInt8>) throws(ProofError) {
        guard bytes.count <= Limits.noteBytesMax else {
            throw ProofError(.malformed, "a note of more than \(Limits.noteBytesMax) bytes")
        }
        let all = Array(bytes)
        guard all.last == Self.lineFeed, Self.isText(all) else {
            throw ProofError(
                .malformed, "no note: not UTF-8, a control character in it, or cut short")
        }
        guard let blank = Self.lastEmptyLine(all) else {
            throw ProofError(.malformed, "no note: no empty line before signatures")
        }
        text = String(decoding: all[..<blank], as: UTF8.self)
        signatures = []
        // Without the line feed that ends the last line.
        let lines = all[(blank + 1)...].dropLast().split(
            separator: Self.lineFeed, omittingEmptySubsequences: false)
        guard blank > 0, lines.count <= Limits.noteSignaturesMax else {
            throw ProofError(.malformed, "no note: no text, or too many signatures")
        }
        for line in lines {
            guard let signature = Self.signature(line) else {
                throw ProofError(.malformed, "no note: a line after the text is no signature")
            }
            signatures.append(signature)
        }
    }

    /// The bytes of the note.
    public var encoded: [UInt8] {
        var out = Array(text.utf8)
        out.append(Self.lineFeed)
        for signature in signatures { Self.append(signature, to: &out) }
        return out
    }

    /// Checks the signatures of the keys that are known; others are passed over.
    ///
    /// - Returns: those of `verifiers` that signed, in the order of the signatures.
    /// - Throws: `.signature` if one of a known key is wrong, or if no known key signed.
    public func verify(_ verifiers: [NoteVerifier]) throws(ProofError) -> [NoteVerifier] {
        var found: [NoteVerifier] = []
        let message = Array(text.utf8)
        for signature in signatures {
            guard let verifier = verifiers.first(where: { $0.isNamed(by: signature) }) else {
                continue
            }
            guard verifier.isValid(signature, of: message) else {
                throw ProofError(.signature, "the signature of \(signature.name) is wrong")
            }
            if !found.contains(verifier) { found.append(verifier) }
        }
        if found.isEmpty {
            let names = signatures.map(\.name).joined(separator: ", ")
            throw ProofError(.signature, "signed by no known key, but by: \(names)")
        }
        return found
    }

    /// Signs with one more key, as witnesses do.
    public mutating func add(_ signer: NoteSigner) { signatures.append(signer.sign(text)) }

    // MARK: Lines

    static let lineFeed = UInt8(ascii: "\n")
    /// Em dash and space.
    private static let mark: [UInt8] = [0xE2, 0x80, 0x94, 0x20]

    /// Whether `bytes` may be (part of) a note: valid UTF-8, no control character below U+0020 but
    /// line feeds, and a line feed at the end.
    static func isText(_ bytes: some Collection<UInt8>) -> Bool {
        let all = Array(bytes)
        guard all.last == lineFeed, UTF8Text.isValid(all.span, 0..<all.count) else { return false }
        return all.allSatisfy { $0 >= 0x20 || $0 == lineFeed }
    }

    /// Where the last empty line stands: the index of its line feed.
    private static func lastEmptyLine(_ bytes: [UInt8]) -> Int? {
        var index = bytes.count - 1
        while index > 0 {
            if bytes[index] == lineFeed, bytes[index - 1] == lineFeed { return index }
            index -= 1
        }
        return nil
    }

    private static func signature(_ line: ArraySlice<UInt8>) -> Signature? {
        guard line.starts(with: mark) else { return nil }
        let rest = line.dropFirst(mark.count)
        guard let space = rest.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let name = String(decoding: rest[..<space], as: UTF8.self)
        guard NoteVerifier.isValidName(name), let bytes = Base64Text.decode(rest[(space + 1)...]),
            bytes.count > 4
        else { return nil }
        let keyID = bytes[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Signature(name: name, keyID: keyID, bytes: Array(bytes[4...]))
    }

    private static func append(_ signature: Signature, to out: inout [UInt8]) {
        out += mark
        out.append(utf8: signature.name)
        out.append(UInt8(ascii: " "))
        var bytes = signature.keyID.bigEndianBytes
        bytes += signature.bytes
        Base64Text.append(bytes.span, to: &out)
        out.append(lineFeed)
    }
}

extension UInt32 {
    /// The highest byte first.
    var bigEndianBytes: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: self >> UInt32(24 - 8 * $0)) }
    }
}
