import HisuiBytes

/// A public key that signs notes: what must be known to check one.
///
/// Its text ("vkey") is that of Go's `sumdb/note`: `name+hash+key`, with eight hexadecimal digits
/// of the key's id, and base64 of a byte for the kind of signature (1: Ed25519) and the key.
public struct NoteVerifier: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    /// First four bytes of SHA-256(name || LF || 1 || public key), the highest first.
    public let keyID: UInt32
    /// 32 bytes of Ed25519.
    public let publicKey: [UInt8]

    /// The byte of Ed25519 in the registry of `signed-note`.
    static let algorithm: UInt8 = 1

    /// - Precondition: `isValidName(name)`, and 32 bytes of key.
    public init(name: String, publicKey: [UInt8]) {
        precondition(Self.isValidName(name) && publicKey.count == Ed25519.keyBytes, "a note key")
        self.name = name
        self.publicKey = publicKey
        keyID = Self.keyID(name: name, publicKey: publicKey)
    }

    /// Reads a vkey.
    public init(vkey: String) throws(ProofError) {
        guard let key = NoteKeyText(vkey.utf8, prefix: ""),
            Self.keyID(name: key.name, publicKey: key.bytes) == key.keyID
        else {
            throw ProofError(
                .malformed, "no key to verify with: '\(vkey)' is not name+hash+key of Ed25519")
        }
        name = key.name
        publicKey = key.bytes
        keyID = key.keyID
    }

    public var vkey: String { NoteKeyText.text("", name, keyID, publicKey) }

    public var description: String { vkey }

    /// Whether a key may have that name: not empty, without white space, `+`, control characters.
    public static func isValidName(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0 != "+" && !$0.properties.isWhitespace
            }
    }

    /// Whether a signature says that it is by this key.
    func isNamed(by signature: SignedNote.Signature) -> Bool {
        keyID == signature.keyID && name.utf8.elementsEqual(signature.name.utf8)
    }

    func isValid(_ signature: SignedNote.Signature, of message: [UInt8]) -> Bool {
        isNamed(by: signature)
            && Ed25519.isValid(signature.bytes, of: message, publicKey: publicKey)
    }

    private static func keyID(name: String, publicKey: [UInt8]) -> UInt32 {
        let hashed = Array(name.utf8) + [SignedNote.lineFeed, algorithm] + publicKey
        return MerkleHash.digest(of: hashed).bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// A private key that signs notes.
///
/// Its text ("skey") is that of Go's `sumdb/note`: `PRIVATE+KEY+name+hash+key`, the key being the
/// 32 bytes of the seed.
public struct NoteSigner: Sendable {
    public let verifier: NoteVerifier
    private let key: Ed25519.PrivateKey

    private static let prefix = "PRIVATE+KEY+"

    /// - Precondition: `NoteVerifier.isValidName(name)`.
    public init(name: String, key: Ed25519.PrivateKey) {
        self.key = key
        verifier = NoteVerifier(name: name, publicKey: key.publicKey)
    }

    /// A new key of that name.
    public static func generate(name: String) -> NoteSigner {
        NoteSigner(name: name, key: .generate())
    }

    /// Reads an skey. The message of an error never holds the key.
    public init(skey: some Collection<UInt8>) throws(ProofError) {
        guard var found = NoteKeyText(skey, prefix: Self.prefix) else {
            throw ProofError(.malformed, "no private key: not PRIVATE+KEY+name+hash+key of Ed25519")
        }
        let signer = NoteSigner(name: found.name, key: Ed25519.PrivateKey(seed: found.bytes))
        Ed25519.cleanse(&found.bytes)
        guard signer.verifier.keyID == found.keyID else {
            throw ProofError(.malformed, "the private key is not the one its text names")
        }
        self = signer
    }

    public var name: String { verifier.name }

    /// The private key as text. Whoever has it can sign.
    public var skey: String {
        var seed = key.seed
        defer { Ed25519.cleanse(&seed) }
        return NoteKeyText.text(Self.prefix, name, verifier.keyID, seed)
    }

    /// - Parameter text: ends with a line feed; see `SignedNote`.
    public func sign(_ text: String) -> SignedNote.Signature {
        SignedNote.Signature(
            name: name, keyID: verifier.keyID, bytes: key.sign(Array(text.utf8)))
    }
}

/// What vkey and skey have in common.
private struct NoteKeyText {
    var name: String
    var keyID: UInt32
    /// 32 bytes.
    var bytes: [UInt8]

    init?(_ text: some Collection<UInt8>, prefix: String) {
        let all = Array(text)
        guard all.starts(with: prefix.utf8), UTF8Text.isValid(all.span, 0..<all.count) else {
            return nil
        }
        // The key's base64 may hold a plus: the first two divide.
        let parts = all.dropFirst(prefix.utf8.count).split(
            separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].count == 8, let decoded = Base64Text.decode(parts[2]),
            decoded.count == 1 + Ed25519.keyBytes, decoded[0] == NoteVerifier.algorithm
        else { return nil }
        name = String(decoding: parts[0], as: UTF8.self)
        keyID = 0
        for digit in parts[1] {
            guard let value = HexText.digit(digit), !(0x41...0x46).contains(digit) else {
                return nil
            }
            keyID = keyID << 4 | UInt32(value)
        }
        bytes = Array(decoded[1...])
        guard NoteVerifier.isValidName(name) else { return nil }
    }

    static func text(_ prefix: String, _ name: String, _ keyID: UInt32, _ key: [UInt8]) -> String {
        var out = Array(prefix.utf8)
        out.append(utf8: name)
        out.append(UInt8(ascii: "+"))
        let id = keyID.bigEndianBytes
        HexText.append(id.span, 0..<4, to: &out)
        out.append(UInt8(ascii: "+"))
        let bytes = [NoteVerifier.algorithm] + key
        Base64Text.append(bytes.span, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
