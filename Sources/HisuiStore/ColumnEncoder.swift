import Glibc
import HisuiBytes

/// Writes columns: picks an encoding for the values and appends them to a chunk.
///
/// Keeps its scratch memory from column to column; nothing is allocated once it has grown. The
/// loops work on pointers: this is the hottest code of the write path.
struct ColumnEncoder {
    private var values: [ByteRange] = []
    private var indices: [UInt16] = []
    /// Distinct values of the column, and an open-addressing table of their numbers plus 1.
    private var distinct: [ByteRange] = []
    private var table = [UInt16](repeating: 0, count: tableSize)

    private static let tableSize = 16_384
    /// A dictionary's index is two bytes at most, and its table a quarter full.
    private static let distinctMax = 4096
    /// Below this a dictionary saves nothing.
    private static let dictionaryRowsMin = 16
    /// After so many rows a column in which most values are new is given up as text.
    private static let trialRows = 512

    /// Appends the values of slot `slot` in `rows`.
    mutating func append(
        slot: Int, rows: ArraySlice<UInt32>, of arena: borrowing RowArena, to out: ByteSink
    ) -> ColumnEncoding {
        values.removeAll(keepingCapacity: true)
        var total = 0
        for row in rows {
            let value = arena.slots[Int(arena.firstSlots[Int(row)]) + slot]
            total += Int(value.count)
            values.append(value)
        }
        let room = values.count * 5 + total + 8
        return unsafe arena.bytes.withUnsafeBufferPointer { bytes in
            // Safe: slots lie in their records (checked when they were gathered), records in the
            // arena; an empty arena has no pointer and only empty values.
            guard let base = bytes.baseAddress else { return .constant }
            let source = unsafe Source(base: base, count: bytes.count)
            if unsafe isConstant(source) {
                var end = unsafe out.reserve(room)
                unsafe source.copy(values[0], &end)
                unsafe out.finish(at: end)
                return .constant
            }
            if unsafe findDistinct(source) {
                unsafe appendDictionary(source, room * 2, to: out)
                return distinct.count <= 256 ? .dictionary8 : .dictionary16
            }
            var end = unsafe out.reserve(room)
            for value in values { unsafe appendLength(value.count, &end) }
            for value in values { unsafe source.copy(value, &end) }
            unsafe out.finish(at: end)
            return .text
        }
    }

    /// The bytes of an arena.
    @unsafe
    private struct Source {
        let base: UnsafePointer<UInt8>
        let count: Int

        @inline(__always)
        func copy(_ value: ByteRange, _ end: inout UnsafeMutablePointer<UInt8>) {
            let offset = Int(value.offset)
            let length = Int(value.count)
            // Safe: the value lies in the arena; room for it, and the sink's slack, is reserved.
            unsafe copyRun(
                base + offset, end, length, hasSlack: offset + ByteSink.slack <= count)
            unsafe end += length
        }

        @inline(__always)
        func isEqual(_ a: ByteRange, _ b: ByteRange) -> Bool {
            // Safe: both values lie in the arena.
            unsafe a.count == b.count
                && memcmp(base + Int(a.offset), base + Int(b.offset), Int(a.count)) == 0
        }

        /// A hash of the value, for a table of this process only.
        @inline(__always)
        func hash(_ value: ByteRange) -> UInt64 {
            let length = Int(value.count)
            let raw = unsafe UnsafeRawPointer(base + Int(value.offset))
            // Safe: all bytes read lie in the value.
            if length > 16 {
                let span = unsafe Span(
                    _unsafeElements: UnsafeBufferPointer(
                        start: base + Int(value.offset), count: length))
                return Hash64.of(span)
            }
            if length >= 8 {
                let low = unsafe raw.loadUnaligned(as: UInt64.self)
                let high = unsafe raw.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
                return Hash64.mix(low, high ^ UInt64(length))
            }
            if length >= 4 {
                let low = unsafe raw.loadUnaligned(as: UInt32.self)
                let high = unsafe raw.loadUnaligned(fromByteOffset: length - 4, as: UInt32.self)
                return Hash64.mix(UInt64(low) << 32 | UInt64(high), UInt64(length))
            }
            var word: UInt64 = 0
            for index in 0..<length {
                word = unsafe word << 8 | UInt64(base[Int(value.offset) + index])
            }
            return Hash64.mix(word, UInt64(length))
        }
    }

    @unsafe
    private func isConstant(_ source: Source) -> Bool {
        let first = values[0]
        for value in values where unsafe !source.isEqual(first, value) { return false }
        return true
    }

    /// Numbers the values by first appearance; false if there are too many for a dictionary.
    @unsafe
    private mutating func findDistinct(_ source: Source) -> Bool {
        guard values.count >= Self.dictionaryRowsMin else { return false }
        let most = min(Self.distinctMax, values.count / 4)
        indices.removeAll(keepingCapacity: true)
        distinct.removeAll(keepingCapacity: true)
        var isFew = true
        for (row, value) in values.enumerated() {
            if row == Self.trialRows, distinct.count > Self.trialRows / 2 { isFew = false }
            guard isFew else { break }
            var slot = Int(truncatingIfNeeded: unsafe source.hash(value)) & (Self.tableSize - 1)
            while true {
                let entry = table[slot]
                if entry == 0 {
                    distinct.append(value)
                    table[slot] = UInt16(distinct.count)
                    indices.append(UInt16(distinct.count - 1))
                    isFew = distinct.count <= most
                    break
                }
                if unsafe source.isEqual(distinct[Int(entry) - 1], value) {
                    indices.append(entry - 1)
                    break
                }
                slot = (slot + 1) & (Self.tableSize - 1)
            }
        }
        unsafe clearTable(source)
        return isFew
    }

    /// Empties the table: wholly, or the entries that are used if those are few.
    @unsafe
    private mutating func clearTable(_ source: Source) {
        if distinct.count > Self.tableSize / 16 {
            for slot in table.indices { table[slot] = 0 }
            return
        }
        for value in distinct {
            var slot = Int(truncatingIfNeeded: unsafe source.hash(value)) & (Self.tableSize - 1)
            // A run of used entries holds the value; emptying all of it is right, for every run
            // belongs to values of this column.
            while table[slot] != 0 {
                table[slot] = 0
                slot = (slot + 1) & (Self.tableSize - 1)
            }
        }
    }

    @unsafe
    private func appendDictionary(_ source: Source, _ room: Int, to out: ByteSink) {
        var end = unsafe out.reserve(room + 2 * indices.count)
        unsafe appendLength(UInt32(distinct.count), &end)
        for value in distinct { unsafe appendLength(value.count, &end) }
        for value in distinct { unsafe source.copy(value, &end) }
        for index in indices {
            // Safe: room was reserved for two bytes a row.
            unsafe end.pointee = UInt8(truncatingIfNeeded: index)
            unsafe end += 1
        }
        if distinct.count > 256 {
            for index in indices {
                // Safe: as above.
                unsafe end.pointee = UInt8(truncatingIfNeeded: index >> 8)
                unsafe end += 1
            }
        }
        unsafe out.finish(at: end)
    }

    /// A varint; five bytes are reserved for each.
    @inline(__always)
    @unsafe
    private func appendLength(_ length: UInt32, _ end: inout UnsafeMutablePointer<UInt8>) {
        var rest = length
        while rest >= 0x80 {
            // Safe: the caller reserved room.
            unsafe end.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
            unsafe end += 1
            rest >>= 7
        }
        unsafe end.pointee = UInt8(truncatingIfNeeded: rest)
        unsafe end += 1
    }
}
