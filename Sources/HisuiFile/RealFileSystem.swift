import Glibc
import Synchronization

/// The disk of the machine.
public struct RealFileSystem: FileSystem {
    public init() {}

    public func createDirectory(_ path: String) throws(FileError) {
        if unsafe mkdir(path, 0o700) == 0 {
            let descriptor = try openForReading(path, O_DIRECTORY)
            defer { Glibc.close(descriptor) }
            try giveToOwner(of: Path.parent(of: path), descriptor, path)
            try syncDirectory(Path.parent(of: path))
            return
        }
        switch errno {
        case EEXIST:
            var status = stat()
            guard unsafe stat(path, &status) == 0 else {
                throw FileError(errno: errno, operation: "mkdir", path: path)
            }
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw FileError(errno: ENOTDIR, operation: "mkdir", path: path)
            }
        case ENOENT:
            let parent = Path.parent(of: path)
            // Where a parent that is there takes no directories, as in /proc, this never ends else.
            guard parent != path, unsafe access(parent, F_OK) != 0 else {
                throw FileError(errno: ENOENT, operation: "mkdir", path: path)
            }
            try createDirectory(parent)
            try createDirectory(path)
        default:
            throw FileError(errno: errno, operation: "mkdir", path: path)
        }
    }

    public func list(_ path: String) throws(FileError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw FileError(errno: errno, operation: "opendir", path: path)
        }
        // Safe: closed once, at the end of its only use.
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while true {
            Glibc.errno = 0
            guard let entry = unsafe readdir(directory) else {
                if errno != 0 { throw FileError(errno: errno, operation: "readdir", path: path) }
                break
            }
            // Safe: `d_name` is a terminated string that lives until the next readdir.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    unsafe String(cString: text)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        var flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW
        if mode == .create { flags |= O_CREAT | O_EXCL }
        let descriptor = unsafe Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else { throw FileError(errno: errno, operation: "open", path: path) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            let error = FileError(errno: errno, operation: "fstat", path: path)
            Glibc.close(descriptor)
            throw error
        }
        if mode == .create {
            do throws(FileError) {
                try giveToOwner(of: Path.parent(of: path), descriptor, path)
            } catch {
                Glibc.close(descriptor)
                throw error
            }
        }
        return RealFile(descriptor: descriptor, size: Int(status.st_size), path: path)
    }

    public func rename(_ path: String, to newPath: String) throws(FileError) {
        guard unsafe Glibc.rename(path, newPath) == 0 else {
            throw FileError(errno: errno, operation: "rename", path: path)
        }
    }

    public func remove(_ path: String) throws(FileError) {
        guard unsafe Glibc.remove(path) == 0 else {
            throw FileError(errno: errno, operation: "remove", path: path)
        }
    }

    public func syncDirectory(_ path: String) throws(FileError) {
        let descriptor = try openForReading(path, O_DIRECTORY)
        defer { Glibc.close(descriptor) }
        guard retrying({ Int(fsync(descriptor)) }) == 0 else {
            throw FileError(errno: errno, operation: "fsync", path: path)
        }
    }

    public func size(_ path: String) throws(FileError) -> Int {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw FileError(errno: errno, operation: "stat", path: path)
        }
        return Int(status.st_size)
    }

    public func permissions(_ path: String) throws(FileError) -> UInt32 {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw FileError(errno: errno, operation: "stat", path: path)
        }
        return status.st_mode & 0o7777
    }

    public func freeBytes(_ path: String) throws(FileError) -> Int {
        var status = statvfs()
        // Safe: the call writes one structure, which lives on this frame.
        guard unsafe statvfs(path, &status) == 0 else {
            throw FileError(errno: errno, operation: "statvfs", path: path)
        }
        let bytes = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return bytes.overflow ? .max : Int(clamping: bytes.partialValue)
    }

    public func bytes(
        _ path: String, from offset: Int, count: Int
    ) throws(FileError) -> [UInt8] {
        let descriptor = try openForReading(path)
        defer { Glibc.close(descriptor) }
        if count == 0 { return [] }
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                // Safe: `filled < count`, the buffer's capacity.
                let got = retrying {
                    unsafe pread(
                        descriptor, buffer.baseAddress! + filled, count - filled,
                        off_t(offset + filled))
                }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        if failure != 0 { throw FileError(errno: failure, operation: "read", path: path) }
        return bytes
    }

    public func contents(_ path: String) throws(FileError) -> FileContents {
        let descriptor = try openForReading(path)
        defer { Glibc.close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw FileError(errno: errno, operation: "fstat", path: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(.other, errno: EISDIR, operation: "read", path: path)
        }
        let count = Int(status.st_size)
        if count == 0 { return FileContents([]) }
        let base = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        // MAP_FAILED is -1; the macro is not imported.
        guard let base = unsafe base, Int(bitPattern: base) != -1 else {
            throw FileError(errno: errno, operation: "mmap", path: path)
        }
        return unsafe FileContents(mapping: UnsafeRawPointer(base), count: count)
    }

    public func lock(_ path: String) throws(FileError) -> any FileLock {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(errno: errno, operation: "open", path: path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            Glibc.close(descriptor)
            guard number == EWOULDBLOCK else {
                throw FileError(errno: number, operation: "flock", path: path)
            }
            throw FileError(
                .locked, errno: number, operation: "lock", path: path, detail: holder(of: path))
        }
        do throws(FileError) {
            try giveToOwner(of: Path.parent(of: path), descriptor, path)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        return RealFileLock(descriptor: descriptor)
    }

    /// Gives what root has made to the owner of the folder it stands in: a daemon of another user
    /// has to go on with what an administrator began.
    private func giveToOwner(
        of folder: String, _ descriptor: Int32, _ path: String
    ) throws(FileError) {
        guard geteuid() == 0 else { return }
        var status = stat()
        // Safe: the call writes one structure, which lives on this frame.
        guard unsafe stat(folder, &status) == 0 else {
            throw FileError(errno: errno, operation: "stat", path: folder)
        }
        if status.st_uid == 0 { return }
        guard fchown(descriptor, status.st_uid, status.st_gid) == 0 else {
            throw FileError(errno: errno, operation: "fchown", path: path)
        }
    }

    /// Who holds the lock of a file, for people, as the kernel knows it.
    ///
    /// Nothing is written into the file: it would be bytes that nobody vouches for. See
    /// `proc_locks(5)`: each line ends with process, device and inode, start and end.
    private func holder(of path: String) -> String {
        var status = stat()
        guard unsafe stat(path, &status) == 0,
            let bytes = try? bytes("/proc/locks", from: 0, count: 1 << 20)
        else { return "" }
        let end = ":" + String(status.st_ino)
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            // One that waits is marked by an arrow behind its number.
            guard words.count >= 6, words[1] == "FLOCK", words[5].hasSuffix(end),
                words[5].split(separator: ":").count == 3
            else { continue }
            return "process " + words[4]
        }
        return ""
    }

    private func openForReading(_ path: String, _ flags: Int32 = 0) throws(FileError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | flags)
        guard descriptor >= 0 else { throw FileError(errno: errno, operation: "open", path: path) }
        return descriptor
    }
}

