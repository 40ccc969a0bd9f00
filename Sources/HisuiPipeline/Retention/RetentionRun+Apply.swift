import HisuiBytes
public import HisuiEvent
import HisuiFile
import HisuiPolicy
public import HisuiStore

/// Deleting.
extension RetentionRun {
    /// Segments that one act tells of at most: their names have to fit in it.
    private static let segmentsPerActMax = 512

    /// What was deleted.
    public struct Outcome: Sendable {
        /// The plan that was followed, made under the lock.
        public var plan = RetentionPlan()
        public internal(set) var segments = 0
        public internal(set) var records: UInt64 = 0
        public internal(set) var bytes = 0
        /// Segments of earlier deletions that had been cut short.
        public internal(set) var completed = 0
        /// Why some of what was due stayed, by zone and stream.
        public internal(set) var refused: [(zone: String, stream: String, why: StoreError)] = []
    }

    /// Deletes what the plan of this moment says, each stretch with an act of its own; ends
    /// deletions that were cut short first.
    ///
    /// - Parameters:
    ///   - actor: who does it.
    ///   - confirm: asked once, with what would go; false: nothing is deleted.
    /// - Throws: `.locked` while another process deletes for longer than a merge takes;
    ///   what the disk refused. What was deleted until then has its acts.
    public func apply(
        actor: Actor, confirm: (RetentionPlan) -> Bool
    ) throws(StoreError) -> Outcome {
        try StoreDirectory.check(fileSystem, store)
        let lock = try expiry.lock(waitMillis: Limits.expiryLockMillisMax)
        defer { lock.release() }
        var outcome = Outcome()
        outcome.completed = try expiry.completeDeletions()
        outcome.plan = try plan()
        guard outcome.plan.segments > 0, confirm(outcome.plan) else { return outcome }
        for item in outcome.plan.items where item.isDeleted {
            guard let retention = item.retention else { continue }
            try keepPolicy(retention)
            for run in Self.runs(item.due) {
                let proof: DeletionProof
                do throws(StoreError) {
                    proof = try proofs.proof(of: run, zone: item.zone, stream: item.stream)
                } catch {
                    guard error.code == .damaged || error.code == .failed else { throw error }
                    outcome.refused.append((item.zone, item.stream, error))
                    break
                }
                let act = Self.act(run, item, retention, proof, time: now(), actor: actor)
                try expiry.delete(run, edge: proof.edge, act: act, now: now)
                outcome.segments += run.count
                outcome.records += run.reduce(0) { $0 + $1.records }
                outcome.bytes += run.reduce(0) { $0 + $1.bytes }
            }
        }
        return outcome
    }

    /// Segments without a hole between them, as many as one act may tell of.
    static func runs(_ segments: [Expiry.Segment]) -> [[Expiry.Segment]] {
        var runs: [[Expiry.Segment]] = []
        for segment in segments {
            if let last = runs.last?.last, last.leaves.upperBound == segment.leaves.lowerBound,
                runs[runs.count - 1].count < segmentsPerActMax
            {
                runs[runs.count - 1].append(segment)
            } else {
                runs.append([segment])
            }
        }
        return runs
    }

    /// The deletion record (廃棄記録).
    private static func act(
        _ run: [Expiry.Segment], _ item: RetentionPlan.Item, _ retention: RetentionClass,
        _ proof: DeletionProof, time: Timestamp, actor: Actor
    ) -> Act {
        let records = run.reduce(0) { $0 + $1.records }
        var fields: [Act.Field] = [
            ("stream", .text(item.stream)),
            ("leaves.first", .integer(Int64(run[0].leaves.lowerBound))),
            ("leaves.end", .integer(Int64(run[run.count - 1].leaves.upperBound))),
            ("records", .integer(Int64(records))),
        ]
        let first = run.map(\.events.lowerBound).min() ?? .none
        let last = run.map(\.events.upperBound).max() ?? .none
        if first != .none { fields.append(("events.first", .text(first.utcText))) }
        if last != .none { fields.append(("events.last", .text(last.utcText))) }
        let received = run.map(\.received.upperBound).max() ?? .none
        fields += [
            ("received.last", .text(received.utcText)),
            ("files", .list(run.map { Path.name(of: $0.path) })),
            ("bytes", .integer(Int64(run.reduce(0) { $0 + $1.bytes }))),
            ("subtree.hashes", .list(proof.subtrees.map { Base64Text.text($0) })),
            ("policy.id", .text(retention.policy + "/" + retention.id)),
            ("policy.digest", .text(retention.digestText)),
            ("policy.keep", .text(retention.term.description)),
            ("policy.count_from", .text(retention.start.rawValue)),
        ]
        if !retention.basis.isEmpty { fields.append(("policy.basis", .text(retention.basis))) }
        if let approval = retention.approval {
            fields.append(("approved_by", .text(approval.by)))
            fields.append(("approved_on", .text(approval.on.description)))
        }
        return Act(.deletion, time: time, zone: item.zone, actor: actor, fields: fields)
    }

    /// Keeps the file of the class with the other definitions: the act names it by its digest.
    private func keepPolicy(_ retention: RetentionClass) throws(StoreError) {
        guard let file = classes.files.first(where: { $0.name == retention.file }) else { return }
        try DefinitionArchive(fileSystem: fileSystem, store: store).keep(file: file.bytes)
    }
}
