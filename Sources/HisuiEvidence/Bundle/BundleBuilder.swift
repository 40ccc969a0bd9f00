import HisuiBytes
public import HisuiEvent
public import HisuiFile
import HisuiProof
import HisuiStore

/// Makes an evidence bundle (監査証跡一式): examines the store, gathers what the period holds, and
/// writes it as a bag.
///
/// The same store, period, zones, trust and seed give the same payload, byte for byte.
public struct BundleBuilder {
    let fileSystem: any FileSystem
    let request: BundleRequest
    let now: Timestamp

    /// - Parameter now: for the date in bag-info.txt and nothing else.
    public init(fileSystem: any FileSystem, request: BundleRequest, now: Timestamp) {
        self.fileSystem = fileSystem
        self.request = request
        self.now = now
    }

    /// Makes the bundle.
    ///
    /// The act that records it is for the caller to write; `BundleResult.act` makes it.
    /// - Parameter progress: told how many records were examined.
    public func run(
        progress: @escaping (UInt64) -> Void = { _ in }
    ) throws(EvidenceError) -> BundleResult {
        guard request.since < request.until else {
            throw EvidenceError(
                .refused,
                Bilingual("the period is empty: --since must lie before --until", "対象期間が空です"))
        }
        var options = StoreVerifier.Options()
        options.zones = request.zones
        options.trust = request.trust
        let verifier = StoreVerifier(
            fileSystem: fileSystem, store: request.store, options: options)
        var logs: [Snapshot.Stream: StoreVerifier.ExaminedLog] = [:]
        let verdict = try verifier.run(progress: progress, examined: { logs[$0.stream] = $0 })
        var gathered = BundleContent(request: request, verdict: verdict)
        try gathered.gather(fileSystem, logs)

        let bag = try BagWriter(fileSystem: fileSystem, path: request.out)
        try writeLogs(gathered, to: bag)
        try writeRecords(&gathered, to: bag)
        try writeTables(gathered, to: bag)
        let tags = try bag.finish(info: info(gathered))
        let note = try seal(tags)
        if let note { try bag.seal(note) }
        return BundleResult(
            path: request.out, digest: HexText.text(BagDigest.of(tags, .sha256)),
            isSealed: note != nil, verdict: verdict, records: gathered.report.records,
            findings: gathered.report.findings.count, attached: gathered.selected.count,
            remarks: gathered.remarks)
    }

    // MARK: Files

    private func writeLogs(
        _ content: BundleContent, to bag: BagWriter
    ) throws(EvidenceError) {
        for part in content.logs {
            try part.write(
                to: bag, tree: tree(part.stream),
                lookup: RecordLookup(
                    content.snapshot(of: part.stream), part.stream, edges: edges(part.stream)))
        }
    }

    private func tree(_ stream: Snapshot.Stream) -> TreeReader {
        let path = Filenames.streamPath(
            store: request.store, zone: stream.zone, stream: stream.stream)
        return TreeReader(fileSystem: fileSystem, folder: Path.join(path, Filenames.tree))
    }

    /// What deletions left of leaves; without it some proofs cannot be made, which is told.
    private func edges(_ stream: Snapshot.Stream) -> [Expiry.Edge] {
        let expiry = Expiry(fileSystem: fileSystem, store: request.store)
        return (try? expiry.edges(zone: stream.zone, stream: stream.stream)) ?? []
    }

    /// Records with their proofs; one that cannot be proved is left out and counted.
    private func writeRecords(
        _ content: inout BundleContent, to bag: BagWriter
    ) throws(EvidenceError) {
        let file = try bag.begin(BagNames.selected)
        var kept: [SelectedRecord] = []
        for part in content.logs where part.stream != .acts {
            guard let last = part.last else { continue }
            let lookup = RecordLookup(
                content.snapshot, part.stream, edges: edges(part.stream))
            let tree = tree(part.stream)
            for record in content.selected
            where record.zone == part.stream.zone && record.stream == part.stream.stream {
                guard let proof = proof(record, last, tree, lookup) else { continue }
                try file.append(record.line)
                try bag.add(
                    BagNames.proof(record.zone, record.stream, record.index), proof.encoded)
                kept.append(record)
            }
        }
        try bag.end(file)
        content.keep(kept)
    }

