import Glibc
import HisuiPolicy
import HisuiProof
import Logging

/// How the daemon watches its sources, and says that it lives.
extension Daemon {
    /// The watch's part of a running daemon.
    struct Watching: Sendable {
        let stage: WatchStage
        let parts: WatchStage.Parts
        let signal: SignalStage?

        /// Stop after the writer: what it wrote last is counted.
        var services: [ThreadService] {
            let watch = ThreadService(
                description: "watch", body: { stage.run(parts) }, requestStop: { stage.stop() })
            guard let signal else { return [watch] }
            let service = ThreadService(
                description: "signal", body: { signal.run() }, requestStop: { signal.stop() })
            return [watch, service]
        }
    }

    func watch(_ routing: SourceRouting) -> WatchStage {
        let stage = WatchStage(
            store: configuration.store, zone: configuration.zone,
            heartbeatSeconds: configuration.service.heartbeatSeconds, routing: routing,
            bootID: KeyStore.currentBootID(), log: log)
        switch stage.previous.end {
        case .killed: log.warning("the daemon before this one was killed or broke off")
        case .machineWentDown: log.warning("the machine went down with the daemon before this one")
        case .stopped, .unknown: break
        }
        return stage
    }

    func begin(
        _ stage: WatchStage, _ write: WriteStage, _ sources: SourceService, _ spill: SpillStage,
        _ parse: ParseStage
    ) -> Watching {
        let parts = WatchStage.Parts(
            isHeldUp: { write.isHeldUp }, writerMillis: { write.millisSinceTurn },
            cause: { sources.cause(ofSilence: $0) }, reports: { sources.reports },
            spilled: { spill.load }, losses: { parse.losses })
        let signal = configuration.signal.map { signal in
            SignalStage(
                signal, host: Self.hostName(), sign: { stage.sign(parts) }, log: log)
        }
        return Watching(stage: stage, parts: parts, signal: signal)
    }

    /// The daemon is ready when its sources listen, and what is to be said then was said.
    func watchdog(
        _ write: WriteStage, _ sources: SourceService, onListening: @escaping @Sendable () -> Void
    ) -> WatchdogService {
        WatchdogService(
            lastTurnMillis: { write.lastTurnMillis },
            waitUntilReady: {
                sources.waitForBeginning()
                onListening()
            }, log: log)
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        // Safe: the call writes at most as many bytes as it is told; the last stays 0.
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(
            decoding: name.prefix { $0 > 0x20 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
