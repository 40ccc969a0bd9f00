import CTLS
import Glibc

/// A server's certificate and what it asks of clients, as read from files at one moment.
///
/// Used on the listener's thread only; another one is put in its place when the files are read
/// again, and connections keep the one they began with.
@safe
final class TLSContext: @unchecked Sendable {
    // Safe: OpenSSL counts the references of a context and locks it; it is never changed.
    fileprivate let context: OpaquePointer
    let settings: TLSSettings
    /// When the own certificate ends, in seconds since 1970; nil if it does not say.
    let expiry: Int64?

    init(_ settings: TLSSettings, place: String) throws(CollectError) {
        var text = [CChar](repeating: 0, count: 512)
        let clients: Int32 =
            switch settings.clients {
            case .none: 0
            case .optional: 1
            case .required: 2
            }
        // Safe (here and below): strings are passed as terminated copies for the call only, and
        // the buffer has the size that is given.
        let made = unsafe hisui_tls_context_new(
            settings.certificate, settings.key, settings.authorities, clients,
            settings.takesUnverified ? 1 : 0, &text, text.count)
        guard let made = unsafe made else {
            let words = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw CollectError(
                .badConfiguration, operation: "use the certificate and key of", place: place,
                hint: String(decoding: words, as: UTF8.self))
        }
        unsafe context = made
        self.settings = settings
        let end = unsafe hisui_tls_context_expiry(made)
        expiry = end < 0 ? nil : end
    }

    deinit { unsafe hisui_tls_context_free(context) }
}

/// TLS on one accepted socket, which stays the caller's. One thread.
@safe
final class TLSConnection {
    enum Handshake {
        case done, wantsInput, wantsOutput
        /// OpenSSL's words for why.
        case failed(String)
    }

    // Safe: freed with this object, which alone has it.
    private let tls: OpaquePointer
    let settings: TLSSettings

    /// Nil when memory is short.
    init?(_ context: TLSContext, descriptor: Int32) {
        guard let made = unsafe hisui_tls_new(context.context, descriptor) else { return nil }
        unsafe tls = made
        settings = context.settings
    }

    deinit { unsafe hisui_tls_free(tls) }

    func shakeHands() -> Handshake {
        var text = [CChar](repeating: 0, count: 256)
        // Safe: the buffer has the size that is given.
        switch unsafe hisui_tls_handshake(tls, &text, text.count) {
        case 1: return .done
        case 0: return .wantsInput
        case 2: return .wantsOutput
        default:
            let words = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return .failed(String(decoding: words, as: UTF8.self))
        }
    }

    /// Bytes read, 0 at the end, or a negative errno.
    func read(_ buffer: inout [UInt8]) -> Int {
        let capacity = Int32(buffer.count)
        // Safe: the buffer has the size that is given.
        return Int(unsafe hisui_tls_read(tls, &buffer, capacity))
    }

    /// Bytes written of those from `start` on, or a negative errno.
    func write(_ bytes: [UInt8], from start: Int) -> Int {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            // Safe: `start` is within the array, and is not its end.
            guard let base = buffer.baseAddress else { return 0 }
            return Int(unsafe hisui_tls_write(tls, base + start, Int32(buffer.count - start)))
        }
    }

    /// Tells the peer that nothing more comes.
    func sayEnd() { unsafe hisui_tls_say_end(tls) }

    /// What the peer's certificate says; nil if it gave none.
    var peer: TLSPeer? {
        var fingerprint = [UInt8](repeating: 0, count: 32)
        // Safe: the call writes 32 bytes.
        guard unsafe hisui_tls_fingerprint(tls, &fingerprint) == 1 else { return nil }
        var names: [String] = []
        var text = [CChar](repeating: 0, count: 256)
        for number in 0..<Self.namesMax {
            // Safe: the call writes at most the capacity that is given, and says how much.
            let count = Int(unsafe hisui_tls_name(tls, number, &text, Int32(text.count)))
            if count < 0 { break }
            if count == 0 { continue }
            names.append(
                String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return TLSPeer(
            fingerprint: fingerprint, isVerified: unsafe hisui_tls_is_verified(tls) == 1,
            names: names)
    }

    /// A device has one name, a server some; a certificate of hundreds is somebody's mistake.
    private static let namesMax: Int32 = 64
}
