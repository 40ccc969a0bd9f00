import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore

/// What a period holds, gathered for a bundle.
struct BundleContent {
    let request: BundleRequest
    var report: BundleReport
    /// Of zones, and of the acts.
    private(set) var snapshot = Snapshot()
    private var actsSnapshot = Snapshot()
    private(set) var logs: [LogPart] = []
    private(set) var selected: [SelectedRecord] = []
    private(set) var findingLines: [UInt8] = []
    private(set) var deletionLines: [UInt8] = []
    private(set) var actLines: [UInt8] = []
    private(set) var ruleDigests: [String: String] = [:]
    private(set) var remarks: [Bilingual] = []
    /// Findings of the period in their last state, by id, in order of their first act.
    private var findings: [(id: String, act: StoredAct, line: [UInt8])] = []

    /// Records of one finding that are attached: enough to see what it was.
    static let recordsPerFinding = 200

    init(request: BundleRequest, verdict: StoreVerdict) {
        self.request = request
        report = BundleReport(verdict: verdict)
        report.since = request.since
        report.until = request.until
        report.seed = request.seed
    }

    func snapshot(of stream: Snapshot.Stream) -> Snapshot {
        stream == .acts ? actsSnapshot : snapshot
    }

    mutating func gather(
        _ fileSystem: any FileSystem, _ examined: [Snapshot.Stream: StoreVerifier.ExaminedLog]
    ) throws(EvidenceError) {
        do throws(StoreError) {
            let reader = try StoreReader(fileSystem: fileSystem, path: request.store)
            actsSnapshot = try reader.snapshot(acts: true)
            snapshot = try reader.snapshot(zones: request.zones)
            for stream in examined.keys.sorted() {
                guard let log = examined[stream] else { continue }
                logs.append(
                    LogPart(
                        stream, checkpoints: log.checkpoints, keys: log.keys, epochs: log.epochs,
                        since: request.since, until: request.until))
            }
            try gatherActs()
            try gatherStreams()
            try select()
        } catch {
            throw EvidenceError(store: error)
        }
        report.storeID =
            logs.compactMap { $0.keys.first?.name.split(separator: "/").dropFirst().first }.first
            .map(String.init) ?? ""
    }

    // MARK: Acts

    /// Whether an act belongs into the bundle: of the whole store, or of a zone that was asked for.
    private func isWanted(_ act: Act) -> Bool {
        guard let zones = request.zones, let zone = act.zone else { return true }
        return zones.contains(zone)
    }

    private mutating func gatherActs() throws(StoreError) {
        var kinds: [String: UInt64] = [:]
        var record: [UInt8] = []
        for block in actsSnapshot.blocks {
            for row in 0..<block.count {
                record.removeAll(keepingCapacity: true)
                try block.appendRecord(row: row, to: &record)
                guard let act = try? Act(decoding: record.span), act.time >= request.since,
                    act.time < request.until, isWanted(act)
                else { continue }
                let line = record + [0x0A]
                actLines += line
                kinds[act.kind.rawValue, default: 0] += 1
                let stored = StoredAct(index: block.firstIndex + UInt64(row), act: act)
                switch act.kind {
                case .finding: take(finding: stored, line)
                case .deletion: take(deletion: act, line)
                default: break
                }
            }
            block.dropCaches()
        }
        report.acts = kinds.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        for (id, stored, line) in findings {
            findingLines += line
            report.findings.append(Self.finding(id, stored.act))
            if let digest = stored.act.text("rule.digest"), let rule = stored.act.text("rule.id") {
                ruleDigests[rule] = digest
            }
        }
    }

    private mutating func take(finding stored: StoredAct, _ line: [UInt8]) {
        let id = stored.act.text("finding.id") ?? "act-\(stored.index)"
        if let known = findings.firstIndex(where: { $0.id == id }) {
            findings[known] = (id, stored, line)
        } else {
            findings.append((id, stored, line))
        }
    }

