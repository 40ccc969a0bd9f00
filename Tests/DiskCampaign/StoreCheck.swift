import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiShape
import HisuiStore

/// What must be found in a store, compared with what the ledger says.
enum StoreCheck {
    private static func demand(
        _ condition: Bool, _ what: @autoclosure () -> String
    ) throws {
        if !condition { throw Violation(what()) }
    }

    /// What a reader sees of the zones: no problem; of each stream records without a hole, as they
    /// were given, all that `least` knows to be acknowledged, and none that `most` does not know.
    ///
    /// - Returns: the leaves found of each stream.
    @discardableResult
    static func rows(
        _ snapshot: Snapshot, atLeast least: Ledger, atMost most: Ledger
    ) throws -> [Ledger.Stream: Range<Int>] {
        if let problem = snapshot.problems.first { throw Violation("a reader sees: \(problem)") }
        var found: [Ledger.Stream: Range<Int>] = [:]
        let table = ShapeTable()
        for block in snapshot.blocks {
            let stream = Ledger.Stream(zone: block.zone, stream: block.stream)
            var rows = try BlockRows(block, from: 0, shapes: table)
            let book = most.books[stream] ?? Ledger.Book()
            while case let first = Int(rows.nextIndex), let batch = try rows.next(before: .max) {
                let known = found[stream] ?? first..<first
                try demand(known.upperBound == first, "\(stream) has a hole before \(first)")
                for (place, row) in batch.rows.enumerated() {
                    let record = Ledger.Record(row, of: batch)
                    let number = first + place
                    try demand(
                        number < book.records.count && book.records[number] == record,
                        "\(stream) has another record \(number)")
                }
                found[stream] = known.lowerBound..<first + batch.rows.count
            }
        }
        for (stream, book) in least.books {
            let range = found[stream] ?? 0..<0
            try demand(
                range.upperBound >= book.acknowledgedRecords,
                "\(stream): \(range.upperBound) of \(book.acknowledgedRecords) are there")
            let gone = most.books[stream]?.deletionsBegun.map(\.value).max() ?? 0
            try demand(range.lowerBound <= gone, "\(stream) begins at \(range.lowerBound)")
            let ended = book.deletionsEnded.last?.value ?? 0
            try demand(
                range.lowerBound >= ended, "\(stream): what was let go is back")
        }
        return found
    }

    /// How many batches of a stream are there, by the states of its sources; and that each state is
    /// that of exactly these.
    static func batches(
        of stream: Ledger.Stream, _ book: Ledger.Book, records: Int, states: [SourceState]
    ) throws -> Int {
        let positions = states.compactMap { Int(String(decoding: $0.position, as: UTF8.self)) }
        let count = (positions.max() ?? -1) + 1
        try demand(count <= book.batches.count, "\(stream) has a position nobody gave")
        try demand(
            count >= book.acknowledgedBatches,
            "\(stream): \(count) of \(book.acknowledgedBatches) batches are there")
        let end = count == 0 ? 0 : book.batches[count - 1].end
        try demand(
            end == records, "\(stream): positions tell of \(end) records, \(records) are there")
        var expected: [String: (stored: UInt64, dropped: UInt64, position: [UInt8])] = [:]
        var first = 0
        for batch in book.batches[..<count] {
            var state = expected[batch.source.id] ?? (0, 0, [])
            state.stored += UInt64(batch.end - first)
            state.dropped += batch.dropped
            state.position = batch.position
            expected[batch.source.id] = state
            first = batch.end
        }
        try demand(expected.count == states.count, "\(stream) has \(states.count) sources")
        for state in states {
            let wanted = expected[state.source.id] ?? (0, 0, [])
            let newest = book.records[..<records].last { $0.source == state.source.id }?.received
            try demand(
                state.account.stored == wanted.stored && state.account.dropped == wanted.dropped
                    && state.account.offered == wanted.stored + wanted.dropped
                    && state.position == wanted.position
                    && state.lastReceived.nanoseconds == newest ?? .min,
                "\(stream): the account of \(state.source.id) is another: \(state)")
        }
        return count
    }

    /// The acts: each that returned at its index, none twice, none that nobody appended.
    ///
    /// - Returns: numbers of the acts found, by index.
    static func acts(_ list: ActList, _ ledger: Ledger) throws -> [Int] {
        if let problem = list.problems.first { throw Violation("acts: \(problem)") }
        if let failure = list.failures.first { throw Violation("acts: \(failure.what)") }
        var numbers: [Int] = []
        for (place, stored) in list.acts.enumerated() {
            try demand(stored.index == UInt64(place), "the acts have a hole before \(place)")
            let number = Int(stored.act.integer("number") ?? -1)
            try demand(
                ledger.acts.indices.contains(number) && ledger.acts[number] == stored.act,
                "act \(place) is one that nobody appended")
            numbers.append(number)
        }
        try demand(Set(numbers).count == numbers.count, "an act is there twice")
        for mark in ledger.actsReturned {
            let (index, number) = mark.value
            try demand(
                index < UInt64(numbers.count) && numbers[Int(index)] == number,
                "act \(number) is not at \(index)")
        }
        return numbers
    }

    /// Definitions that were kept, and those of every batch there is.
    static func definitions(_ disk: SimulatedFileSystem, _ ledger: Ledger) throws {
        var wanted = Set(ledger.definitionsKept.map(\.value))
        for book in ledger.books.values { wanted.formUnion(book.batches.map(\.definitions)) }
        let folder = Path.join(Life.store, Filenames.definitions)
        for digest in wanted {
            let set = Path.join(folder, HexText.text(digest) + ".set")
            var list = ""
            for member in Life.members(of: digest) {
                let sum = HexText.text(SHA256.of(member.bytes.span))
                list += "\(sum)  \(member.parser) \(member.version) \(member.file)\n"
                let path = Path.join(folder, sum + ".yaml")
                let bytes = (try? disk.bytes(path, from: 0, count: 1 << 20)) ?? []
                try demand(bytes == member.bytes, "a definition is lost: \(path)")
            }
            let bytes = (try? disk.bytes(set, from: 0, count: 1 << 20)) ?? []
            try demand(bytes == Array(list.utf8), "a set of definitions is lost: \(set)")
        }
    }

    /// The newest checkpoint of a stream: at least the last one that returned, over records that
    /// are there, and over nothing else.
    static func checkpoint(
        _ disk: SimulatedFileSystem, _ stream: Ledger.Stream, _ book: Ledger.Book, records: Int
    ) throws {
        let folder = ZoneTrees.folder(Life.store, stream.zone, stream.stream)
        let keys = Path.join(Path.join(Life.store, Filenames.keys), ProofNames.storeID)
        let id = try? disk.bytes(keys, from: 0, count: 16)
        let name = ProofNames.keyName(
            storeID: String(decoding: id ?? [], as: UTF8.self), zone: stream.zone)
        let newest = try TreeReader(
            fileSystem: disk, folder: folder,
            origin: ProofNames.origin(keyName: name, stream: stream.stream)
        ).newest()
        let size = Int(newest?.checkpoint.size ?? 0)
        let last = book.checkpoints.last?.value
        try demand(newest != nil || last == nil, "\(stream): the checkpoint is lost")
        try demand(size >= last ?? 0, "\(stream): the checkpoint of \(last ?? 0) is lost")
        try demand(
            size <= records, "\(stream): a checkpoint of \(size), and \(records) are there")
        guard let newest else { return }
        try demand(
            newest.checkpoint.root == MerkleHash.root(of: book.leaves.prefix(size)),
            "\(stream): the checkpoint of \(size) is one of other records")
    }
}
