import HisuiBytes
import HisuiShape

/// Finds origins and programs of the rows of a block, and numbers them.
///
/// Keeps its scratch memory from block to block.
struct RowOrigins {
    /// What origins and programs are spans of.
    private(set) var names: [UInt8] = []
    private(set) var origins: [Found] = []
    private(set) var programs: [ByteRange] = []
    /// For each row, in order of arrival.
    private(set) var originOfRow: [UInt32] = []
    private(set) var programOfRow: [UInt32] = []
    /// Whether hosts, and programs, are kept by origin and program; false where there are too many
    /// different ones, as in text whose "hosts" are none. They are slots like others then.
    private(set) var hasHosts = true
    private(set) var hasPrograms = true

    /// An origin, its host in `names`.
    struct Found {
        var source: UInt32
        var sender: UInt32
        var host: ByteRange
    }

    /// More than these are not names of machines and programs.
    static let originsMax = 4096
    static let programsMax = 4096
    private static let tableSize = 16_384

    private var hostTable = [UInt32](repeating: 0, count: tableSize)
    private var programTable = [UInt32](repeating: 0, count: tableSize)
    private var originHashes: [UInt64] = []
    private var programHashes: [UInt64] = []

    /// - Parameters:
    ///   - hostSlots: for each shape of the block its slot of that role, or -1.
    ///   - programSlots: the same of the role program.
    mutating func find(in arena: borrowing RowArena, hostSlots: [Int], programSlots: [Int]) {
        names.removeAll(keepingCapacity: true)
        hasHosts = findOrigins(arena, hostSlots)
        if !hasHosts { _ = findOrigins(arena, hostSlots.map { _ in -1 }) }
        hasPrograms = findPrograms(arena, programSlots)
        if !hasPrograms { _ = findPrograms(arena, programSlots.map { _ in -1 }) }
    }

    private mutating func findOrigins(_ arena: borrowing RowArena, _ slots: [Int]) -> Bool {
        clear(&hostTable)
        origins.removeAll(keepingCapacity: true)
        originHashes.removeAll(keepingCapacity: true)
        originOfRow.removeAll(keepingCapacity: true)
        let bytes = arena.bytes.span
        for row in 0..<arena.count {
            let range = Self.value(of: slots[Int(arena.shapes[row])], row, arena)
            let (source, sender) = (arena.sources[row], arena.senders[row])
            let hash = Hash64.mix(
                Hash64.of(bytes.extracting(range.range)), UInt64(source) << 32 | UInt64(sender))
            var at = Int(truncatingIfNeeded: hash) & (Self.tableSize - 1)
            while hostTable[at] != 0 {
                let known = Int(hostTable[at]) - 1
                if originHashes[known] == hash, origins[known].source == source,
                    origins[known].sender == sender,
                    isName(origins[known].host, bytes, range)
                {
                    break
                }
                at = (at + 1) & (Self.tableSize - 1)
            }
            if hostTable[at] == 0 {
                guard origins.count < Self.originsMax else { return false }
                let host = name(bytes, range)
                origins.append(Found(source: source, sender: sender, host: host))
                originHashes.append(hash)
                hostTable[at] = UInt32(origins.count)
            }
            originOfRow.append(hostTable[at] - 1)
        }
        return true
    }

    private mutating func findPrograms(_ arena: borrowing RowArena, _ slots: [Int]) -> Bool {
        clear(&programTable)
        programs.removeAll(keepingCapacity: true)
        programHashes.removeAll(keepingCapacity: true)
        programOfRow.removeAll(keepingCapacity: true)
        let bytes = arena.bytes.span
        for row in 0..<arena.count {
            let range = Self.value(of: slots[Int(arena.shapes[row])], row, arena)
            let hash = Hash64.of(bytes.extracting(range.range))
            var at = Int(truncatingIfNeeded: hash) & (Self.tableSize - 1)
            while programTable[at] != 0 {
                let known = Int(programTable[at]) - 1
                if programHashes[known] == hash, isName(programs[known], bytes, range) {
                    break
                }
                at = (at + 1) & (Self.tableSize - 1)
            }
            if programTable[at] == 0 {
                guard programs.count < Self.programsMax else { return false }
                programs.append(name(bytes, range))
                programHashes.append(hash)
                programTable[at] = UInt32(programs.count)
            }
            programOfRow.append(programTable[at] - 1)
        }
        return true
    }

    private func clear(_ table: inout [UInt32]) {
        for at in table.indices { table[at] = 0 }
    }

    @inline(__always)
    private static func value(
        of slot: Int, _ row: Int, _ arena: borrowing RowArena
    ) -> ByteRange {
        slot < 0
            ? ByteRange(offset: 0, count: 0) : arena.slots[Int(arena.firstSlots[row]) + slot]
    }

    /// Keeps a name.
    private mutating func name(_ bytes: Span<UInt8>, _ range: ByteRange) -> ByteRange {
        let start = names.count
        names.append(bytes, range)
        return ByteRange(start..<names.count)
    }

    @inline(__always)
    private func isName(_ name: ByteRange, _ bytes: Span<UInt8>, _ range: ByteRange) -> Bool {
        guard name.count == range.count else { return false }
        let (own, start) = (Int(name.offset), Int(range.offset))
        for index in 0..<Int(name.count) where names[own + index] != bytes[start + index] {
            return false
        }
        return true
    }
}
