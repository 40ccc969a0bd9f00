import Glibc
import HisuiEvent

/// A folder that somebody handed over: read with suspicion.
///
/// Nothing outside it is touched: links are not followed and not accepted, paths are plain, and
/// what is neither a file nor a folder is refused. Counts and sizes are bounded.
struct BagFolder {
    let path: String

    struct Entry {
        /// From the folder, with `/` between its parts.
        var path: String
        var size: Int
    }

    /// What stands in the folder and does not belong there.
    struct Strange {
        var path: String
        var what: Bilingual
    }

    struct Listing {
        var files: [Entry] = []
        var folders: [String] = []
        var strange: [Strange] = []
    }

    enum Failure: Error {
        case unreadable(path: String, errno: Int32)
        case tooMany
    }

    /// Everything in the folder, files in byte order of their paths.
    func list() throws(Failure) -> Listing {
        var listing = Listing()
        try list("", depth: 0, into: &listing)
        listing.files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return listing
    }

    private func full(_ relative: String) -> String {
        relative.isEmpty ? path : path + "/" + relative
    }

    private func list(
        _ folder: String, depth: Int, into listing: inout Listing
    ) throws(Failure) {
        for name in try names(in: folder).sorted() {
            let relative = folder.isEmpty ? name : folder + "/" + name
            var status = stat()
            guard unsafe lstat(full(relative), &status) == 0 else {
                throw .unreadable(path: relative, errno: errno)
            }
            guard
                listing.files.count + listing.folders.count + listing.strange.count
                    < Limits.bagFilesMax
            else { throw .tooMany }
            let kind = status.st_mode & S_IFMT
            if !BagPath.isValid(relative) || depth >= BagPath.depthMax {
                listing.strange.append(
                    Strange(
                        path: relative,
                        what: Bilingual("a name no bundle has", "監査証跡一式にはない名前です")))
            } else if kind == S_IFDIR {
                listing.folders.append(relative)
                try list(relative, depth: depth + 1, into: &listing)
            } else if kind == S_IFREG {
                listing.files.append(Entry(path: relative, size: Int(status.st_size)))
            } else {
                let isLink = kind == S_IFLNK
                listing.strange.append(
                    Strange(
                        path: relative,
                        what: isLink
                            ? Bilingual("a symbolic link", "シンボリックリンクです")
                            : Bilingual("neither a file nor a folder", "ファイルでもフォルダーでもありません")))
            }
        }
    }

    private func names(in folder: String) throws(Failure) -> [String] {
        let descriptor = unsafe open(
            full(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (folder.isEmpty ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { throw .unreadable(path: folder, errno: errno) }
        guard let directory = unsafe fdopendir(descriptor) else {
            let number = errno
            close(descriptor)
            throw .unreadable(path: folder, errno: number)
        }
        // Safe: closed once, after its only use.
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            // Safe: `d_name` is a terminated string that lives until the next readdir.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    unsafe String(cString: text)
                }
            }
            if name == "." || name == ".." { continue }
            names.append(name)
            guard names.count <= Limits.bagFilesMax else { throw .tooMany }
        }
        return names
    }

    /// Gives the bytes of a file piece by piece; at most `limit` of them.
    ///
    /// - Returns: how many bytes the file has, or nil if it has more than `limit`.
    func read(
        _ relative: String, limit: Int, _ take: ([UInt8]) -> Void
    ) throws(Failure) -> Int? {
        // O_NONBLOCK: a pipe put in a file's place must not make the reader wait.
        let descriptor = unsafe open(
            full(relative), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path: relative, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(path: relative, errno: EINVAL)
        }
        var total = 0
        while true {
            var failure: Int32 = 0
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, filled in
                // Safe: reads at most the buffer's capacity.
                let got = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if got < 0 { failure = errno }
                filled = max(0, got)
            }
            if failure == EINTR { continue }
            if failure != 0 { throw .unreadable(path: relative, errno: failure) }
            if piece.isEmpty { return total }
            total += piece.count
            guard total <= limit else { return nil }
            take(piece)
        }
    }

    /// A whole file; nil if it is larger than `limit`.
    func bytes(_ relative: String, limit: Int) throws(Failure) -> [UInt8]? {
        var bytes: [UInt8] = []
        return try read(relative, limit: limit) { bytes += $0 } == nil ? nil : bytes
    }
}
