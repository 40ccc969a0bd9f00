import HisuiEvent

/// The batches of a listener whose peers are answered when records are durable: those that fill,
/// by sender, and those on their way to the disk, each with whoever waits for it.
///
/// A handler has one, and adds to it what its protocol makes of the bytes; what it answers is its
/// own.
struct DurableBatches<Waiting>: ~Copyable {
    var table: SenderTable
    private let sink: any RecordSink
    private let receipts = StreamReceipts()
    /// By number of a batch that is not durable.
    private var onTheWay: [UInt64: Waiting] = [:]
    private var made: UInt64 = 0
    /// The sink has refused a batch: the pipeline ends.
    private(set) var isRefused = false

    init(listener: Source, sink: any RecordSink) {
        table = SenderTable(listener: listener)
        self.sink = sink
    }

    /// Readable when batches have become durable.
    var wakeDescriptor: Int32 { receipts.descriptor }
    /// Whether somebody waits for a batch on its way.
    var owesAnswers: Bool { !onTheWay.isEmpty }

    /// Gives the batch of a slot to the sink, unless it has nothing to say.
    ///
    /// - Parameters:
    ///   - position: of its source with this batch.
    ///   - waiting: given back by `takeDurable`.
    /// - Returns: false if nothing was handed over.
    @discardableResult
    mutating func handOver(_ slot: Int, position: [UInt8], waiting: Waiting) -> Bool {
        guard !isRefused, !table.isEmpty(slot) else { return false }
        made += 1
        let receipt = Receipt(desk: receipts, number: made)
        table.fill(slot) {
            $0.receipt = receipt
            $0.position = position
        }
        onTheWay[made] = waiting
        if !table.handOver(slot, to: sink) { isRefused = true }
        return true
    }

    /// To be called when all filled slots were handed over: they are no longer among the filled.
    mutating func forgetFilled() {
        if !isRefused, !table.handOver(to: sink) { isRefused = true }
    }

    /// Who waited for the batches that have become durable, in the order in which they did.
    mutating func takeDurable() -> [Waiting] {
        receipts.take().compactMap { onTheWay.removeValue(forKey: $0) }
    }
}
