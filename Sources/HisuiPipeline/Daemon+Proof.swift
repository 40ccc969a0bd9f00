import HisuiPolicy
import HisuiProof
import Logging

/// How the daemon proves what it stores.
extension Daemon {
    /// The proof's part of a running daemon.
    struct Proving: Sendable {
        let stage: ProofStage
        let tail: DurableTail

        var service: ThreadService {
            ThreadService(
                description: "proof", body: { tail.run() }, requestStop: { tail.stop() })
        }
    }

    /// - Parameters:
    ///   - proof: opened with the zone.
    ///   - durable: one past the last durable leaf of each stream.
    func beginProof(_ proof: ZoneProof, after durable: [String: UInt64]) -> Proving {
        for (stream, error) in proof.refused {
            log.critical("stream \(stream) is stored, but proven no more: \(error)")
        }
        let stage = ProofStage(
            proof: proof, acts: ActsProof(store: configuration.store),
            intervalSeconds: configuration.service.checkpointSeconds, log: log)
        let tail = DurableTail(
            store: configuration.store, zone: configuration.zone, from: proof.starts,
            durable: durable, consumer: stage, log: log)
        return Proving(stage: stage, tail: tail)
    }
}
