import CLinux
import HisuiEvent

/// Syslog on a stream: cuts frames, and gathers them by sender.
final class SyslogStreamHandler: StreamHandler {
    struct Session {
        var framer = SyslogFramer()
        var peer: StreamPeer
    }

    private var table: SenderTable
    private let sink: any RecordSink
    private(set) var isRefused = false

    init(source: Source, sink: any RecordSink) {
        table = SenderTable(listener: source)
        self.sink = sink
    }

    var wakeDescriptor: Int32? { nil }
    var isEmpty: Bool { table.isEmpty }
    var owesAnswers: Bool { false }
    /// Nobody would send it again.
    var readsAtStop: Bool { true }
    var readsInOrder: Bool { false }

    func begin(_ peer: StreamPeer, at descriptor: Int32) -> Session {
        Session(peer: peer)
    }

    func take(
        _ bytes: Span<UInt8>, of session: inout Session, from process: SenderCredentials?,
        now: Int64
    ) -> StreamTaken {
        if let process, process != session.peer.process { session.peer = StreamPeer(process) }
        let received = Clock.now()
        var position = 0
        var taken = StreamTaken()
        while position < bytes.count && !isRefused {
            let place = place(of: session.peer)
            (position, taken.records) = table.fill(place.slot) { batch in
                let before = batch.entries.count
                let end = session.framer.take(
                    bytes, from: position, received: received, sender: place.sender,
                    into: &batch)
                return (end, taken.records + batch.entries.count - before)
            }
        }
        return taken
    }

    func sourceID(of session: Session) -> String? {
        table.sourceID(table.slot(session.peer).slot)
    }

    func end(_ session: inout Session, reset: Bool) {
        guard session.framer.isInFrame else { return }
        let place = place(of: session.peer)
        table.fill(place.slot) {
            session.framer.finish(
                reset: reset, received: Clock.now(), sender: place.sender, into: &$0)
        }
    }

    func handOver() {
        if !isRefused, !table.handOver(to: sink) { isRefused = true }
    }

    func tick(now: Int64) {}

    func takeAnswers() -> [StreamAnswer] { [] }

    /// Slot and sender of a peer, with room in the slot's batch.
    ///
    /// The sender's number in the shared slot changes with the batch, so it is asked for each time.
    private func place(of peer: StreamPeer) -> (slot: Int, sender: UInt32) {
        let place = table.slot(peer)
        guard table.isFull(place.slot) else { return place }
        if !table.handOver(place.slot, to: sink) { isRefused = true }
        return table.slot(peer)
    }
}