    private static func finding(_ id: String, _ act: Act) -> BundleReport.Finding {
        let title = act.text("rule.title") ?? ""
        var entities: [String] = []
        for field in act.fields where field.name.hasPrefix("entity.") {
            entities += act.list(field.name) ?? []
        }
        return BundleReport.Finding(
            id: id, zone: act.zone ?? "", time: act.time,
            firstEvent: act.text("events.first").flatMap { Timestamp(rfc3339: $0) },
            state: act.text("finding.state") ?? "", rule: act.text("rule.id") ?? "",
            title: Bilingual(title, act.text("rule.title_ja") ?? title),
            level: act.text("rule.level") ?? "",
            count: UInt64(clamping: act.integer("events.count") ?? 0), entities: entities)
    }

    private mutating func take(deletion act: Act, _ line: [UInt8]) {
        deletionLines += line
        let first = act.integer("leaves.first") ?? 0
        let end = act.integer("leaves.end") ?? first
        guard first >= 0, end >= first else { return }
        report.deletions.append(
            BundleReport.Deletion(
                zone: act.zone ?? "", stream: act.text("stream") ?? "", time: act.time,
                first: UInt64(first), end: UInt64(max(end, first + 1)),
                policy: act.text("policy.id") ?? "",
                approvedBy: act.text("approved_by") ?? ""))
    }

    // MARK: Streams and sources

    private mutating func gatherStreams() throws(StoreError) {
        let since = request.since.nanoseconds
        let until = request.until.nanoseconds
        for part in logs {
            var stream = BundleReport.Stream(zone: part.stream.zone, stream: part.stream.stream)
            stream.previousSize = part.previous?.checkpoint.size ?? 0
            if let last = part.last {
                stream.size = last.checkpoint.size
                stream.root = last.checkpoint.root.base64
                stream.lastCheckpoint = last.checkpoint.time
            }
            stream.checkpoints = part.between.count
            if part.stream == .acts {
                stream.records = report.acts.reduce(0) { $0 + $1.count }
                report.streams.append(stream)
                continue
            }
            var sources: [String: BundleReport.Source] = [:]
            for state in snapshot.sourceStates[part.stream] ?? [] {
                var source = BundleReport.Source(
                    zone: part.stream.zone, stream: part.stream.stream, source: state.source.id,
                    kind: "\(state.source.kind)")
                source.account = state.account
                sources[state.source.id] = source
            }
            for block in blocks(of: part.stream)
            where block.receivedRange.upperBound.nanoseconds >= since
                && block.receivedRange.lowerBound.nanoseconds < until
            {
                stream.records += try count(block, since..<until, &sources)
            }
            report.streams.append(stream)
            report.sources += sources.values.sorted { $0.source < $1.source }
            for gap in snapshot.gaps[part.stream] ?? []
            where gap.detected.nanoseconds >= since && gap.detected.nanoseconds < until {
                report.gaps.append(
                    BundleReport.Gap(
                        zone: part.stream.zone, stream: part.stream.stream, gap: gap))
            }
        }
        report.zones = Set(report.streams.map(\.zone)).subtracting([Filenames.acts]).sorted()
    }

    private func blocks(of stream: Snapshot.Stream) -> [Block] {
        snapshot.blocks.filter { $0.zone == stream.zone && $0.stream == stream.stream }
    }

    private func count(
        _ block: Block, _ period: Range<Int64>, _ sources: inout [String: BundleReport.Source]
    ) throws(StoreError) -> UInt64 {
        let received = try block.received()
        let numbers = try block.sourceNumbers()
        var counts = [UInt64](repeating: 0, count: block.sources.count)
        var least = [Int64](repeating: .max, count: block.sources.count)
        var greatest = [Int64](repeating: .min, count: block.sources.count)
        for row in 0..<block.count where period.contains(received[row]) {
            let number = Int(numbers[row])
            counts[number] += 1
            least[number] = min(least[number], received[row])
            greatest[number] = max(greatest[number], received[row])
        }
        for (number, source) in block.sources.enumerated() where counts[number] > 0 {
            guard var entry = sources[source.id] else { continue }
            entry.records += counts[number]
            let first = Timestamp(nanoseconds: least[number])
            let last = Timestamp(nanoseconds: greatest[number])
            entry.first = min(entry.first ?? first, first)
            entry.last = max(entry.last ?? last, last)
            sources[source.id] = entry
        }
        block.dropCaches()
        return counts.reduce(0, +)
    }

