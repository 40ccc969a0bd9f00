/// What went wrong with a store: what, where, and what the operator can do.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// The path is no store, or not one this version can read.
        case notAStore
        /// The system refused: permissions, a full disk, an I/O error.
        case system
        /// The disk is full; what was committed is intact, and the same may be tried again.
        case noSpace
        /// A write could not be made durable: the stream takes nothing until it is opened again.
        case failed
        /// Another process writes this zone.
        case locked
        /// Bytes on disk are not what was written.
        case damaged
        /// The file is gone: sealed, merged or expired since it was listed.
        case notFound
        /// More than a limit allows.
        case limit
    }

    public var code: Code
    /// One sentence without its full stop, e.g. "checksum does not match".
    public var what: String
    /// The file or folder concerned.
    public var path: String
    /// The part of the file and the byte it begins at, where that is known.
    public var section: String?
    public var offset: Int?
    /// What the operator can do; empty if there is nothing.
    public var advice: String

    public init(
        _ code: Code, _ what: String, path: String, section: String? = nil, offset: Int? = nil,
        advice: String = ""
    ) {
        self.code = code
        self.what = what
        self.path = path
        self.section = section
        self.offset = offset
        self.advice = advice
    }

    public var description: String {
        var text = "\(path): "
        if let section { text += "\(section): " }
        text += what
        if let offset { text += " (at byte \(offset))" }
        if !advice.isEmpty { text += "; \(advice)" }
        return text
    }
}
