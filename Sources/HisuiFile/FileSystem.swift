import Glibc

/// The disk, as far as Hisui changes it.
///
/// There are two: `RealFileSystem`, and `SimulatedFileSystem`, which forgets what was not synced.
/// Nothing but this module changes files, so that what survives a crash can be tested.
///
/// **What may be relied upon after a crash**, and nothing more:
///
/// 1. Bytes of a file are there once `OpenFile.sync` has returned after they were written.
/// 2. A name (of a new, renamed or removed file or directory) is as it is once `syncDirectory` of
///    the directory that holds it has returned.
/// 3. A rename within one directory is atomic: the new name means the old file or the new one.
///
/// Without these steps bytes may be missing, torn at 512 bytes, in another order, or garbage.
/// `writeDurably` is the one way to write a whole file; see there for the sequence.
///
/// What root makes belongs to the owner of the folder it stands in.
///
/// May be used from several threads.
public protocol FileSystem: Sendable {
    /// Makes a directory with mode 0700, and its parents likewise; syncs the directory that holds
    /// each new one. No error where it exists already; then nothing is synced, although whoever
    /// made it may have been killed before it was durable: `syncDirectory` of its parent says.
    func createDirectory(_ path: String) throws(FileError)

    /// The names in a directory, without `.` and `..`, in byte order.
    func list(_ path: String) throws(FileError) -> [String]

    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile

    /// Gives a file another name, in the same directory or another one, replacing a file there.
    func rename(_ path: String, to newPath: String) throws(FileError)

    /// Removes a file, or a directory that is empty.
    func remove(_ path: String) throws(FileError)

    func syncDirectory(_ path: String) throws(FileError)

    /// The size of a file in bytes.
    func size(_ path: String) throws(FileError) -> Int

    /// The permission bits of a file: 0o600 for what this program made.
    func permissions(_ path: String) throws(FileError) -> UInt32

    /// Bytes that may still be written to the disk of `path`, which is there; at most `Int.max`.
    func freeBytes(_ path: String) throws(FileError) -> Int

    /// Up to `count` bytes of a file from `offset`, fewer only at its end: for files that grow or
    /// shrink while they are read.
    func bytes(_ path: String, from offset: Int, count: Int) throws(FileError) -> [UInt8]

    /// The whole of a file that does not change any more. It stays readable after it was removed.
    func contents(_ path: String) throws(FileError) -> FileContents

    /// Takes a lock that ends with the process at the latest. The file is created if need be and
    /// never removed. Fails with `.locked`, naming the holder's process id where it is known.
    func lock(_ path: String) throws(FileError) -> any FileLock
}

/// How a file is opened for writing.
public enum OpenMode: Hashable, Sendable {
    /// A new file with mode 0600; fails with `.exists` where there is one.
    case create
    /// One that exists; its bytes stay.
    case readWrite
}

/// A file open for writing.
///
/// May be used from several threads, one call at a time.
public protocol OpenFile: AnyObject, Sendable {
    /// Bytes in the file, unsynced ones included. After a failed `append`, what it left behind.
    var size: Int { get }

    /// Appends all of `bytes`, or fails having appended some of them.
    func append(_ bytes: Span<UInt8>) throws(FileError)

    /// Writes over bytes that exist; `offset + bytes.count` is at most `size`.
    func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(FileError)

    /// Cuts the file; `size` must not be above the present one.
    func truncate(to size: Int) throws(FileError)

    /// Makes the file's bytes and size durable (fdatasync). After it has failed once, the file
    /// is `poisoned`: the system forgets which bytes were not written, and a second sync that
    /// succeeds means nothing. Every later call but `close` throws `.poisoned`.
    func sync() throws(FileError)

    /// Closes the file; later calls do nothing. Does not sync.
    func close()
}

/// A lock held by this process until it is released or the process ends.
public protocol FileLock: AnyObject, Sendable {
    func release()
}

/// What `writeDurably` appends to a name while the file is being written.
///
/// A file with such a name is rubbish whenever nobody holds the lock of the directory.
public let temporarySuffix = ".tmp"

extension FileSystem {
    /// Writes a whole file: after a crash there is the old one (or none) or the new one.
    ///
    /// Never a part of it. The steps are these:
    ///
    /// 1. create `path.tmp` (a leftover of that name is removed first),
    /// 2. write all bytes,
    /// 3. fdatasync the file,
    /// 4. rename it to `path`,
    /// 5. fsync the directory.
    ///
    /// The new file is durable when this returns. When it fails, `path` is old or new, and
    /// the temporary file is removed as far as the disk lets us.
    ///
    /// - Parameter writer: what tells this writer from others where several processes may write
    ///   the same file without a lock; it goes into the temporary name. The last one wins.
    public func writeDurably(
        _ bytes: Span<UInt8>, to path: String, writer: String = ""
    ) throws(FileError) {
        let temporary = path + writer + temporarySuffix
        try removeIfPresent(temporary)
        let file = try open(temporary, .create)
        do throws(FileError) {
            try file.append(bytes)
            try file.sync()
            file.close()
            try rename(temporary, to: path)
        } catch {
            file.close()
            // The first error is the one to report; a leftover is removed by the next start.
            try? remove(temporary)
            throw error
        }
        try syncDirectory(Path.parent(of: path))
    }

    public func writeDurably(
        _ bytes: [UInt8], to path: String, writer: String = ""
    ) throws(FileError) {
        try writeDurably(bytes.span, to: path, writer: writer)
    }

    public func removeIfPresent(_ path: String) throws(FileError) {
        do throws(FileError) {
            try remove(path)
        } catch {
            if error.code != .notFound { throw error }
        }
    }

    /// Whether a file or directory of that name is there.
    public func exists(_ path: String) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try size(path)
            return true
        } catch {
            if error.code == .notFound { return false }
            throw error
        }
    }
}

/// Paths as text: only what the store needs.
public enum Path {
    /// `a/b` for `a/b/c`, `/` for `/a`, `.` for `a`.
    public static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }

    /// `c` for `a/b/c`.
    public static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }

    public static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// The absolute path without links, as the system has it now (realpath(3)); nil if nothing is
    /// there, or it cannot be looked at.
    public static func resolved(_ path: String) -> String? {
        // Safe: the path is passed as a terminated copy; what is returned is ours to free.
        guard let made = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(made) }
        return unsafe String(cString: made)
    }
}
