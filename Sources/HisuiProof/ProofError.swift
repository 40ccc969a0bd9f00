public import HisuiFile

/// Why something about a tree, a note or a key is refused.
public struct ProofError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// A text that is not what it should be: note, checkpoint, proof, trust file, key.
        case malformed
        /// A signature is wrong, or none is by a known key.
        case signature
        /// A file of a tree is not what its checkpoint says.
        case damaged
        /// Two trees or notes contradict each other.
        case contradiction
        /// A key is missing, or its file may be read by others.
        case key
        /// A file that should be there is not.
        case notFound
        /// The disk refused.
        case system
    }

    public var code: Code
    /// What is wrong, in English.
    public var what: String
    /// The file, where there is one; may be empty.
    public var path: String
    /// What the operator can do; may be empty.
    public var advice: String

    public init(_ code: Code, _ what: String, path: String = "", advice: String = "") {
        self.code = code
        self.what = what
        self.path = path
        self.advice = advice
    }

    /// What the disk refused.
    public init(file error: FileError) {
        self.init(
            error.code == .notFound ? .notFound : .system, error.summary, path: error.path)
    }

    /// The same, of a file.
    func at(_ path: String) -> ProofError {
        var error = self
        if error.path.isEmpty { error.path = path }
        return error
    }

    public var description: String {
        (path.isEmpty ? "" : path + ": ") + what + (advice.isEmpty ? "" : "; " + advice)
    }
}
