import CCrypto

/// Ed25519 (RFC 8032), by libcrypto.
public enum Ed25519 {
    public static let keyBytes = 32
    public static let signatureBytes = 64

    /// Whether `signature` is one of `message` by `publicKey`; false for a key that is none.
    ///
    /// - Complexity: O(n).
    public static func isValid(
        _ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]
    ) -> Bool {
        guard publicKey.count == keyBytes, signature.count == signatureBytes else { return false }
        // Safe: the arrays live through the call, and their counts are given or known.
        return unsafe hisui_ed25519_verify(
            publicKey, message, message.count, signature, signature.count) == 1
    }

    /// A private key in memory of libcrypto, which overwrites it when the last owner lets go.
    ///
    /// May be used from several threads.
    @safe
    public final class PrivateKey: @unchecked Sendable {
        // Safe: never changed after `init`; signing keeps its state in a context of its own.
        private let key: OpaquePointer

        /// The key of a seed of 32 bytes.
        public init(seed: [UInt8]) {
            precondition(seed.count == keyBytes, "a seed of Ed25519")
            // Safe: 32 bytes are there.
            guard let key = unsafe hisui_ed25519_private(seed) else {
                preconditionFailure("no memory for a key")
            }
            unsafe self.key = unsafe key
        }

        /// A new key, from the system's random numbers.
        public static func generate() -> PrivateKey {
            var random = SystemRandomNumberGenerator()
            var seed = (0..<keyBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
            defer { cleanse(&seed) }
            return PrivateKey(seed: seed)
        }

        deinit { unsafe EVP_PKEY_free(key) }

        public var publicKey: [UInt8] {
            var out = [UInt8](repeating: 0, count: keyBytes)
            // Safe: 32 bytes to write to.
            precondition(unsafe hisui_ed25519_public_of(key, &out) == 1, "a key of Ed25519")
            return out
        }

        /// The 32 bytes that the key is made from; `cleanse` them after use.
        var seed: [UInt8] {
            var out = [UInt8](repeating: 0, count: keyBytes)
            // Safe: 32 bytes to write to.
            precondition(unsafe hisui_ed25519_seed_of(key, &out) == 1, "a key of Ed25519")
            return out
        }

        /// The signature of `message`: 64 bytes.
        ///
        /// - Complexity: O(n).
        public func sign(_ message: [UInt8]) -> [UInt8] {
            var out = [UInt8](repeating: 0, count: signatureBytes)
            // Safe: the count is the array's, and there are 64 bytes to write to.
            let done = unsafe hisui_ed25519_sign(key, message, message.count, &out)
            precondition(done == 1, "libcrypto signs")
            return out
        }
    }

    /// Overwrites bytes that must not stay in memory; the array is empty then.
    static func cleanse(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { buffer in
            // Safe: base and count are the buffer's.
            unsafe hisui_cleanse(buffer.baseAddress, buffer.count)
        }
        bytes = []
    }
}
