import Glibc
import HisuiBytes
import HisuiFile

/// Remembers which definition files have passed their own samples, so that a start need not run
/// them all again.
///
///     <identity of the program>           32 hexadecimal digits and a line feed
///     <hash of the schema and a file>     a line for each file that passed
///
/// Who writes definitions can leave their samples away, so a fast hash of 128 bits (`Hash64`) does.
/// A file that is another by one byte, another schema and another program are proven anew. Derived:
/// losing the file, or not being able to write it, costs the time of the samples only, and so does
/// a file that is none of these.
struct ProvenDefinitions {
    private let fileSystem: RealFileSystem
    /// Nil: nothing is remembered.
    private let path: String?
    private let program: [UInt8]
    private var schema: UInt64 = 0
    private var known: Set<[UInt8]> = []

    /// A line for each file, and more than there ever are.
    private static let fileBytesMax = 4 << 20

    /// - Parameter path: the file; what it says is read at once.
    init(_ fileSystem: RealFileSystem, _ path: String?) {
        self.fileSystem = fileSystem
        self.path = path
        program = Self.identity
        guard let path,
            let bytes = try? fileSystem.bytes(path, from: 0, count: Self.fileBytesMax)
        else { return }
        let lines = bytes.split(separator: 0x0A).map { HexText.bytes($0) }
        guard lines.first == program else { return }
        known = Set(lines.dropFirst().compactMap(\.self))
    }

    /// Says with which schema files are read from now on.
    mutating func use(schema: [UInt8]) { self.schema = Hash64.of(schema.span) }

    /// Whether the file passed before.
    func contains(_ file: [UInt8]) -> Bool { !known.isEmpty && known.contains(hash(file)) }

    /// Remembers that these files have passed, and no others.
    mutating func remember(_ files: [[UInt8]]) {
        guard let path else { return }
        let passed = Set(files.map(hash))
        guard passed != known else { return }
        known = passed
        var text = HexText.text(program) + "\n"
        for hash in passed.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            text += HexText.text(hash) + "\n"
        }
        try? fileSystem.createDirectory(Path.parent(of: path))
        try? fileSystem.writeDurably(Array(text.utf8), to: path, writer: ".\(getpid())")
    }

    private func hash(_ file: [UInt8]) -> [UInt8] { Self.hash(file.span, schema) }

    private static func hash(_ bytes: Span<UInt8>, _ seed: UInt64) -> [UInt8] {
        var hash: [UInt8] = []
        hash.appendLittleEndian(Hash64.of(bytes, seed: seed))
        hash.appendLittleEndian(Hash64.of(bytes, seed: ~seed))
        return hash
    }

    /// Of the running program: which file it is, how long it is and when it was changed.
    private static var identity: [UInt8] {
        var status = stat()
        // Safe: the pointer is used during the call only.
        guard unsafe stat("/proc/self/exe", &status) == 0 else { return [] }
        let parts = [
            Int(status.st_dev), Int(status.st_ino), Int(status.st_size),
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
        ]
        return hash(Array(parts.map(String.init).joined(separator: " ").utf8).span, 0)
    }
}
