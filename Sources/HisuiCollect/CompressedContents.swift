import Glibc
import HisuiEvent

/// What a compressed file contains, read by offset and mostly forwards.
///
/// The last bytes that were given are kept; what lies before them is decompressed again from the
/// start. The descriptor belongs to the caller.
final class CompressedContents {
    private let descriptor: Int32
    private let beginning: [UInt8]
    private var decompressor: Decompressor
    private var inputOffset: off_t = 0
    private var input: [UInt8] = []
    private var inputAt = 0
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0
    private var isInputAtEnd = false
    /// The data is damaged: there is no more than what was given.
    private(set) var isDamaged = false

    /// Kept before what is asked for: the longest unfinished record, and a fingerprint before it.
    private static let keptBytes = 2 * Limits.recordBytesMax

    /// - Returns: nil if the file is not compressed.
    init?(_ descriptor: Int32) {
        var beginning = [UInt8](repeating: 0, count: 4)
        // Safe: the call writes at most the four bytes there is room for.
        let count = unsafe pread(descriptor, &beginning, 4, 0)
        guard count == 4 else { return nil }
        self.descriptor = descriptor
        self.beginning = beginning
        decompressor = Self.decompressor(beginning)
        if decompressor.format == .plain { return nil }
    }

    /// Nothing more will come, and the file ends where compressed data should go on.
    var isCut: Bool { isDamaged || isInputAtEnd && !decompressor.isAtEnd }

    /// The bytes at a place; fewer at the end of what can be had.
    ///
    /// - Complexity: O(count) going forwards, O(place) going back far.
    func bytes(at place: UInt64, count: Int) -> [UInt8] {
        if place < windowStart { rewind() }
        while windowStart + UInt64(window.count) < place + UInt64(count), extend() {
            let kept = UInt64(Self.keptBytes)
            let least = place > kept ? place - kept : 0
            let end = windowStart + UInt64(window.count)
            if end > least + kept * 2, least > windowStart {
                let dropped = min(UInt64(window.count), least - windowStart)
                window.removeFirst(Int(dropped))
                windowStart += dropped
            }
        }
        let end = windowStart + UInt64(window.count)
        guard place < end else { return [] }
        let from = Int(place - windowStart)
        return Array(window[from..<min(window.count, from + count)])
    }

    private static func decompressor(_ beginning: [UInt8]) -> Decompressor {
        Decompressor(beginning: beginning.span)
    }

    private func rewind() {
        decompressor = Self.decompressor(beginning)
        inputOffset = 0
        input = []
        inputAt = 0
        window = []
        windowStart = 0
        isInputAtEnd = false
        isDamaged = false
    }

    /// Decompresses some more; false if there is nothing.
    private func extend() -> Bool {
        let before = window.count
        while window.count == before, !isDamaged {
            if inputAt == input.count {
                input = [UInt8](repeating: 0, count: Decompressor.pieceBytes)
                // Safe: the call writes at most the buffer's size.
                let count = unsafe pread(descriptor, &input, input.count, inputOffset)
                input.removeLast(input.count - max(0, count))
                inputAt = 0
                inputOffset += off_t(input.count)
                isInputAtEnd = input.isEmpty
            }
            let start = inputAt
            let piece = input
            do throws(Decompressor.Failure) {
                try decompressor.decompress(piece.span, &inputAt, into: &window)
            } catch {
                isDamaged = true
            }
            if window.count == before, inputAt == start, isInputAtEnd { break }
        }
        return window.count > before
    }
}
