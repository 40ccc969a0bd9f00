import HisuiFile

/// The one writer of a file of notes: see `NoteFile`.
///
/// A note is durable when `append` has returned. After an error the file is as before, as far as
/// this object is concerned: what was left behind is cut off by the next append, or by `settle`
/// where there is to be none.
///
/// Owned by one thread, under the lock of whoever may write there.
final class NoteLog {
    let path: String
    private let fileSystem: any FileSystem
    /// Length of the notes that are durable.
    private var size: Int
    private var file: (any OpenFile)?
    /// Whether an append failed, and may have left something behind the notes.
    private var hasRemainder = false

    /// The notes of a file; none if it is not there.
    ///
    /// - Parameter origin: see `NoteFile`.
    static func read(
        _ fileSystem: any FileSystem, _ path: String, origin: String? = nil
    ) throws(ProofError) -> NoteFile {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try fileSystem.wholeFile(path)
        } catch {
            if error.code == .notFound { return try NoteFile([]) }
            throw ProofError(file: error)
        }
        do throws(ProofError) {
            return try NoteFile(bytes, origin: origin)
        } catch {
            throw error.at(path)
        }
    }

    /// Takes over a file whose notes are known. Its tail is cut off. Its last note is written once
    /// more and synced: a reader may have seen it without its being on the disk.
    init(
        _ fileSystem: any FileSystem, _ path: String, _ known: NoteFile
    ) throws(ProofError) {
        self.fileSystem = fileSystem
        self.path = path
        size = known.tail.lowerBound
        if known.entries.isEmpty && known.tail.isEmpty { return }
        do throws(FileError) {
            let file = try fileSystem.open(path, .readWrite)
            self.file = file
            if file.size > size { try file.truncate(to: size) }
            if let last = known.entries.last {
                let bytes = NoteFile.encoded(last.note)
                try file.overwrite(bytes.span, at: last.range.lowerBound)
            }
            try file.sync()
            try fileSystem.syncDirectory(Path.parent(of: path))
        } catch {
            throw ProofError(file: error)
        }
    }

    deinit { file?.close() }

    /// Appends a note and makes it durable.
    func append(_ note: SignedNote) throws(ProofError) {
        let bytes = NoteFile.encoded(note)
        do throws(FileError) {
            let file = try openFile()
            try file.append(bytes.span)
            try file.sync()
            if size == 0 { try fileSystem.syncDirectory(Path.parent(of: path)) }
            hasRemainder = false
        } catch {
            file?.close()
            file = nil
            hasRemainder = true
            throw ProofError(file: error)
        }
        size += bytes.count
    }

    /// Cuts off what a failed append left behind, durably.
    func settle() throws(ProofError) {
        guard hasRemainder else { return }
        do throws(FileError) {
            if try fileSystem.exists(path) { try openFile().sync() }
            hasRemainder = false
        } catch {
            file?.close()
            file = nil
            throw ProofError(file: error)
        }
    }

    private func openFile() throws(FileError) -> any OpenFile {
        if let file { return file }
        let opened: any OpenFile
        if try fileSystem.exists(path) {
            opened = try fileSystem.open(path, .readWrite)
        } else {
            opened = try fileSystem.open(path, .create)
        }
        file = opened
        if opened.size > size { try opened.truncate(to: size) }
        return opened
    }
}

extension FileSystem {
    /// The bytes of a file that may be growing.
    func wholeFile(_ path: String) throws(FileError) -> [UInt8] {
        try bytes(path, from: 0, count: try size(path))
    }
}
