import HisuiBytes
import HisuiEvent

/// What becomes of the body of a request: records of journal entries.
final class HTTPBody {
    private var cutter = JournalUploadCutter()
    private var decompressor: Decompressor
    private let windowBytes: Int

    /// - Parameter coding: not `other`.
    init(_ coding: HTTPRequest.Coding) {
        switch coding {
        case .gzip:
            decompressor = Decompressor(.gzip, within: .body)
            windowBytes = Decompressor.pieceBytes + 65_536
        case .zstd:
            decompressor = Decompressor(.zstd, within: .body)
            windowBytes = Decompressor.pieceBytes + 1 << Limits.httpZstdWindowLogMax
        case .identity, .other:
            decompressor = Decompressor(.plain, within: .body)
            windowBytes = 0
        }
    }

    /// What it keeps at most, beyond what it has handed over.
    var heldBytes: Int { cutter.heldBytes + windowBytes }
    var isPlain: Bool { decompressor.format == .plain }
    /// The compressed body may end here.
    var isAtEnd: Bool { decompressor.isAtEnd }

    /// Decompresses from `input` at `position`, see `Decompressor.decompress`.
    func decompress(
        _ input: Span<UInt8>, _ position: inout Int, into output: inout [UInt8]
    ) throws(Decompressor.Failure) {
        try decompressor.decompress(input, &position, into: &output)
    }

    /// Takes bytes, decompressed, and appends the records they end, until the batch is full.
    ///
    /// - Returns: where it stopped.
    func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, received: Timestamp, sender: UInt32,
        known: inout UploadedEntries, into batch: inout RecordBatch
    ) -> Int {
        cutter.take(
            bytes, range, received: received, sender: sender, known: &known, into: &batch)
    }

    /// The body is whole.
    func finish(
        received: Timestamp, sender: UInt32, known: inout UploadedEntries,
        into batch: inout RecordBatch
    ) {
        cutter.finish(received: received, sender: sender, known: &known, into: &batch)
    }
}
