import Glibc
import HisuiBytes
import HisuiEvent

/// What is read of a file before it is known what it is.
extension FileImport {
    /// The beginning of a file, as far as it had to be looked at.
    struct Start {
        var input: [UInt8] = []
        var position = 0
        var isAtEnd = false
        var bytesRead = 0
        var contents: [UInt8] = []
        var failure: CollectError?

        /// Decompresses until so many bytes of contents are there.
        ///
        /// - Parameter isTable: reads on for them; otherwise what was read has to do.
        mutating func read(
            _ descriptor: Int32, _ wanted: Int, isTable: Bool, _ path: String,
            _ decompressor: inout Decompressor
        ) {
            do throws(Decompressor.Failure) {
                while contents.count < wanted, position < input.count {
                    let piece = input
                    try decompressor.decompress(piece.span, &position, into: &contents)
                    if position == input.count, !isAtEnd, isTable {
                        isAtEnd = FileImport.fill(&input, descriptor)
                        position = 0
                        bytesRead += input.count
                    }
                }
            } catch {
                failure = FileImport.error(error, path)
            }
        }

        /// Puts the events of an event log in the place of its bytes; nil if it is none.
        ///
        /// - Parameter encoding: of its strings that are not UTF-16.
        mutating func readEventLog(_ encoding: TextEncoding) -> EventLogReader? {
            guard EventLogReader.begins(contents.span) else { return nil }
            var eventLog = EventLogReader(encoding: encoding)
            let bytes = contents
            contents = []
            eventLog.take(bytes.span, into: &contents)
            return eventLog
        }
    }

    /// Opens what is at a path, `-` being standard input, and looks at what it is.
    ///
    /// - Parameter given: what is open already.
    static func opened(
        _ path: String, _ given: Int32?
    ) throws(CollectError) -> (descriptor: Int32, status: stat) {
        let descriptor: Int32
        if let given {
            descriptor = given
        } else if path == "-" {
            descriptor = dup(0)
        } else {
            // Safe: the path is passed as a terminated copy.
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        }
        var status = stat()
        // Safe: the call writes one structure.
        let isKnown = unsafe descriptor >= 0 && fstat(descriptor, &status) == 0
        let error = errno
        guard isKnown, status.st_mode & S_IFMT != S_IFDIR else {
            if descriptor >= 0 { close(descriptor) }
            throw CollectError(
                .cannotRead, operation: "read", place: path, errno: isKnown ? EISDIR : error,
                hint: isKnown ? "name the files in it: \(path)/*" : "")
        }
        return (descriptor, status)
    }

    /// The columns that the first line tells of.
    static func columns(
        _ rule: TableRule, _ contents: Span<UInt8>, _ encoding: TextEncoding
    ) -> RecordTable? {
        let feed = LineFeed(encoding)
        let range = 0..<min(contents.count, Limits.columnLineBytesMax)
        let end = feed.end(in: contents, range, half: nil)
        let line = contents.extracting(0..<(end ?? range.upperBound))
        var text: [UInt8] = []
        encoding.appendText(
            line, 0..<(end == nil ? line.count : feed.content(of: line)), to: &text)
        return rule.table(firstLine: text.span)
    }

    /// Fills a buffer from a descriptor.
    ///
    /// - Returns: whether this was the last of it.
    static func fill(_ buffer: inout [UInt8], _ descriptor: Int32) -> Bool {
        let missing = Decompressor.pieceBytes - buffer.count
        if missing > 0 { buffer.append(contentsOf: repeatElement(0, count: missing)) }
        var filled = 0
        var isLast = false
        // A pipe gives what it has; lines are passed on without waiting for a full buffer.
        while filled < 4, !isLast {
            let count = unsafe buffer.withUnsafeMutableBytes { target in
                // Safe: the call writes at most what is left of the room.
                unsafe read(
                    descriptor, target.baseAddress.map { unsafe $0 + filled }, target.count - filled
                )
            }
            if count < 0 && errno == EINTR { continue }
            filled += max(count, 0)
            isLast = count <= 0
        }
        buffer.removeLast(buffer.count - filled)
        return isLast
    }

    static func latest(_ status: stat?, _ gzip: [UInt8]) -> Timestamp {
        var latest: Int64 = .max
        if let time = status?.st_mtim { latest = Int64(time.tv_sec) }
        if gzip.count >= 8 {
            var time: Int64 = 0
            for i in 0..<4 { time |= Int64(gzip[4 + i]) << Int64(8 * i) }
            if time != 0 { latest = min(latest, time) }
        }
        // The second the time names, to its end.
        return latest == .max
            ? .none : Timestamp(nanoseconds: latest * 1_000_000_000 + 999_999_999)
    }

    static func error(_ failure: Decompressor.Failure, _ path: String) -> CollectError {
        switch failure {
        case .damaged(let what):
            CollectError(.damagedInput, operation: "decompress", place: path, hint: what)
        case .tooLarge:
            CollectError(
                .damagedInput, operation: "decompress", place: path,
                hint: "it expands more than \(Limits.expansionRatioMax) times; no log does")
        }
    }

    /// What journalctl writes first, and what records from a journal begin with; longest last.
    static let journalStarts = [
        Array("__CURSOR=".utf8), Array("__REALTIME_TIMESTAMP=".utf8),
    ]
}