    private func proof(
        _ record: SelectedRecord, _ last: PlacedCheckpoint, _ tree: TreeReader,
        _ lookup: RecordLookup
    ) -> TlogProof? {
        let checkpoint = last.checkpoint
        guard record.index < checkpoint.size,
            let hashes = try? tree.inclusionProof(
                index: record.index, size: checkpoint.size, leaves: lookup.leaves),
            MerkleProof.verifyInclusion(
                leaf: record.leaf, index: record.index, size: checkpoint.size, proof: hashes,
                root: checkpoint.root)
        else { return nil }
        return TlogProof(index: record.index, hashes: hashes, note: last.note)
    }

    private func writeTables(
        _ content: BundleContent, to bag: BagWriter
    ) throws(EvidenceError) {
        let report = content.report
        try bag.add(BagNames.readmeJapanese, request.shipped.readmeJapanese)
        try bag.add(BagNames.readmeEnglish, request.shipped.readmeEnglish)
        try bag.add(BagNames.verifier, request.shipped.verifier)
        try bag.add(BagNames.summary, report.json)
        for language in ReportLanguage.allCases {
            try bag.add(BagNames.summary(language), SummaryPage.bytes(report, language))
            try bag.add(BagNames.proves(language), ProvesPage.bytes(report, language))
        }
        try bag.add(BagNames.verification, report.verdict.json)
        try bag.add(BagNames.findings, content.findingLines)
        try bag.add(BagNames.rules, report.rulesTable(content.ruleDigests))
        try bag.add(BagNames.sources, report.sourcesTable)
        try bag.add(BagNames.gaps, report.gapsTable)
        try bag.add(BagNames.loss, report.lossTable)
        try bag.add(BagNames.deletions, content.deletionLines)
        try bag.add(BagNames.acts, content.actLines)
    }

    private func info(_ content: BundleContent) -> [(name: String, value: String)] {
        var info: [(name: String, value: String)] = []
        if !request.organization.isEmpty {
            info.append(("Source-Organization", request.organization))
        }
        info += [
            ("Bagging-Date", String(TimeFormat.utc(now).prefix(10))),
            ("Bag-Software-Agent", request.agent),
            ("Hisui-Bundle-Format", "1"),
            ("Hisui-Store", content.report.storeID),
            ("Hisui-Period-Start", TimeFormat.utc(request.since)),
            ("Hisui-Period-End", TimeFormat.utc(request.until)),
            ("Hisui-Sample-Seed", String(request.seed)),
        ]
        for part in content.logs {
            guard let last = part.last else { continue }
            info.append(("Hisui-Log-Origin", last.checkpoint.origin))
            info.append(("Hisui-Tree-Size", String(last.checkpoint.size)))
        }
        return info
    }

    /// The tag manifest, signed with the key of the acts; nil where the key cannot be had, as on a
    /// copy of a store.
    private func seal(_ tags: [UInt8]) throws(EvidenceError) -> [UInt8]? {
        let folder = Path.join(
            Path.join(request.store, Filenames.keys), Filenames.acts)
        guard
            var key = try? fileSystem.bytes(
                Path.join(folder, ProofNames.zoneKey), from: 0, count: 4096)
        else { return nil }
        defer { for index in key.indices { key[index] = 0 } }
        let text = key.last == 0x0A ? key.dropLast() : key[...]
        do throws(ProofError) {
            let signer = try NoteSigner(skey: text)
            return SignedNote(text: String(decoding: tags, as: UTF8.self), signers: [signer])
                .encoded
        } catch {
            throw EvidenceError(.refused, Bilingual("\(error)", "\(error)"))
        }
    }
}

extension BundleResult {
    /// The act that records the bundle.
    public func act(_ request: BundleRequest, actor: Actor, time: Timestamp) -> Act {
        Act(
            .evidence, time: time, actor: actor,
            fields: [
                ("bundle.path", .text(path)), ("bundle.sha256", .text(digest)),
                ("bundle.sealed", .boolean(isSealed)),
                ("period.since", .text(TimeFormat.utc(request.since))),
                ("period.until", .text(TimeFormat.utc(request.until))),
                ("zones", .list(request.zones.map { $0.sorted() } ?? [])),
                ("sample.seed", .text(String(request.seed))),
                ("records", .integer(Int64(clamping: records))),
                ("findings", .integer(Int64(findings))),
                ("records.attached", .integer(Int64(attached))),
                ("verification.sound", .boolean(verdict.isSound)),
                ("verification.problems", .integer(Int64(verdict.problems.count))),
            ])
    }
}
