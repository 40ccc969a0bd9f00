import HisuiCollect
import HisuiEvent
import HisuiFile
import HisuiParse

/// Rows on their way from the reading thread of an import to the one that builds segments.
struct ImportedBatch: Sendable {
    var parsed: ParsedBatch
    /// What is stored of the file when these rows are; nil for a stream.
    var standing: ImportedFile?
    /// What was known of the file before, in the position of the same source.
    var replaced: ImportedFile?
}

// The thread that reads and parses.
extension Importer {
    /// Reads all files; ends early where nobody takes the rows.
    func read(_ files: [String], _ known: KnownSources, _ run: Run) {
        var reader = ImportReader(self, known, run)
        let sizes = files.map { (try? RealFileSystem().size($0)) ?? 0 }
        let total = sizes.reduce(0, +)
        var done = 0
        for (index, path) in files.enumerated() {
            let start = done
            run.update { report in
                report.fileBytesTotal = total
                report.fileBytesDone = start
                report.file = path
                report.fileNumber = index + 1
            }
            guard reader.read(path, after: start) else { return }
            done += sizes[index]
        }
        let (results, end) = (reader.results, done)
        run.update { report in
            report.fileBytesDone = end
            report.files = results
        }
    }
}

/// Reads one file after the other.
private struct ImportReader {
    private let options: Importer.Options
    private let digest: [UInt8]
    private let run: Importer.Run
    private var parser: Parser
    private var known: KnownSources
    /// What became of the files so far.
    private(set) var results: [ImportReport.File] = []

    init(_ importer: Importer, _ known: KnownSources, _ run: Importer.Run) {
        options = importer.options
        let definitions = importer.definitions
        digest = definitions.digest
        self.run = run
        self.known = known
        parser = Parser(
            definitions: definitions, timeZone: options.timeZone, encoding: options.encoding,
            subjects: options.definitions.subjects)
    }

    /// - Parameter bytesBefore: bytes of the files before this one.
    /// - Returns: whether to go on.
    mutating func read(_ path: String, after bytesBefore: Int) -> Bool {
        var result = ImportReport.File(path: path, outcome: .imported)
        var isTaken = true
        do {
            isTaken = try read(path, after: bytesBefore, &result)
        } catch {
            result.outcome = .failed("\(error)")
        }
        results.append(result)
        return isTaken
    }

    private mutating func read(
        _ path: String, after bytesBefore: Int, _ result: inout ImportReport.File
    ) throws -> Bool {
        var input = try FileImport(
            path: path, name: options.source, clock: options.clock,
            encoding: options.encoding, join: options.join, table: options.table)
        result.isStream = !input.isFile
        if input.isEventLog, input.isFile { result.digest = FileDigest.sha256(path) ?? [] }
        try known.take(input.source)
        let run = run
        let found =
            options.again
            ? nil
            : try input.resume(after: known.files) { read in
                run.update { $0.fileBytesDone = bytesBefore + read }
            }
        var standing = found?.source == input.source.id ? found?.file : nil
        if let found {
            result.deduplicated = found.file.records
            result.outcome = .known(source: found.source)
            var batch = RowBatch(source: input.source, senders: [""])
            batch.account.deduplicated = found.file.records
            guard put(batch, nil, nil) else { return false }
        }
        var next = try input.next()
        while var batch = next {
            // Taken down before reading on: events at the end of a file wait for nothing.
            let place = input.standing
            let read = bytesBefore + input.fileBytesRead
            var failure: (any Error)?
            do {
                next = try input.next()
            } catch {
                (next, failure) = (nil, error)
            }
            let isLast = next == nil
            if let reference = options.referenceTime {
                batch.latestPossible = Timestamp(nanoseconds: reference)
            }
            let count = UInt64(batch.entries.count)
            let rows = options.clock.measure(.parse) { parser.parse(batch, isLast: isLast) }
            guard put(rows, place, standing) else { return false }
            standing = place
            result.records += count
            if let failure { throw failure }
            run.update { $0.fileBytesDone = read }
        }
        if result.records > 0 {
            if found != nil { result.outcome = .continued }
            if let standing { known.files.add(standing, source: input.source.id) }
        } else if found == nil {
            result.outcome = .empty
        }
        return true
    }

    private func put(
        _ rows: RowBatch, _ standing: ImportedFile?, _ replaced: ImportedFile?
    ) -> Bool {
        let parsed = ParsedBatch(
            rows: rows, shapes: parser.shapes, definitions: digest, stream: options.stream)
        return run.queue.put(
            ImportedBatch(parsed: parsed, standing: standing, replaced: replaced),
            weight: Weight.of(rows))
    }
}
