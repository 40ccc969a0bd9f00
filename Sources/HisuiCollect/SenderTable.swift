import CLinux
import HisuiEvent

/// The sources of one syslog listener: its own, one for each of its first
/// `Limits.sendersPerListenerMax` senders, and one for all others together; with the batch that
/// each is filling.
struct SenderTable: ~Copyable {
    /// A sender without its port.
    struct Key: Hashable {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var scope: UInt32 = 0
        var family: UInt8 = 0
    }

    /// Slot 0 is the listener's own source: drops the kernel counted, and records of nobody.
    static let own = 0
    private static let other = 1
    /// Addresses of one certificate, or processes, that a batch names before it has a record from
    /// them.
    private static let addressesKept = 64

    private let listener: Source
    private let sendersMax: Int
    private var slots: [RecordBatch]
    private var slotOf: [Key: Int] = [:]
    /// Of senders that are known by their certificate or token: by the end of their source's id.
    private var slotOfName: [String: Int] = [:]
    /// Index into `senders` of the batch of slot `other`.
    private var othersInBatch: [Key: UInt32] = [:]
    /// Index into `senders` of the batch of the listener's own slot.
    private var sharedNumbers: [String: UInt32] = [:]
    /// The slots whose batch is not empty.
    private var filled: [Int] = []
    private var isFilled: [Bool]
    private var lastKey = Key()
    private var lastSlot = -1

    init(listener: Source, sendersMax: Int = Limits.sendersPerListenerMax) {
        self.listener = listener
        self.sendersMax = sendersMax
        var other = listener
        other.id = Self.id(listener.id, "other")
        slots = [RecordBatch(source: listener), RecordBatch(source: other)]
        isFilled = [false, false]
    }

    var isEmpty: Bool { filled.isEmpty }

    /// Whether the batch of a slot has nothing to say.
    func isEmpty(_ slot: Int) -> Bool { slots[slot].isEmpty }

    /// The slot for records of a sender, and the sender's number in its batch.
    mutating func slot(_ peer: hisui_peer) -> (slot: Int, sender: UInt32) {
        if peer.family == 0 { return (Self.own, 0) }
        let key = Self.key(peer)
        if key == lastKey, lastSlot >= 0 { return (lastSlot, 1) }
        return slot(key, Self.text(peer))
    }

    /// The same by the address's key, and its text, which is looked at for a new one only.
    private mutating func slot(
        _ key: Key, _ text: @autoclosure () -> String
    ) -> (slot: Int, sender: UInt32) {
        if let known = slotOf[key] {
            lastKey = key
            lastSlot = known
            return (known, 1)
        }
        let text = text()
        guard hasRoom else { return (Self.other, other(key, text)) }
        let slot = newSlot(Self.id(listener.id, text))
        slots[slot].senders.append(text)
        slotOf[key] = slot
        return (slot, 1)
    }

    /// The slot for records of a sender on a connection: that of its certificate or token if it has
    /// one, otherwise that of its address.
    ///
    /// A process has none: it is in the listener's own slot.
    mutating func slot(_ peer: StreamPeer) -> (slot: Int, sender: UInt32) {
        if peer.process != nil { return (Self.own, sender(peer.text, in: Self.own)) }
        guard let (kind, name) = peer.name else { return slot(peer.address, peer.text) }
        let slot: Int
        let place = "\(kind):\(name)"
        if let known = slotOfName[place] {
            slot = known
        } else if hasRoom {
            slot = newSlot(SourceID.make(Self.id(listener.id, kind), name))
            slotOfName[place] = slot
        } else {
            return (Self.other, other(peer.address, peer.text))
        }
        if let known = slots[slot].senders.firstIndex(of: peer.text) {
            return (slot, UInt32(known))
        }
        slots[slot].senders.append(peer.text)
        return (slot, UInt32(slots[slot].senders.count - 1))
    }

    private var hasRoom: Bool { slotOf.count + slotOfName.count < sendersMax }

    private mutating func newSlot(_ id: String) -> Int {
        var source = listener
        source.id = id
        slots.append(RecordBatch(source: source))
        isFilled.append(false)
        return slots.count - 1
    }

