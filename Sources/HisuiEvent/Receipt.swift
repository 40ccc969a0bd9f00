/// Hears that batches have become durable: where a source waits for an acknowledgement.
public protocol ReceiptDesk: AnyObject, Sendable {
    /// The batch that was handed over with this number is synced, with its position.
    ///
    /// Called once for a batch, on the writer's thread, in the order in which the batches of one
    /// source were handed over; never for what was given up. Must not wait.
    func becameDurable(_ number: UInt64)
}

/// A collector's claim to be told when a batch is durable. It travels with the batch through parser
/// and writer, which know nothing about it; the writer gives it back after the sync.
public struct Receipt: Sendable {
    private let desk: any ReceiptDesk
    private let number: UInt64

    /// - Parameter number: what the desk knows the batch by.
    public init(desk: any ReceiptDesk, number: UInt64) {
        self.desk = desk
        self.number = number
    }

    /// Tells the desk. Called by the writer, after the sync.
    public func give() { desk.becameDurable(number) }
}
