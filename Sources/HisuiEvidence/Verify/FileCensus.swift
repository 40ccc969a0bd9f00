import HisuiFile
import HisuiProof
import HisuiStore

/// Every file below `zones/` and `acts/`, by name: what nobody knows is told.
struct FileCensus {
    /// The files of one stream.
    struct Stream {
        var name: Snapshot.Stream
        /// From the store's folder: `zones/<zone>/<stream>`, or `acts`.
        var path: String
        var logs: [Filenames.LogName] = []
        var segments: [Range<UInt64>] = []
        /// Days with a file of checkpoints, ascending.
        var checkpointDays: [String] = []
        /// Sizes for which a frontier is kept, ascending.
        var frontiers: [UInt64] = []
        /// Paths of tiles below the tree's folder.
        var tiles: [String] = []

        /// A segment stands before those that it covers.
        fileprivate mutating func sort() {
            logs.sort()
            segments.sort { a, b in
                a.lowerBound == b.lowerBound
                    ? a.upperBound > b.upperBound : a.lowerBound < b.lowerBound
            }
        }
    }

    private(set) var streams: [Stream] = []
    private(set) var problems: [StoreProblem] = []
    /// Files that a writer had not finished.
    private(set) var unfinished: [String] = []
    /// Logs that a writer laid aside: of another place, or old blocks of the disk after a crash.
    private(set) var strays: [String] = []
    private let fileSystem: any FileSystem
    private let store: String

    /// - Parameter zones: only these and the acts; all if nil.
    init(
        fileSystem: any FileSystem, store: String, zones: Set<String>?
    ) throws(EvidenceError) {
        self.fileSystem = fileSystem
        self.store = store
        for zone in try names(Filenames.zones) where zones?.contains(zone) ?? true {
            let path = Path.join(Filenames.zones, zone)
            guard Filenames.isValidName(zone), isFolder(path) else {
                unknown(path, zone: nil, stream: nil)
                continue
            }
            for name in try names(path) where name != Filenames.epochs {
                let below = Path.join(path, name)
                if name == Filenames.lock {
                    checkLock(below, zone: zone, stream: nil)
                    continue
                }
                if !Filenames.isValidName(name) || !isFolder(below) {
                    unknown(below, zone: zone, stream: nil)
                    continue
                }
                try take(Snapshot.Stream(zone: zone, stream: name), at: below, isActs: false)
            }
        }
        if isFolder(Filenames.acts) {
            try take(.acts, at: Filenames.acts, isActs: true)
        }
    }

    /// The files of a stream's records, listed anew: logs before segments, so that a log that was
    /// sealed in between is found in one of them.
    static func records(
        of stream: Stream, fileSystem: any FileSystem, store: String
    ) throws(EvidenceError) -> Stream {
        var census = FileCensus(fileSystem, store)
        var found = Stream(name: stream.name, path: stream.path)
        try census.takeLogs(Path.join(stream.path, Filenames.logs), &found)
        try census.takeSegments(Path.join(stream.path, Filenames.segments), &found)
        found.sort()
        return found
    }

    private init(_ fileSystem: any FileSystem, _ store: String) {
        self.fileSystem = fileSystem
        self.store = store
    }

    private mutating func take(
        _ name: Snapshot.Stream, at path: String, isActs: Bool
    ) throws(EvidenceError) {
        var stream = Stream(name: name, path: path)
        for entry in try names(path) {
            let below = Path.join(path, entry)
            switch entry {
            case Filenames.logs: try takeLogs(below, &stream)
            case Filenames.segments: try takeSegments(below, &stream)
            case Filenames.tree: try takeTree(below, &stream)
            case Filenames.lock where isActs:
                checkLock(below, zone: name.zone, stream: name.stream)
            case Filenames.epochs where isActs: break
            default: unknown(below, name)
            }
        }
        stream.sort()
        streams.append(stream)
    }

    private mutating func takeLogs(
        _ folder: String, _ stream: inout Stream
    ) throws(EvidenceError) {
        for name in try names(folder) {
            if let log = Filenames.LogName(name) {
                stream.logs.append(log)
            } else if Filenames.isStrayLog(name) {
                strays.append(Path.join(folder, name))
            } else {
                unknown(Path.join(folder, name), stream.name)
            }
        }
    }

    private mutating func takeSegments(
        _ folder: String, _ stream: inout Stream
    ) throws(EvidenceError) {
        for name in try names(folder) {
            if let range = Filenames.segmentRange(name) {
                stream.segments.append(range)
            } else {
                unknown(Path.join(folder, name), stream.name)
            }
        }
    }

    private mutating func takeTree(
        _ folder: String, _ stream: inout Stream
    ) throws(EvidenceError) {
        for name in try names(folder) {
            let below = Path.join(folder, name)
            switch name {
            case ProofNames.checkpoints:
                for day in try names(below) {
                    if ProofNames.isDay(day) {
                        stream.checkpointDays.append(day)
                    } else {
                        unknown(Path.join(below, day), stream.name)
                    }
                }
            case ProofNames.tiles: try takeTiles(below, "", &stream)
            case Filenames.edge where stream.name != .acts:
                // What is in them is compared with the deletion records later.
                for edge in try names(below) where Filenames.edgeEnd(edge) == nil {
                    unknown(Path.join(below, edge), stream.name)
                }
            default:
                if let size = ProofNames.frontierSize(name) {
                    stream.frontiers.append(size)
                } else {
                    unknown(below, stream.name)
                }
            }
        }
    }

    private mutating func takeTiles(
        _ folder: String, _ prefix: String, _ stream: inout Stream
    ) throws(EvidenceError) {
        for name in try names(Path.join(folder, prefix)) {
            let relative = prefix.isEmpty ? name : Path.join(prefix, name)
            // A level, and the parts of a number: deeper than that nothing lies.
            if relative.utf8.count < 64, isFolder(Path.join(folder, relative)) {
                try takeTiles(folder, relative, &stream)
            } else {
                stream.tiles.append(Path.join(ProofNames.tiles, relative))
            }
        }
    }

    private mutating func unknown(_ path: String, _ stream: Snapshot.Stream) {
        unknown(path, zone: stream.zone, stream: stream.stream)
    }

    private mutating func unknown(_ path: String, zone: String?, stream: String?) {
        if path.hasSuffix(temporarySuffix) {
            unfinished.append(path)
            return
        }
        problems.append(
            StoreProblem(
                .added, zone: zone, stream: stream, file: path,
                Bilingual("no file of a store has this name", "保管庫にはない名前のファイルです")))
    }

    /// A lock is held, never written: bytes in it are somebody else's.
    private mutating func checkLock(_ path: String, zone: String?, stream: String?) {
        guard let size = try? fileSystem.size(Path.join(store, path)), size > 0 else { return }
        problems.append(
            StoreProblem(
                .changed, zone: zone, stream: stream, file: path,
                Bilingual("\(size) bytes in a file that has none", "空であるべきファイルに内容があります")))
    }

    private func names(_ path: String) throws(EvidenceError) -> [String] {
        do throws(FileError) {
            return try fileSystem.list(Path.join(store, path))
        } catch {
            if error.code == .notFound { return [] }
            throw EvidenceError(file: error)
        }
    }

    private func isFolder(_ path: String) -> Bool {
        (try? fileSystem.list(Path.join(store, path))) != nil
    }
}