    /// The number of a sender in the batch of a slot that many share.
    mutating func sender(_ text: String, in slot: Int) -> UInt32 {
        // Mostly the one that sent the record before.
        if slots[slot].senders.last == text { return UInt32(slots[slot].senders.count - 1) }
        if let known = sharedNumbers[text] { return known }
        // Processes that have sent no whole record are let go of.
        if slots[slot].entries.isEmpty, sharedNumbers.count >= Self.addressesKept {
            slots[slot].senders.removeSubrange(1...)
            sharedNumbers.removeAll(keepingCapacity: true)
        }
        slots[slot].senders.append(text)
        let number = UInt32(slots[slot].senders.count - 1)
        sharedNumbers[text] = number
        return number
    }

    /// Whether the records of a slot are those of one sender.
    func isOfOneSender(_ slot: Int) -> Bool { slot > Self.other }

    private mutating func other(_ key: Key, _ text: String) -> UInt32 {
        if let known = othersInBatch[key] { return known }
        slots[Self.other].senders.append(text)
        let number = UInt32(slots[Self.other].senders.count - 1)
        othersInBatch[key] = number
        return number
    }

    /// The id of a slot's source.
    func sourceID(_ slot: Int) -> String { slots[slot].source.id }

    /// Lets `body` add to the batch of a slot.
    mutating func fill<Result, Failure: Error>(
        _ slot: Int, _ body: (inout RecordBatch) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let result = try body(&slots[slot])
        if !isFilled[slot], !slots[slot].isEmpty {
            isFilled[slot] = true
            filled.append(slot)
        }
        return result
    }

    /// Whether the batch of a slot should be handed over before more is added.
    func isFull(_ slot: Int) -> Bool {
        slots[slot].entries.count >= Limits.batchRecordsMax
            || slots[slot].bytes.count > Limits.batchBytesMax - Limits.recordBytesMax
    }

    /// Gives the batch of one slot to the sink.
    ///
    /// - Returns: false if the sink refused.
    mutating func handOver(_ slot: Int, to sink: any RecordSink) -> Bool {
        if slots[slot].isEmpty { return true }
        var batch = RecordBatch(source: slots[slot].source)
        if slot > Self.other, slots[slot].senders.count <= Self.addressesKept {
            batch.senders = slots[slot].senders
        }
        if slot == Self.own { sharedNumbers.removeAll(keepingCapacity: true) }
        if slot == Self.other { othersInBatch.removeAll(keepingCapacity: true) }
        swap(&batch, &slots[slot])
        return sink.put(batch)
    }

    /// The slots whose batch is not empty, in the order in which they were begun.
    var filledSlots: [Int] { filled }

    /// Gives all batches that are not empty to the sink.
    mutating func handOver(to sink: any RecordSink) -> Bool {
        var taken = true
        for slot in filled {
            isFilled[slot] = false
            if taken { taken = handOver(slot, to: sink) }
        }
        filled.removeAll(keepingCapacity: true)
        return taken
    }

    /// `listener/sender`, with the listener's part shortened if the whole would be too long.
    private static func id(_ listener: String, _ sender: String) -> String {
        let whole = "\(listener)/\(sender)"
        if whole.utf8.count <= Limits.sourceIDBytesMax { return whole }
        return String(listener.prefix(Limits.sourceIDBytesMax - sender.utf8.count - 1)) + "/"
            + sender
    }

    static func key(_ peer: hisui_peer) -> Key {
        var key = Key(scope: peer.scope, family: peer.family)
        let bytes = peer.bytes
        // Safe: 16 bytes are read as two integers, without regard to alignment.
        unsafe withUnsafeBytes(of: bytes) { raw in
            key.high = unsafe raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
            key.low = unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        }
        return key
    }

    static func text(_ peer: hisui_peer) -> String {
        var peer = peer
        var text = [CChar](repeating: 0, count: 64)
        // Safe: the C function writes at most 64 bytes and says how many.
        let count = Int(unsafe hisui_peer_text(&peer, &text))
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
