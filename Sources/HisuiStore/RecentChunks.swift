import Synchronization

/// Chunks that were decompressed last, for who asks for the same stretch of a store again.
///
/// Those go first that nobody asked for the longest. So who goes over more than may be kept drives
/// out others and gains nothing, but pays little either. May be used from several threads.
final class RecentChunks: Sendable {
    private struct Key: Hashable {
        var block: ObjectIdentifier
        var chunk: Int
    }

    private struct Chunk {
        var bytes: [UInt8]
        /// When it was asked for last, by the number of questions.
        var asked: UInt64
    }

    private struct Kept {
        var chunks: [Key: Chunk] = [:]
        var bytes = 0
        var questions: UInt64 = 0
        /// Questions in their order, those before `first` done with; of a chunk only the last
        /// counts.
        var asked: [(key: Key, question: UInt64)] = []
        var first = 0
    }

    private let bytesMax: Int
    private let kept = Mutex(Kept())

    init(bytes: Int) { bytesMax = bytes }

    /// The chunk if it was kept.
    func find(_ chunk: Int, of block: SegmentBlock) -> [UInt8]? {
        let key = Key(block: ObjectIdentifier(block), chunk: chunk)
        return kept.withLock { kept in
            guard kept.chunks[key] != nil else { return nil }
            note(key, in: &kept)
            return kept.chunks[key]?.bytes
        }
    }

    func keep(_ bytes: [UInt8], _ chunk: Int, of block: SegmentBlock) {
        if bytes.count > bytesMax / 8 { return }
        let key = Key(block: ObjectIdentifier(block), chunk: chunk)
        kept.withLock { kept in
            if kept.chunks[key] == nil {
                kept.chunks[key] = Chunk(bytes: bytes, asked: 0)
                kept.bytes += bytes.count
            }
            note(key, in: &kept)
            makeRoom(in: &kept)
        }
    }

    /// Notes that a chunk that is kept was asked for.
    private func note(_ key: Key, in kept: inout Kept) {
        kept.questions += 1
        kept.chunks[key]?.asked = kept.questions
        kept.asked.append((key, kept.questions))
        if kept.asked.count > 4 * kept.chunks.count + 64 {
            let chunks = kept.chunks
            kept.asked.removeAll { chunks[$0.key]?.asked != $0.question }
            kept.first = 0
        }
    }

    private func makeRoom(in kept: inout Kept) {
        while kept.bytes > bytesMax, kept.first < kept.asked.count {
            let (key, question) = kept.asked[kept.first]
            kept.first += 1
            guard kept.chunks[key]?.asked == question else { continue }
            kept.bytes -= kept.chunks.removeValue(forKey: key)?.bytes.count ?? 0
        }
    }

    /// Lets go of the chunks of a block that goes: another one may get its identity.
    ///
    /// - Complexity: O(chunks of the block).
    func forget(_ block: SegmentBlock, chunks: Int) {
        let identity = ObjectIdentifier(block)
        kept.withLock { kept in
            for chunk in 0..<chunks {
                let key = Key(block: identity, chunk: chunk)
                kept.bytes -= kept.chunks.removeValue(forKey: key)?.bytes.count ?? 0
            }
        }
    }
}
