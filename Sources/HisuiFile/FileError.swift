import Glibc

/// What the disk refused: the operation, the path, and the system's own number for it.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What callers tell apart; everything else is `other` and speaks through `errno`.
    public enum Code: Hashable, Sendable {
        case notFound
        case exists
        /// Another process holds the lock.
        case locked
        /// No space, no inode, or over quota: may be retried when there is room again.
        case noSpace
        /// The device failed. Nothing unsynced of that file may be believed.
        case inputOutput
        /// An earlier `sync` of this open file failed: it must not be used again.
        case poisoned
        case notPermitted
        case notADirectory
        /// The system is being stopped by a test; nothing reaches the disk any more.
        case halted
        case other
    }

    public var code: Code
    /// The system's error number, 0 where there was none.
    public var errno: Int32
    /// The system call or step, as `rename`.
    public var operation: String
    public var path: String
    /// More for a person, as who holds a lock; may be empty.
    public var detail: String

    public init(
        _ code: Code, errno: Int32 = 0, operation: String, path: String, detail: String = ""
    ) {
        self.code = code
        self.errno = errno
        self.operation = operation
        self.path = path
        self.detail = detail
    }

    /// The error of a system call that has just failed.
    init(errno number: Int32, operation: String, path: String) {
        let code: Code =
            switch number {
            case ENOENT: .notFound
            case EEXIST, ENOTEMPTY: .exists
            case ENOSPC, EDQUOT: .noSpace
            case EIO: .inputOutput
            case EACCES, EPERM, EROFS: .notPermitted
            case ENOTDIR: .notADirectory
            default: .other
            }
        self.init(code, errno: number, operation: operation, path: path)
    }

    public var description: String { "\(path): \(summary)" }

    /// The description without the path.
    public var summary: String {
        "\(operation): \(reason)" + (detail.isEmpty ? "" : " (\(detail))")
    }

    private var reason: String {
        switch code {
        case .locked: return "in use by another process"
        case .poisoned: return "an earlier sync of this file failed; it has to be opened again"
        case .halted: return "halted"
        default: break
        }
        if errno != 0, let text = unsafe strerror(errno) {
            // Safe: strerror returns a terminated string, copied here before any other call.
            return unsafe String(cString: text)
        }
        switch code {
        case .notFound: return "no such file or directory"
        case .exists: return "exists already"
        case .noSpace: return "no space left on device"
        case .inputOutput: return "input/output error"
        default: return "failed"
        }
    }
}
