import Synchronization

/// Chunks that were decompressed last, for who asks for the same stretch of a store again.
///
/// Two generations: what is asked for moves to the younger one, and where that has half of what may
/// be kept, the older one goes. So who goes over a whole store drives out others and gains nothing,
/// but pays nothing either. May be used from several threads.
final class RecentChunks: Sendable {
    private struct Key: Hashable {
        var block: ObjectIdentifier
        var chunk: Int
    }

    private struct Generations {
        var young: [Key: [UInt8]] = [:]
        var old: [Key: [UInt8]] = [:]
        var youngBytes = 0
    }

    private let bytesMax: Int
    private let generations = Mutex(Generations())

    init(bytes: Int) { bytesMax = bytes }

    /// The chunk if it was kept.
    func find(_ chunk: Int, of block: SegmentBlock) -> [UInt8]? {
        let key = Key(block: ObjectIdentifier(block), chunk: chunk)
        return generations.withLock { generations in
            if let bytes = generations.young[key] { return bytes }
            guard let bytes = generations.old.removeValue(forKey: key) else { return nil }
            keep(bytes, key, in: &generations)
            return bytes
        }
    }

    func keep(_ bytes: [UInt8], _ chunk: Int, of block: SegmentBlock) {
        let key = Key(block: ObjectIdentifier(block), chunk: chunk)
        generations.withLock { keep(bytes, key, in: &$0) }
    }

    private func keep(_ bytes: [UInt8], _ key: Key, in generations: inout Generations) {
        if bytes.count > bytesMax / 8 || generations.young[key] != nil { return }
        if generations.youngBytes + bytes.count > bytesMax / 2 {
            generations.old = generations.young
            generations.young = [:]
            generations.youngBytes = 0
        }
        generations.young[key] = bytes
        generations.youngBytes += bytes.count
    }

    /// Lets go of the chunks of a block that goes: another one may get its identity.
    ///
    /// - Complexity: O(chunks of the block).
    func forget(_ block: SegmentBlock, chunks: Int) {
        let identity = ObjectIdentifier(block)
        generations.withLock { generations in
            for chunk in 0..<chunks {
                let key = Key(block: identity, chunk: chunk)
                generations.old[key] = nil
                if let bytes = generations.young.removeValue(forKey: key) {
                    generations.youngBytes -= bytes.count
                }
            }
        }
    }
}
