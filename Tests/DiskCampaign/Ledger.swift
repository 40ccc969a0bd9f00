import HisuiEvent
import HisuiProof
import HisuiStore

/// What a run did to the store and what it was told, each with the number of the last operation of
/// the disk before it: what must be found after a crash at any moment follows from that.
///
/// A stream's batches are remembered in order; what is committed is a number of them.
struct Ledger {
    typealias Stream = Snapshot.Stream

    /// A record as it was given to the store.
    struct Record: Equatable {
        var bytes: [UInt8]
        var time: Int64
        var received: Int64
        var source: String
        var sender: String
        var flags: UInt32
    }

    struct Batch {
        /// Records of the stream up to this batch.
        var end: Int
        var source: Source
        var position: [UInt8]
        var dropped: UInt64
        var definitions: [UInt8]
    }

    /// Something that grew: how much of it there was after which operation.
    struct Mark<Value> {
        var operation: Int
        var value: Value
    }

    /// One stream.
    struct Book {
        var records: [Record] = []
        var leaves: [MerkleHash] = []
        var batches: [Batch] = []
        /// How many batches were appended.
        var appended: [Mark<Int>] = []
        /// How many of them were acknowledged.
        var acknowledged: [Mark<Int>] = []
        /// Ends of deletions that were begun, and of those that were ended.
        var deletionsBegun: [Mark<Int>] = []
        var deletionsEnded: [Mark<Int>] = []
        /// Sizes of checkpoints that were asked for, and of those that were returned.
        var checkpointsBegun: [Mark<Int>] = []
        var checkpoints: [Mark<Int>] = []

        var acknowledgedBatches: Int { acknowledged.last?.value ?? 0 }
        var acknowledgedRecords: Int {
            acknowledgedBatches == 0 ? 0 : batches[acknowledgedBatches - 1].end
        }

        /// What was known after an operation.
        func seen(at operation: Int) -> Book {
            var book = self
            book.appended = Self.last(appended, operation)
            book.acknowledged = Self.last(acknowledged, operation)
            book.deletionsBegun = deletionsBegun.filter { $0.operation <= operation }
            book.deletionsEnded = Self.last(deletionsEnded, operation)
            book.checkpointsBegun = checkpointsBegun.filter { $0.operation <= operation }
            book.checkpoints = Self.last(checkpoints, operation)
            book.cut(toBatches: book.appended.last?.value ?? 0)
            return book
        }

        private static func last(_ marks: [Mark<Int>], _ operation: Int) -> [Mark<Int>] {
            marks.last { $0.operation <= operation }.map { [$0] } ?? []
        }

        /// Forgets batches that are not there any more.
        mutating func cut(toBatches count: Int) {
            if count >= batches.count { return }
            batches.removeSubrange(count...)
            let end = batches.last?.end ?? 0
            records.removeSubrange(end...)
            leaves.removeSubrange(end...)
        }

        /// Begins again on another disk, on which exactly the batches there are were found.
        mutating func restart(isDurable: Bool) {
            appended = [Mark(operation: 0, value: batches.count)]
            acknowledged = [
                Mark(operation: 0, value: isDurable ? batches.count : acknowledgedBatches)
            ]
            deletionsBegun = deletionsBegun.map { Mark(operation: 0, value: $0.value) }
            deletionsEnded = deletionsEnded.map { Mark(operation: 0, value: $0.value) }
            checkpointsBegun = checkpointsBegun.map { Mark(operation: 0, value: $0.value) }
            checkpoints = checkpoints.map { Mark(operation: 0, value: $0.value) }
        }
    }

    var books: [Stream: Book] = [:]
    /// Acts by their number.
    var acts: [Act] = []
    /// How many acts were begun to be appended.
    var actsBegun: [Mark<Int>] = []
    /// Acts whose append returned: index and number.
    var actsReturned: [Mark<(index: UInt64, number: Int)>] = []
    /// Acts that were found where only a process had been killed: durable when the next append has
    /// returned, which begins with recovery.
    var actsSeen: [(index: UInt64, number: Int)] = []
    /// Definitions whose keeping returned.
    var definitionsKept: [Mark<[UInt8]>] = []
    /// The disk's operations when the store was first opened with success.
    var opened: [Mark<Bool>] = []

    /// What was known after an operation.
    func seen(at operation: Int) -> Ledger {
        var ledger = self
        ledger.books = books.mapValues { $0.seen(at: operation) }
        ledger.actsBegun = actsBegun.filter { $0.operation <= operation }
        ledger.acts = Array(acts.prefix(ledger.actsBegun.last?.value ?? 0))
        ledger.actsReturned = actsReturned.filter { $0.operation <= operation }
        ledger.definitionsKept = definitionsKept.filter { $0.operation <= operation }
        ledger.opened = opened.filter { $0.operation <= operation }
        return ledger
    }

    /// A number that grows with what must be found: the same disk has to be looked at again if more
    /// was acknowledged.
    var promised: Int {
        var sum = actsReturned.count + definitionsKept.count + opened.count
        for book in books.values {
            sum += book.acknowledgedBatches + book.deletionsEnded.count
            sum += book.checkpoints.last?.value ?? 0
        }
        return sum
    }

    /// Begins again on another disk, on which exactly the batches there are and these acts were
    /// found.
    ///
    /// - Parameter isDurable: whether what was found can not be lost any more.
    mutating func restart(acts found: [Int], isDurable: Bool) {
        for stream in books.keys { books[stream]?.restart(isDurable: isDurable) }
        actsBegun = [Mark(operation: 0, value: acts.count)]
        actsReturned = actsReturned.map { Mark(operation: 0, value: $0.value) }
        actsSeen = found.enumerated().map { (UInt64($0.offset), $0.element) }
        if isDurable { actsSeenAreDurable(0) }
        definitionsKept = definitionsKept.map { Mark(operation: 0, value: $0.value) }
        opened = opened.map { Mark(operation: 0, value: $0.value) }
    }

    mutating func actsSeenAreDurable(_ operation: Int) {
        let known = Set(actsReturned.map(\.value.number))
        for act in actsSeen where !known.contains(act.number) {
            actsReturned.append(Mark(operation: operation, value: act))
        }
        actsSeen = []
    }
}
