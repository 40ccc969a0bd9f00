import HisuiEvent

/// The body of a request on its way: decompressed piece by piece into what it becomes.
final class HTTPBody {
    let content: any HTTPContent
    private var decompressor: Decompressor
    private let windowBytes: Int

    /// - Parameter coding: not `other`.
    init(_ coding: HTTPRequest.Coding, _ content: any HTTPContent) {
        self.content = content
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
    var heldBytes: Int { content.heldBytes + windowBytes }
    var isPlain: Bool { decompressor.format == .plain }
    /// The compressed body may end here.
    var isAtEnd: Bool { decompressor.isAtEnd }

    /// Decompresses from `input` at `position`, see `Decompressor.decompress`.
    func decompress(
        _ input: Span<UInt8>, _ position: inout Int, into output: inout [UInt8]
    ) throws(Decompressor.Failure) {
        try decompressor.decompress(input, &position, into: &output)
    }
}
