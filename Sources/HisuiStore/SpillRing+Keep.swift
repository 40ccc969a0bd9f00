import HisuiBytes
public import HisuiEvent
import HisuiFile

/// Copies of what is on its way into the store.
///
/// A batch that goes there directly takes as many numbers as there are classes, and the last of
/// them as its position. Its copy has a frame for each class with the number of that class. So a
/// crash at any moment leaves either the position in the store, and the copy counts as stored; or
/// it does not, and the copy is handed out at the next start, frame by frame.
///
/// Copies have files of their own. Numbers within a file rise, and files of a class do not overlap:
/// nothing is appended to a file once a number was given to what is not in it.
extension SpillRing {
    /// The position for a batch that goes into the store directly: behind everything that was
    /// spilled before, ahead of everything that will be.
    public mutating func reserve() -> [UInt8] {
        for index in writers.indices where writers[index] != nil { closeWriter(index) }
        nextNumber += UInt64(SpillClass.allCases.count)
        return Self.position(nextNumber - 1)
    }

    /// A file of copies that is being put together.
    private struct Copies {
        var bytes: [UInt8]
        var file: SpillFile
    }

    /// Keeps copies of batches that are on their way into the store, until they are `settled`.
    /// They are not handed out in this life of the ring.
    ///
    /// Durable when it returns. Where room is scarce the dearest are kept.
    ///
    /// - Parameter batches: with positions from `reserve`, in any order, each with the class of its
    ///   records; nil: each has that of its priority.
    /// - Returns: whether all of them are kept.
    /// - Complexity: O(bytes).
    public mutating func keep(_ batches: [(batch: RecordBatch, spillClass: SpillClass?)]) -> Bool {
        for index in writers.indices { closeWriter(index) }
        var copies: [[Copies]] = SpillClass.allCases.map { _ in [] }
        let numbered = batches.compactMap { batch, spillClass in
            Self.number(batch.position).map { (number: $0, batch: batch, spillClass: spillClass) }
        }
        for (number, batch, spillClass) in numbered.sorted(by: { $0.number < $1.number }) {
            let first = number - UInt64(SpillClass.allCases.count - 1)
            var parts = Self.parts(of: batch, as: spillClass)
            if !batch.account.isZero {
                if parts.last?.0 != .accounts {
                    parts.append((.accounts, RecordBatch(source: batch.source)))
                }
                parts[parts.count - 1].1.account = batch.account
            }
            for (spillClass, part) in parts {
                add(part, spillClass, first + UInt64(spillClass.rawValue), &copies)
            }
        }
        var isWhole = true
        for index in copies.indices.reversed() {
            for copy in copies[index] where !write(copy, index) { isWhole = false }
        }
        return isWhole
    }

    private func add(
        _ part: RecordBatch, _ spillClass: SpillClass, _ number: UInt64, _ copies: inout [[Copies]]
    ) {
        let index = Int(spillClass.rawValue)
        if copies[index].last.map({ $0.bytes.count >= fileBytesMax }) ?? true {
            let path = Path.join(path, Filenames.spill(spillClass, first: number))
            copies[index].append(
                Copies(
                    bytes: SpillFile.head(spillClass),
                    file: SpillFile(path: path, spillClass: spillClass, first: number)))
        }
        let last = copies[index].count - 1
        SpillFrame.records(part).encode(number: number, into: &copies[index][last].bytes)
        copies[index][last].file.lastOf[part.source.id] = number
    }

    private mutating func write(_ copy: Copies, _ index: Int) -> Bool {
        var file = copy.file
        guard
            index == Int(SpillClass.accounts.rawValue)
                || makeRoom(for: copy.bytes.count, file.spillClass)
        else { return false }
        do throws(FileError) {
            let open = try fileSystem.open(file.path, .create)
            defer { open.close() }
            do throws(FileError) {
                try open.append(copy.bytes.span)
                try open.sync()
                try fileSystem.syncDirectory(path)
            } catch {
                try? fileSystem.remove(file.path)
                throw error
            }
        } catch {
            return false
        }
        file.end = copy.bytes.count
        // The copies are in hand: those in memory are the ones that go into the store.
        file.read = file.end
        file.isHanded = true
        let place = files[index].firstIndex { $0.first > file.first } ?? files[index].count
        files[index].insert(file, at: place)
        return true
    }
}
