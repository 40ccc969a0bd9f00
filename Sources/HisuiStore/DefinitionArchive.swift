import Glibc
import HisuiBytes
public import HisuiFile

/// Keeps every parser definition that rows were made with: `<store>/definitions`.
///
/// A frame and a segment name the digest of the set in force. Here stand the files behind it, so
/// that years later anyone can see how a field came about:
///
///     <sha256 of the file>.yaml       the definition as it was read
///     <digest of the set>.set         one line for each member: SHA-256, parser, version, file
///
/// Files are written once and never changed. Daemons of several zones write here without a lock:
/// what two of them write under one name is the same.
public struct DefinitionArchive: Sendable {
    /// A definition that was accepted.
    public struct Member: Sendable {
        public var parser: String
        public var version: Int
        public var file: String
        public var bytes: [UInt8]

        public init(parser: String, version: Int, file: String, bytes: [UInt8]) {
            self.parser = parser
            self.version = version
            self.file = file
            self.bytes = bytes
        }
    }

    private let fileSystem: any FileSystem
    private let store: String
    private let folder: String
    /// No definition, and no list of a set, is larger.
    private static let fileBytesMax = 4 << 20

    public init(fileSystem: any FileSystem, store: String) {
        self.fileSystem = fileSystem
        self.store = store
        folder = Path.join(store, Filenames.definitions)
    }

    /// Writes what is not there yet; durable when this returns.
    ///
    /// - Parameter digest: of the set, as frames and segments name it.
    /// - Complexity: linear in the bytes of the definitions, whether they are there or not.
    public func keep(_ members: [Member], digest: [UInt8]) throws(StoreError) {
        do throws(FileError) {
            let set = Path.join(folder, Filenames.definitionSet(digest))
            try makeFolder()
            let writer = ".\(getpid())"
            var list: [UInt8] = []
            for member in members {
                var hash = SHA256()
                hash.update(member.bytes.span)
                let sum = hash.finish()
                let path = Path.join(folder, Filenames.definition(sum))
                if try !fileSystem.exists(path) {
                    try fileSystem.writeDurably(member.bytes, to: path, writer: writer)
                }
                list.append(contentsOf: HexText.text(sum).utf8)
                list.append(
                    contentsOf: "  \(member.parser) \(member.version) \(member.file)\n".utf8)
            }
            let isSetThere = try fileSystem.exists(set)
            // Before the set is written: else power loss may keep its name and take theirs.
            try fileSystem.syncDirectory(folder)
            // Last: a set that is there is whole.
            if !isSetThere { try fileSystem.writeDurably(list, to: set, writer: writer) }
        } catch {
            throw StoreError(file: error)
        }
    }

    /// The members of a set that was kept, as far as their files are still what they were.
    ///
    /// - Parameter digest: of the set.
    /// - Returns: none for a set that was never kept.
    /// - Complexity: linear in the bytes of the definitions.
    public func members(ofSet digest: [UInt8]) throws(StoreError) -> [Member] {
        let set = Path.join(folder, Filenames.definitionSet(digest))
        do throws(FileError) {
            guard try fileSystem.exists(set) else { return [] }
            let list = String(
                decoding: try fileSystem.bytes(set, from: 0, count: Self.fileBytesMax),
                as: UTF8.self)
            var members: [Member] = []
            for line in list.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 3)
                guard words.count == 4, let sum = HexText.bytes(words[0].utf8),
                    let version = Int(words[2])
                else { continue }
                let path = Path.join(folder, Filenames.definition(sum))
                guard try fileSystem.exists(path) else { continue }
                let bytes = try fileSystem.bytes(path, from: 0, count: Self.fileBytesMax)
                guard SHA256.of(bytes.span) == sum else { continue }
                members.append(
                    Member(
                        parser: String(words[1]), version: version, file: String(words[3]),
                        bytes: bytes))
            }
            return members
        } catch {
            throw StoreError(file: error)
        }
    }

    /// Remembers which set is in force in a zone; durable when this returns.
    ///
    /// Derived: losing it loses only what `inForce` is for, the last good version of a file that is
    /// refused when the daemon starts.
    public func putInForce(_ digest: [UInt8], zone: String) throws(StoreError) {
        let path = Filenames.definitionsInForce(store: store, zone: zone)
        do throws(FileError) {
            try fileSystem.createDirectory(Path.parent(of: path))
            try fileSystem.writeDurably(Array((HexText.text(digest) + "\n").utf8), to: path)
        } catch {
            throw StoreError(file: error)
        }
    }

    /// The digest of the set that was in force last in a zone; nil if none is known.
    public func inForce(zone: String) -> [UInt8]? {
        let path = Filenames.definitionsInForce(store: store, zone: zone)
        guard let bytes = try? fileSystem.bytes(path, from: 0, count: 128) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasSuffix("\n"), let digest = HexText.bytes(text.utf8.dropLast()) else {
            return nil
        }
        return digest
    }

    /// Writes one file under its digest, unless it is there; durable when this returns.
    ///
    /// For what is no set: a retention policy by which records were deleted.
    public func keep(file bytes: [UInt8]) throws(StoreError) {
        let path = Path.join(folder, Filenames.definition(SHA256.of(bytes.span)))
        do throws(FileError) {
            try makeFolder()
            if try fileSystem.exists(path) { return try fileSystem.syncDirectory(folder) }
            try fileSystem.writeDurably(bytes, to: path)
        } catch {
            throw StoreError(file: error)
        }
    }

    /// Whoever made the folder, or a file in it that is there already, may have been killed before
    /// the name was durable: so both are synced, the file's folder by the caller before anything
    /// rests on what was found.
    private func makeFolder() throws(FileError) {
        try fileSystem.createDirectory(folder)
        try fileSystem.syncDirectory(Path.parent(of: folder))
    }
}
