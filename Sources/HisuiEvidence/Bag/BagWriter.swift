public import HisuiFile
import HisuiBytes

/// Writes a bag (BagIt 1.0, RFC 8493): the payload first, the tag manifest last.
///
/// So a bag that was cut short by a crash has no tag manifest and is valid for nobody. Files are
/// synced one by one and their folders at the end; nothing is ever written over.
public final class BagWriter {
    private let fileSystem: any FileSystem
    public let path: String
    private var manifests: [BagManifest.Algorithm: BagManifest] = [:]
    private var folders: Set<String> = []
    private var octets = 0
    private var files = 0

    /// Makes the folder, which must not exist or be empty.
    public init(fileSystem: any FileSystem, path: String) throws(EvidenceError) {
        self.fileSystem = fileSystem
        self.path = path
        do throws(FileError) {
            try fileSystem.createDirectory(path)
            guard try fileSystem.list(path).isEmpty else {
                throw FileError(.exists, operation: "create the bundle", path: path)
            }
        } catch {
            if error.code == .exists {
                throw EvidenceError(
                    .refused,
                    Bilingual(
                        "\(path) is not empty; a bundle is written into a folder of its own",
                        "\(path) は空ではありません。空のフォルダーか新しい名前を指定してください"))
            }
            throw EvidenceError(file: error)
        }
        for algorithm in BagManifest.Algorithm.allCases { manifests[algorithm] = BagManifest() }
    }

    /// A file of the payload, open for writing.
    public final class PayloadFile {
        fileprivate let path: String
        fileprivate let file: any OpenFile
        fileprivate var sha256 = BagDigest(.sha256)
        fileprivate var sha512 = BagDigest(.sha512)
        private var buffer: [UInt8] = []

        fileprivate init(path: String, file: any OpenFile) {
            self.path = path
            self.file = file
        }

        public func append(_ bytes: [UInt8]) throws(EvidenceError) {
            sha256.update(bytes)
            sha512.update(bytes)
            buffer += bytes
            if buffer.count >= 1 << 20 { try flush() }
        }

        fileprivate func flush() throws(EvidenceError) {
            let bytes = buffer
            do throws(FileError) {
                try file.append(bytes.span)
            } catch {
                throw EvidenceError(file: error)
            }
            buffer.removeAll(keepingCapacity: true)
        }
    }

    /// Begins a file of the payload at `path`, which begins with `data/`.
    public func begin(_ path: String) throws(EvidenceError) -> PayloadFile {
        precondition(path.hasPrefix(BagNames.payload + "/"), "the payload stands below data/")
        return PayloadFile(path: path, file: try create(path))
    }

    /// Ends a file of the payload: it is durable, and the manifests know it.
    public func end(_ file: PayloadFile) throws(EvidenceError) {
        try file.flush()
        do throws(FileError) {
            try file.file.sync()
        } catch {
            throw EvidenceError(file: error)
        }
        octets += file.file.size
        files += 1
        file.file.close()
        manifests[.sha256]?.add(file.path, file.sha256.finish())
        manifests[.sha512]?.add(file.path, file.sha512.finish())
    }

    /// Writes a whole file of the payload.
    public func add(_ path: String, _ bytes: [UInt8]) throws(EvidenceError) {
        let file = try begin(path)
        try file.append(bytes)
        try end(file)
    }

    /// Writes everything that stands beside the payload, and makes all names durable.
    ///
    /// - Parameter info: of bag-info.txt, before what is counted here.
    /// - Returns: the tag manifest: what is to be signed, and whose digest names the bundle.
    public func finish(info: [(name: String, value: String)]) throws(EvidenceError) -> [UInt8] {
        var tags = BagManifest()
        func tag(_ path: String, _ bytes: [UInt8]) throws(EvidenceError) {
            try write(path, bytes)
            tags.add(path, BagDigest.of(bytes, .sha256))
        }
        try tag(BagNames.declaration, Array(BagNames.declarationText.utf8))
        var text = ""
        for (name, value) in info + [("Payload-Oxum", "\(octets).\(files)")] {
            // A line feed in a value would begin another line.
            let line = value.map { $0.isNewline ? " " : $0 }
            text += "\(name): \(String(line))\n"
        }
        try tag(BagNames.info, Array(text.utf8))
        for algorithm in BagManifest.Algorithm.allCases {
            try tag(BagNames.manifest(algorithm), manifests[algorithm]?.bytes ?? [])
        }
        let bytes = tags.bytes
        try syncFolders()
        try write(BagNames.tagManifest, bytes)
        try syncFolders()
        return bytes
    }

    /// Adds the signed tag manifest: allowed after bagging, because no manifest lists it.
    public func seal(_ note: [UInt8]) throws(EvidenceError) {
        try write(BagNames.seal, note)
        try syncFolders()
    }

    private func write(_ path: String, _ bytes: [UInt8]) throws(EvidenceError) {
        let file = try create(path)
        defer { file.close() }
        do throws(FileError) {
            try file.append(bytes.span)
            try file.sync()
        } catch {
            throw EvidenceError(file: error)
        }
    }

    private func create(_ relative: String) throws(EvidenceError) -> any OpenFile {
        precondition(BagPath.isValid(relative), "a path of a bag is plain")
        let full = Path.join(path, relative)
        do throws(FileError) {
            if folders.insert(Path.parent(of: full)).inserted {
                try fileSystem.createDirectory(Path.parent(of: full))
            }
            return try fileSystem.open(full, .create)
        } catch {
            throw EvidenceError(file: error)
        }
    }

    private func syncFolders() throws(EvidenceError) {
        do throws(FileError) {
            for folder in folders.sorted() { try fileSystem.syncDirectory(folder) }
            try fileSystem.syncDirectory(Path.parent(of: path))
        } catch {
            throw EvidenceError(file: error)
        }
    }
}
