import Glibc
import HisuiEvent

/// Going on where an import ended.
extension FileImport {
    /// Goes to the end of what is known to be stored of this file; before the first batch.
    ///
    /// What is known is compared with the file by hashes of everything before the offset. Of
    /// several statements that hold the longest one is taken. Nothing is skipped of a stream.
    ///
    /// - Parameter progress: called now and then.
    /// - Returns: what is skipped; nil if the file is read from its start.
    /// - Complexity: O(contents up to the offset), once more where the file turns out to be another
    ///   one.
    public mutating func resume(
        after known: KnownFiles, progress: (_ fileBytesRead: Int) -> Void = { _ in }
    ) throws(CollectError) -> KnownFiles.Entry? {
        precondition(records == 0 && contentsPosition == 0, "nothing was taken")
        guard isFile else { return nil }
        while contents.count < ImportedFile.headBytes, extend() {}
        let start = Array(contents.prefix(ImportedFile.headBytes))
        let candidates = known.candidates(start.span)
        if candidates.isEmpty { return nil }
        var best: KnownFiles.Entry?
        for entry in candidates {
            guard skip(to: entry.file.offset, progress) else { break }
            if contentHash.value == entry.file.content, isSame(entry.file) { best = entry }
        }
        if contentHash.count != best?.file.offset ?? 0 || failure != nil {
            try rewind()
            guard skip(to: best?.file.offset ?? 0, progress) else {
                throw CollectError(
                    .cannotRead, operation: "read", place: path,
                    hint: "it changes while it is read")
            }
        }
        if let best { goOn(after: best.file) }
        return best
    }

    /// Whether a file whose contents begin as stated is the one of the statement, and not another
    /// one that begins like it.
    private mutating func isSame(_ file: ImportedFile) -> Bool {
        if file.isTelling || file.place == place { return true }
        // The whole of it is the same.
        return contentsPosition == contents.count && !extend() && failure == nil
    }

    /// Takes contents up to an offset without cutting them; false if they end before.
    private mutating func skip(to offset: UInt64, _ progress: (Int) -> Void) -> Bool {
        while contentHash.count < offset {
            if contentsPosition == contents.count {
                guard refill() else { return false }
                progress(fileBytesRead)
            }
            let left = UInt64(contents.count - contentsPosition)
            let end = contentsPosition + Int(min(left, offset - contentHash.count))
            clock.measure(.cut) { take(upTo: end) }
        }
        return true
    }

    /// Back to the state after `init`.
    private mutating func rewind() throws(CollectError) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw CollectError(.cannotRead, operation: "read", place: path, errno: errno)
        }
        decompressor = Decompressor(beginning: beginning.span)
        eventLog?.restart()
        input = []
        inputPosition = 0
        contents.removeAll(keepingCapacity: true)
        contentsPosition = 0
        isInputAtEnd = false
        failure = nil
        fileBytesRead = 0
        head = []
        contentHash = PrefixHash()
    }

    /// Goes to where a folder's file was read to; before the first batch.
    mutating func goOn(after entry: FolderPosition.Entry) throws(CollectError) {
        guard skip(to: entry.offset, { _ in }) else {
            throw CollectError(
                .cannotRead, operation: "read", place: path, hint: "it is shorter than before")
        }
        goOn(
            after: ImportedFile(
                place: place, head: 0, content: 0, offset: entry.offset, records: entry.rows,
                isDiscarding: entry.isDiscarding, isUnterminated: entry.isUnterminated))
    }

    private mutating func goOn(after file: ImportedFile) {
        records = file.records
        // Told when it was taken.
        _ = eventLog?.faults(upTo: contentHash.count)
        if case .lines = cutter {
            cutter = .lines(RecordCutter(rules, isDiscarding: file.isDiscarding))
            if file.isUnterminated { skipLineEnd() }
        }
        standing = file
    }

    /// The last line had no end when it was taken: its end is no empty line.
    private mutating func skipLineEnd() {
        let feed = LineFeed(encoding)
        while contents.count - contentsPosition < 2 * feed.unitBytes, extend() {}
        let limit = min(contents.count, contentsPosition + 2 * feed.unitBytes)
        let bytes = contents
        if let end = feed.end(in: bytes.span, contentsPosition..<limit, half: nil),
            feed.content(of: bytes.span.extracting(contentsPosition..<end)) == 0
        {
            take(upTo: end)
        }
    }
}
