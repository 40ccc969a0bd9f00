import Glibc
import HisuiDetect
import HisuiEvent
import HisuiPolicy
import Logging

/// Detection as the daemon runs it.
struct Detecting: Sendable {
    let stage: DetectStage
    let tail: DurableTail

    /// Stops after the writer has ended; what it has not seen then it sees at the next start.
    var service: ThreadService {
        ThreadService(
            description: "detect", body: { tail.run() },
            requestStop: {
                stage.stopWaiting()
                tail.stop()
            })
    }
}

extension Daemon {
    /// - Parameter durable: one past the last durable leaf of each stream.
    func detection(after durable: [String: UInt64]) throws -> Detecting {
        let loaded = try rules(of: configuration)
        let stage = try DetectStage(
            store: configuration.store, zone: configuration.zone, rules: loaded.rules,
            durable: durable,
            actor: Actor.daemon(), log: log,
            describe: describe)
        return Detecting(
            stage: stage,
            tail: DurableTail(
                store: configuration.store, zone: configuration.zone, from: stage.start,
                durable: durable, consumer: stage, log: log))
    }

    /// The rules of a configuration; none where it says so, or where they did not come along.
    private func rules(of configuration: Configuration) throws -> RuleLoader.Loaded {
        let paths = configuration.rules ?? shippedRules.map { [$0] } ?? []
        if configuration.rules == nil, shippedRules == nil {
            log.error("the shipped rules are not beside the program: nothing is detected")
        }
        if paths.isEmpty {
            return RuleLoader.Loaded(
                rules: RuleSet.compile(files: [], sources: LogSources()).set, diagnostics: [])
        }
        let loaded = try RuleLoader.load(
            paths, shipped: shippedRules, placeholders: configuration.placeholders)
        for diagnostic in loaded.diagnostics { log.error("\(diagnostic)") }
        for diagnostic in loaded.rules.remarks { log.warning("\(diagnostic)") }
        log.info("\(loaded.rules.count) detection rules read")
        return loaded
    }

    /// Puts the rules into force if every file is accepted.
    func reloadRules(_ detection: Detecting, _ fresh: Configuration) {
        do {
            let loaded = try rules(of: fresh)
            if loaded.diagnostics.isEmpty { return detection.stage.replace(with: loaded.rules) }
            log.error("reload: \(loaded.diagnostics.count) mistakes; the rules in force stay")
        } catch {
            log.error("reload: \(error); the rules in force stay")
        }
    }
}
