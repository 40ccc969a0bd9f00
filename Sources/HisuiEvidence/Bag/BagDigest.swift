import CCrypto

/// A digest of a file, piece by piece, by libcrypto.
@safe
final class BagDigest {
    /// Ours alone, freed once.
    private let context: OpaquePointer

    init(_ algorithm: BagManifest.Algorithm) {
        // Safe: the algorithms are constants of libcrypto; a context that cannot be made or begun
        // means that memory is short.
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe EVP_DigestInit_ex(
                context, algorithm == .sha256 ? EVP_sha256() : EVP_sha512(), nil) == 1
        else { preconditionFailure("no memory for a digest") }
        unsafe self.context = unsafe context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    func update(_ bytes: [UInt8]) {
        // Safe: the count is the array's.
        let done = unsafe EVP_DigestUpdate(context, bytes, bytes.count)
        precondition(done == 1, "libcrypto takes bytes")
    }

    /// The digest; nothing may follow.
    func finish() -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 64)
        var count: UInt32 = 0
        // Safe: 64 bytes are room for either digest.
        let done = unsafe EVP_DigestFinal_ex(context, &out, &count)
        precondition(done == 1, "libcrypto ends a digest")
        return Array(out[..<Int(count)])
    }

    static func of(_ bytes: [UInt8], _ algorithm: BagManifest.Algorithm) -> [UInt8] {
        let digest = BagDigest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }
}
