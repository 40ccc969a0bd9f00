import HisuiEvent
import HisuiFile
import HisuiShape

/// The log file that a stream writes: on the disk, and what is not there yet.
///
///     file      | committed: synced | written by a commit that did not end |
///     encoder                       | the bytes of the next commit         |
///
/// The file is made by the first commit, or was made by another writer (`ResumedLog`). Owned by a
/// `StreamWriter`.
final class OpenLog {
    let folder: String
    let name: Filenames.LogName
    let path: String
    var encoder: FrameEncoder
    private(set) var file: (any OpenFile)?
    /// Bytes of the file that are durable.
    private(set) var committed = 0
    /// Rows, those not committed included.
    private(set) var rows = 0
    private(set) var firstReceived: Timestamp?

    init(folder: String, name: Filenames.LogName, header: LogFormat.FileHeader) {
        self.folder = folder
        self.name = name
        path = Path.join(folder, name.text)
        encoder = FrameEncoder(identity: header.identity, header: header.encoded())
    }

    /// A log that another writer began, read to its end and synced.
    init(folder: String, resuming resumed: ResumedLog) {
        self.folder = folder
        name = resumed.name
        path = Path.join(folder, name.text)
        encoder = FrameEncoder(resuming: resumed)
        committed = resumed.size
        rows = resumed.rows
        firstReceived = resumed.firstReceived
    }

    /// Whether a commit should be the last one to this file.
    var isFull: Bool {
        rows >= Limits.openRowsMax
            || committed + encoder.buffer.count >= Limits.openLogBytesMax
            || encoder.shapeCount >= Limits.shapesPerSegmentMax
    }

    func took(rows count: Int, received: Timestamp?) {
        rows += count
        if firstReceived == nil { firstReceived = received }
    }

    func write(_ fileSystem: any FileSystem) throws(FileError) {
        let file: any OpenFile
        if let open = self.file {
            file = open
        } else if committed > 0 {
            file = try fileSystem.open(path, .readWrite)
            guard file.size == committed else {
                file.close()
                throw FileError(
                    .other, operation: "open", path: path, detail: "somebody else changed it")
            }
            self.file = file
        } else {
            file = try fileSystem.open(path, .create)
            self.file = file
        }
        try encoder.write(to: file)
    }

    /// After `write`: makes it durable, and the file's name too where it is new.
    func sync(_ fileSystem: any FileSystem) throws(FileError) {
        try file?.sync()
        if committed == 0 { try fileSystem.syncDirectory(folder) }
        committed += encoder.buffer.count
        encoder.buffer.removeAll()
    }

    /// Takes back what a failed `write` left behind.
    func withdraw(_ fileSystem: any FileSystem) throws(FileError) {
        if committed > 0 {
            try file?.truncate(to: committed)
        } else if let file {
            file.close()
            self.file = nil
            try fileSystem.remove(path)
        }
    }

    /// Takes back whatever is behind the last commit, through the file opened anew.
    func cutBack(_ fileSystem: any FileSystem) throws(FileError) {
        file?.close()
        file = nil
        if committed == 0 {
            try fileSystem.removeIfPresent(path)
            try fileSystem.syncDirectory(folder)
            return
        }
        let file = try fileSystem.open(path, .readWrite)
        defer { file.close() }
        if file.size > committed { try file.truncate(to: committed) }
        try file.sync()
    }
}

/// All that is needed to go on with a log file.
struct ResumedLog {
    var name: Filenames.LogName
    var identity: UInt64
    /// Bytes of the file, all of them synced.
    var size: Int
    var rows: Int
    var firstReceived: Timestamp?
    /// Number of the next frame.
    var sequence: UInt32
    /// Shapes by number in the file, `Shape.any` included.
    var shapes: [Shape]
    /// Digest in force after the last frame.
    var definitions: [UInt8]
}
