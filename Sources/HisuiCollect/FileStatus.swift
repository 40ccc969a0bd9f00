import CLinux
import Glibc
import HisuiFile

/// What the file system says of a path, through symbolic links.
struct FileStatus: Hashable {
    var identity: FileIdentity
    /// Nanoseconds since 1970.
    var modified: Int64
    var size: UInt64
    var isRegular: Bool

    /// Of what is at a path; nil if there is nothing.
    init?(_ path: String) {
        var status = hisui_file_status()
        // Safe: the path is passed as a terminated copy; the call writes one structure.
        guard unsafe hisui_path_status(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of an open file; nil if it is none.
    init?(descriptor: Int32) {
        var status = hisui_file_status()
        // Safe: the call writes one structure.
        guard unsafe hisui_open_status(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: hisui_file_status) {
        identity = FileIdentity(
            device: status.device, inode: status.inode, birth: status.birth)
        modified = status.modified
        size = status.size
        isRegular = status.is_regular
    }

    /// Whether what is at a path was made, and all that is in it written, since a time.
    ///
    /// Of a compressed file, what it was made of: it keeps the time of that. Where the file system
    /// knows no time of birth, whether it was written to is all that is asked.
    static func isMade(_ path: String, since time: Int64) -> Bool {
        guard time != .max, let status = FileStatus(path), status.modified >= time else {
            return false
        }
        return status.identity.birth == 0 || status.identity.birth >= time
    }

    /// The time that a file would get if it was changed now, in nanoseconds since 1970: by the
    /// kernel's coarse clock, up to 10 ms behind the other one.
    static func clock() -> Int64 {
        var time = timespec()
        // Safe: the call writes one structure.
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    static func names(in directory: String) -> [String] {
        (try? RealFileSystem().list(directory.isEmpty ? "/" : directory)) ?? []
    }
}