    // MARK: Records

    /// Chooses records: those behind findings, the gravest first, then a random sample.
    private mutating func select() throws(StoreError) {
        var wanted: [RecordReference: [String]] = [:]
        let rank = { (level: String) in BundleReport.levels.firstIndex(of: level) ?? 9 }
        let ordered = findings.enumerated().sorted { a, b in
            (rank(a.element.act.act.text("rule.level") ?? ""), a.offset)
                < (rank(b.element.act.act.text("rule.level") ?? ""), b.offset)
        }
        for (_, finding) in ordered {
            let events = finding.act.act.list("events") ?? []
            for event in events.prefix(Self.recordsPerFinding) {
                guard let reference = RecordReference(event),
                    wanted[reference] != nil || wanted.count < Limits.bundleRecordsMax
                else { continue }
                wanted[reference, default: []].append(finding.id)
            }
        }
        for part in logs where part.stream != .acts {
            let end = part.last?.checkpoint.size ?? 0
            var indices = Set(wanted.keys.filter { $0.stream == part.stream }.map(\.index))
            let evidence = indices
            indices.formUnion(try sample(part.stream, below: end))
            let lookup = RecordLookup(snapshot, part.stream)
            for index in indices.sorted() where index < end {
                let reason: SelectedRecord.Reason =
                    evidence.contains(index) ? .finding : .sample
                guard var record = try lookup.record(index, reason) else { continue }
                if let reference = RecordReference(
                    "\(part.stream.zone)/\(part.stream.stream)/\(index)")
                {
                    record.findings = wanted[reference] ?? []
                }
                selected.append(record)
            }
        }
        let all = Set(findings.flatMap { $0.act.act.list("events") ?? [] })
        report.recordsLeftOut = all.count
    }

    private func sample(
        _ stream: Snapshot.Stream, below end: UInt64
    ) throws(StoreError) -> [UInt64] {
        var reservoir = Reservoir(
            capacity: request.sample, seed: request.seed,
            name: "\(stream.zone)/\(stream.stream)")
        let period = request.since.nanoseconds..<request.until.nanoseconds
        for block in blocks(of: stream)
        where block.receivedRange.upperBound.nanoseconds >= period.lowerBound
            && block.receivedRange.lowerBound.nanoseconds < period.upperBound
        {
            let received = try block.received()
            for row in 0..<block.count where period.contains(received[row]) {
                let index = block.firstIndex + UInt64(row)
                if index < end { reservoir.offer(index) }
            }
            block.dropCaches()
        }
        return reservoir.drawn
    }

    /// Notes which records could be proved and are in the bundle.
    mutating func keep(_ kept: [SelectedRecord]) {
        let lost = selected.count - kept.count
        selected = kept
        let behind = kept.count { $0.reason == .finding }
        report.recordsBehindFindings = behind
        report.recordsSampled = kept.count - behind
        report.recordsLeftOut = max(0, report.recordsLeftOut - behind)
        if lost > 0 {
            remarks.append(
                Bilingual(
                    "\(lost) records could not be proved and were left out",
                    "証明を作成できない原文 \(lost) 件は添付していません"))
        }
        if report.recordsLeftOut > 0 {
            remarks.append(
                Bilingual(
                    "\(report.recordsLeftOut) records behind findings are not attached",
                    "検知の根拠のうち \(report.recordsLeftOut) 件は添付していません"))
        }
    }
}
