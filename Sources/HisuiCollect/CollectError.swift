import Glibc

/// Why a collector cannot begin or cannot go on, in a form an operator can act on.
public struct CollectError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// The address or path cannot be listened on.
        case cannotListen
        /// The journal, file or directory cannot be opened or read.
        case cannotRead
        /// A value in the configuration makes no sense here.
        case badConfiguration
        /// The operating system refused something that should always work.
        case system
        /// Compressed or framed input that is damaged; what came before it was taken.
        case damagedInput
    }

    public var code: Code
    /// What was being done: "listen on UDP".
    public var operation: String
    /// On what: an address, a path.
    public var place: String
    /// `errno` of the failed call, 0 if there was none.
    public var errno: Int32
    /// What the operator can do about it; may be empty.
    public var hint: String

    public init(
        _ code: Code, operation: String, place: String, errno: Int32 = 0, hint: String = ""
    ) {
        self.code = code
        self.operation = operation
        self.place = place
        self.errno = errno
        self.hint = hint
    }

    public var description: String {
        var text = "cannot \(operation) \(place)"
        if errno != 0 { text += ": \(Self.message(errno))" }
        if !hint.isEmpty { text += " (\(hint))" }
        return text
    }

    /// The C library's words for an error number.
    static func message(_ errno: Int32) -> String {
        // Safe: strerror returns a terminated string that is copied before any other call.
        unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
    }
}
