import Glibc
public import HisuiFile

/// The folder of a store, told from any other folder by the mark in it.
public enum StoreDirectory {
    static let mark = Array("hisui-store 1\n".utf8)

    /// Checks that `path` is a store which this version can read.
    public static func check(_ fileSystem: any FileSystem, _ path: String) throws(StoreError) {
        let mark: [UInt8]
        do throws(FileError) {
            mark = try fileSystem.bytes(
                Path.join(path, Filenames.storeMark), from: 0, count: 64)
        } catch {
            guard error.code == .notFound || error.code == .notADirectory else {
                throw StoreError(file: error)
            }
            throw StoreError(
                .notAStore, "no Hisui store: there is no file \(Filenames.storeMark) in it",
                path: path,
                advice: "give the folder that the configuration names under `store`")
        }
        guard mark == Self.mark else {
            let text = String(decoding: mark.prefix { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
            throw StoreError(
                .notAStore, "a store of another version: its mark says '\(text)'", path: path,
                advice: "use the version of Hisui that wrote it")
        }
    }

    /// Makes `path` a store, unless it is one. A folder with anything else in it is refused.
    public static func create(_ fileSystem: any FileSystem, _ path: String) throws(StoreError) {
        let names: [String]
        do throws(FileError) {
            try fileSystem.createDirectory(path)
            names = try fileSystem.list(path)
        } catch {
            throw StoreError(file: error)
        }
        if names.contains(Filenames.storeMark) {
            try check(fileSystem, path)
            return try sync(fileSystem, [path])
        }
        // What a start that was cut short left behind is no reason to refuse, nor is what the
        // daemon of another zone does at this moment: it made the mark first.
        let strange = names.first {
            !($0.hasPrefix(Filenames.storeMark) && $0.hasSuffix(temporarySuffix))
        }
        if let strange, !isMarked(fileSystem, path) {
            throw StoreError(
                .notAStore, "no Hisui store, and not empty: it holds '\(strange)'", path: path,
                advice: "give an empty folder, or one that does not exist yet")
        }
        try sync(fileSystem, [Path.parent(of: path)])
        do throws(FileError) {
            try fileSystem.writeDurably(
                mark, to: Path.join(path, Filenames.storeMark), writer: ".\(getpid())")
        } catch {
            throw StoreError(file: error)
        }
    }

    private static func isMarked(_ fileSystem: any FileSystem, _ path: String) -> Bool {
        (try? fileSystem.exists(Path.join(path, Filenames.storeMark))) ?? false
    }

    /// Syncs folders in which names stand that somebody made who may have been killed before they
    /// were durable: what is built upon a name must not outlive it.
    static func sync(_ fileSystem: any FileSystem, _ paths: [String]) throws(StoreError) {
        for path in paths {
            do throws(FileError) {
                try fileSystem.syncDirectory(path)
            } catch {
                throw StoreError(file: error)
            }
        }
    }
}
