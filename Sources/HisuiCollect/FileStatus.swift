import CLinux
import Glibc
import HisuiFile

/// What the file system says of a path, through symbolic links.
struct FileStatus: Hashable {
    var identity: FileIdentity
    /// Nanoseconds since 1970.
    var modified: Int64
    var size: UInt64

    /// Nil if there is nothing.
    init?(_ path: String) {
        var status = stat()
        // Safe: the path is passed as a terminated copy; the call writes one structure.
        guard unsafe stat(path, &status) == 0 else { return nil }
        identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        modified = Self.nanoseconds(status.st_mtim)
        size = UInt64(max(0, status.st_size))
    }

    /// When the file was made, in nanoseconds since 1970; 0 if that is not known.
    static func birth(_ path: String) -> Int64 {
        // Safe: the path is passed as a terminated copy.
        unsafe hisui_birth(path)
    }

    /// Whether what is at a path was made, and all that is in it written, since a time.
    ///
    /// Of a compressed file, what it was made of: it keeps the time of that. Where the file system
    /// knows no time of birth, whether it was written to is all that is asked.
    static func isMade(_ path: String, since time: Int64) -> Bool {
        guard time != .max, let status = FileStatus(path), status.modified >= time else {
            return false
        }
        let birth = birth(path)
        return birth == 0 || birth >= time
    }

    /// The time that a file would get if it was changed now, in nanoseconds since 1970: by the
    /// kernel's coarse clock, up to 10 ms behind the other one.
    static func clock() -> Int64 {
        var time = timespec()
        // Safe: the call writes one structure.
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return nanoseconds(time)
    }

    static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    static func names(in directory: String) -> [String] {
        (try? RealFileSystem().list(directory.isEmpty ? "/" : directory)) ?? []
    }
}
