import Glibc
import HisuiFile
import HisuiStore

/// The directory of a demonstration: store, log files, configurations, bundle.
struct DemoFolder {
    /// Absolute.
    let path: String
    /// As it was given, for commands that a person can type.
    let shown: String
    private let fileSystem = RealFileSystem()

    /// What tells a directory that a demonstration made from one that holds somebody's work.
    private static let mark = ".hisui-demo"

    var store: String { Path.join(path, "store") }
    var bundle: String { Path.join(path, "bundle") }
    /// Outside the store: who could change the store must not be able to change this too.
    var trust: String { Path.join(path, "trust.txt") }

    func logs(_ zone: String) -> String { Path.join(path, "logs/" + zone) }
    func configuration(_ zone: String) -> String { Path.join(path, zone + ".yaml") }
    func messages(_ zone: String) -> String { Path.join(path, zone + ".messages") }

    /// - Parameter path: as given; relative ones are below the working directory.
    init(_ path: String) throws(Failure) {
        shown = path
        if path.hasPrefix("/") {
            self.path = path
            return
        }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        // Safe: the call writes at most as many bytes as it is told.
        guard unsafe getcwd(&buffer, buffer.count) != nil else {
            throw Failure(.refused, "no working directory: \(systemMessage(errno))")
        }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        var name = path[...]
        while name.hasPrefix("./") { name = name.dropFirst(2) }
        self.path = Path.join(String(decoding: bytes, as: UTF8.self), String(name))
    }

    /// Makes it anew. What an earlier demonstration left is removed; anything else is left alone.
    func prepare() throws(Failure) {
        var isForeign = false
        do throws(FileError) {
            let names = try fileSystem.exists(path) ? fileSystem.list(path) : []
            isForeign = !names.isEmpty && !names.contains(Self.mark)
            if !isForeign {
                try checkThatNobodyRuns()
                // The mark goes last, so that a removal that was broken off can be gone on with.
                for name in names where name != Self.mark { try remove(Path.join(path, name)) }
                if !names.isEmpty { try remove(Path.join(path, Self.mark)) }
                try fileSystem.createDirectory(path)
            }
        } catch {
            throw Failure(.refused, "\(error)")
        }
        guard !isForeign else {
            throw Failure(
                .refused,
                say(
                    "\(path) is not empty and was not made by a demonstration; name another "
                        + "directory with --dir",
                    "\(path) は空でなく、デモが作成したものでもありません。--dir で別のディレクトリを指定してください"
                ))
        }
        try write("hisui demo\n", to: Path.join(path, Self.mark))
    }

    /// Makes a directory below it.
    func createDirectory(_ path: String) throws(Failure) {
        do throws(FileError) {
            try fileSystem.createDirectory(path)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    /// Writes a new file.
    func write(_ text: some Collection<UInt8>, to path: String) throws(Failure) {
        do throws(FileError) {
            try fileSystem.writeDurably(Array(text), to: path)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    func write(_ text: String, to path: String) throws(Failure) {
        try write(text.utf8, to: path)
    }

    /// A daemon of an earlier demonstration that was killed may still be there.
    private func checkThatNobodyRuns() throws(FileError) {
        for zone in DemoPlan.zones {
            let folder = Filenames.zonePath(store: store, zone: zone.id)
            guard try fileSystem.exists(folder) else { continue }
            try fileSystem.lock(Path.join(folder, Filenames.lock)).release()
        }
    }

    /// Removes a file, a link or a directory with all in it; never what a link points to.
    private func remove(_ path: String) throws(FileError) {
        do throws(FileError) {
            return try fileSystem.remove(path)
        } catch {
            guard error.errno == ENOTEMPTY || error.errno == EEXIST else { throw error }
        }
        for name in try fileSystem.list(path) { try remove(Path.join(path, name)) }
        try fileSystem.remove(path)
    }
}
