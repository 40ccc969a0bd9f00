import HisuiBytes
public import HisuiEvent
public import HisuiFile
public import HisuiPolicy
public import HisuiStore

/// Retention over one store: looks what could go, and lets it go.
///
///     let run = RetentionRun(store: path, configuration: configuration, classes: classes)
///     let plan = try run.plan()                          // changes nothing
///     let done = try run.apply(actor: actor)             // exactly that, act by act
///
/// What is deleted are whole sealed segments from the old end of a stream whose newest record was
/// received before the term's beginning; see `Expiry` for the order of steps.
public struct RetentionRun: Sendable {
    let fileSystem: any FileSystem
    let store: String
    /// Nil: streams have the class of their own name, and nothing is deleted.
    let configuration: Configuration?
    let classes: RetentionClasses
    let calendar: RetentionCalendar
    let proofs: any DeletionProofs
    let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - proofs: the streams' trees.
    ///   - now: the machine's clock.
    public init(
        fileSystem: any FileSystem = RealFileSystem(), store: String,
        configuration: Configuration?, classes: RetentionClasses,
        proofs: any DeletionProofs, now: @escaping @Sendable () -> Timestamp
    ) {
        self.fileSystem = fileSystem
        self.store = store
        self.configuration = configuration
        self.classes = classes
        calendar =
            configuration?.retentionCalendar
            ?? RetentionCalendar(timeZone: .tokyo, fiscalYearStart: 4)
        self.proofs = proofs
        self.now = now
    }

    var expiry: Expiry { Expiry(fileSystem: fileSystem, store: store) }

    /// What could go.
    ///
    /// - Parameter at: as if it were that time; nil for now, and as far as the clock is believed.
    /// - Throws: that the store cannot be read. Files that are damaged are reasons of the plan.
    public func plan(at: Timestamp? = nil) throws(StoreError) -> RetentionPlan {
        let reader = try StoreReader(fileSystem: fileSystem, path: store)
        let snapshot = try reader.snapshot()
        let streams = snapshot.nextIndices.keys.sorted()
        var plan = RetentionPlan()
        for zone in Set(streams.map(\.zone)).sorted() {
            let time = now()
            let clock: ClockWitness.Verdict
            if let at {
                clock = .believed(at)
            } else {
                clock = ClockWitness.ask(time, try times(of: zone, snapshot))
            }
            for stream in streams where stream.zone == zone {
                plan.items.append(try item(stream, clock, at ?? time))
            }
        }
        return plan
    }

    /// Receive times and times of checkpoints of a zone.
    private func times(
        of zone: String, _ snapshot: Snapshot
    ) throws(StoreError) -> [Timestamp] {
        var times = snapshot.blocks.filter { $0.zone == zone }.flatMap {
            [$0.receivedRange.lowerBound, $0.receivedRange.upperBound]
        }
        for (stream, states) in snapshot.sourceStates where stream.zone == zone {
            times += states.map(\.lastReceived)
            times += try proofs.checkpointTimes(zone: zone, stream: stream.stream)
        }
        return times
    }

    private func item(
        _ stream: Snapshot.Stream, _ clock: ClockWitness.Verdict, _ time: Timestamp
    ) throws(StoreError) -> RetentionPlan.Item {
        let className = className(of: stream)
        var item = RetentionPlan.Item(
            zone: stream.zone, stream: stream.stream, className: className ?? stream.stream)
        if let configuration, configuration.zone != stream.zone {
            item.reasons.append(.otherZone)
        } else if className == nil {
            item.reasons.append(.unknownStream)
        }
        item.retention = classes.find(item.className)
        guard let retention = item.retention else {
            if item.reasons.isEmpty { item.reasons.append(.unknownClass) }
            item.oldest = try oldEnd(stream) { _ in false }.oldest
            return item
        }
        if !retention.isApproved(on: calendar.day(of: time)) {
            item.reasons.append(
                retention.approval.map { .approvedLater($0.on) } ?? .notApproved)
        }
        try look(stream, retention, clock, time, &item)
        return item
    }

    private func look(
        _ stream: Snapshot.Stream, _ retention: RetentionClass, _ clock: ClockWitness.Verdict,
        _ time: Timestamp, _ item: inout RetentionPlan.Item
    ) throws(StoreError) {
        var until = time
        switch clock {
        case .doubted(let newest): item.reasons.append(.clock(newest: newest))
        case .believed(let believed):
            if believed < time { item.reasons.append(.leap(believed: believed)) }
            until = believed
        }
        var next: Timestamp?
        let found = try oldEnd(stream) { segment in
            let end = calendar.end(
                of: retention.term, from: retention.start, received: segment.received.upperBound)
            next = end
            return end.map { $0 <= until } ?? false
        }
        item.oldest = found.oldest
        item.due = found.segments
        if retention.term == .forever {
            item.reasons.append(.forever)
        } else if item.due.isEmpty, found.obstacle == nil {
            item.reasons.append(.nothingDue(next: next))
        }
        if let obstacle = found.obstacle { item.reasons.append(.obstacle(obstacle)) }
    }

    private func oldEnd(
        _ stream: Snapshot.Stream, _ isWanted: (Expiry.Segment) -> Bool
    ) throws(StoreError) -> Expiry.OldEnd {
        for _ in 0..<32 {
            do throws(StoreError) {
                return try expiry.oldEnd(
                    zone: stream.zone, stream: stream.stream, while: isWanted)
            } catch {
                if error.code != .notFound { throw error }
            }
        }
        throw StoreError(.system, "files vanish faster than they can be read", path: store)
    }

    /// The class of a stream; nil if the configuration of its zone has no such stream.
    private func className(of stream: Snapshot.Stream) -> String? {
        guard let configuration, configuration.zone == stream.zone else { return stream.stream }
        return configuration.streams.first { $0.name == stream.stream }?.retentionClass
    }
}