/// Repeats a system call that a signal interrupted.
private func retrying(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

private final class RealFile: OpenFile {
    private struct State {
        var descriptor: Int32
        var size: Int
        var isPoisoned = false
    }

    private let path: String
    private let state: Mutex<State>

    init(descriptor: Int32, size: Int, path: String) {
        self.path = path
        state = Mutex(State(descriptor: descriptor, size: size))
    }

    deinit { close() }

    var size: Int { state.withLock { $0.size } }

    func append(_ bytes: Span<UInt8>) throws(FileError) {
        try use("write") { (state) throws(FileError) in
            try write(bytes, at: state.size, state.descriptor) { state.size += $0 }
        }
    }

    func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(FileError) {
        try use("write") { (state) throws(FileError) in
            precondition(offset >= 0 && offset + bytes.count <= state.size, "outside the file")
            try write(bytes, at: offset, state.descriptor) { _ in }
        }
    }

    func truncate(to size: Int) throws(FileError) {
        try use("truncate") { (state) throws(FileError) in
            precondition(size >= 0 && size <= state.size, "a file is only ever cut")
            guard retrying({ Int(ftruncate(state.descriptor, off_t(size))) }) == 0 else {
                throw FileError(errno: errno, operation: "truncate", path: path)
            }
            state.size = size
        }
    }

    func sync() throws(FileError) {
        try use("fdatasync") { (state) throws(FileError) in
            guard retrying({ Int(fdatasync(state.descriptor)) }) == 0 else {
                state.isPoisoned = true
                throw FileError(errno: errno, operation: "fdatasync", path: path)
            }
        }
    }

    func close() {
        state.withLock { state in
            if state.descriptor >= 0 { Glibc.close(state.descriptor) }
            state.descriptor = -1
        }
    }

    private func use(
        _ operation: String, _ body: (inout State) throws(FileError) -> Void
    ) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            if state.isPoisoned { throw FileError(.poisoned, operation: operation, path: path) }
            guard state.descriptor >= 0 else {
                throw FileError(errno: EBADF, operation: operation, path: path)
            }
            try body(&state)
        }
    }

    private func write(
        _ bytes: Span<UInt8>, at offset: Int, _ descriptor: Int32, progress: (Int) -> Void
    ) throws(FileError) {
        var done = 0
        while done < bytes.count {
            // Safe: the pointer is used inside the closure only, and `done` is within the span.
            let written = unsafe bytes.extracting(done..<bytes.count).withUnsafeBufferPointer {
                buffer in
                retrying {
                    unsafe pwrite(
                        descriptor, buffer.baseAddress, buffer.count, off_t(offset + done))
                }
            }
            guard written > 0 else {
                let number = written == 0 ? ENOSPC : errno
                throw FileError(errno: number, operation: "write", path: path)
            }
            done += written
            progress(written)
        }
    }
}

private final class RealFileLock: FileLock {
    private let descriptor: Mutex<Int32>

    init(descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }
}
