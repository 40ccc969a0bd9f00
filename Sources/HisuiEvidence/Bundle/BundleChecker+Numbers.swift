import HisuiEvent
import HisuiStore

// The numbers of the report, counted again in the files of the bundle.
extension BundleChecker {
    mutating func checkNumbers(_ records: [SelectedRecord]) throws(BagFolder.Failure) {
        let file = BagNames.summary
        guard let bytes = try read(file) else { return }
        guard let members = JSONMember.object(bytes) else {
            problem(.malformed, file, "is no JSON object", "JSON として読めません")
            return
        }
        var counted: [(name: String, value: Int64)] = []
        let behind = records.count { $0.reason == .finding }
        counted.append(("records.behind_findings", Int64(behind)))
        counted.append(("records.sampled", Int64(records.count - behind)))
        try countSources(&counted)
        let findings = lines(try read(BagNames.findings) ?? [])
        counted.append(("findings", Int64(findings.count)))
        checkLevels(findings, members["findings.by_level"])
        counted.append(("deletions", Int64(lines(try read(BagNames.deletions) ?? []).count)))
        checkKinds(lines(try read(BagNames.acts) ?? []), members["acts.by_kind"])
        let gaps = TabText.rows(try read(BagNames.gaps) ?? [])
        counted.append(("gaps", Int64(gaps.count)))
        for (name, value) in counted where members[name]?.integer != value {
            let said = members[name]?.integer.map(String.init) ?? "-"
            problem(
                .contradiction, file, "\(name) is \(said); counted again it is \(value)",
                "\(name) は \(said) ですが、数え直すと \(value) です")
        }
        checkTrees(members["streams"])
        try checkRules(findings)
    }

    private func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: 0x0A).map { Array($0) }
    }

    private mutating func countSources(
        _ counted: inout [(name: String, value: Int64)]
    ) throws(BagFolder.Failure) {
        let rows = TabText.rows(try read(BagNames.sources) ?? [])
        counted.append(("sources", Int64(rows.count)))
        func sum(_ column: Int) -> Int64 {
            rows.reduce(0) { total, row in
                let value = column < row.count ? Int64(row[column]) ?? 0 : 0
                return total &+ value
            }
        }
        counted.append(("offered", sum(7)))
        counted.append(("stored", sum(8)))
        counted.append(("deduplicated", sum(9)))
        counted.append(("dropped", sum(10)))
        for row in rows where row.count == 12 {
            let numbers = row[7...10].compactMap { Int64($0) }
            guard numbers.count == 4,
                numbers[0] == numbers[1] &+ numbers[2] &+ numbers[3]
            else {
                problem(
                    .contradiction, BagNames.sources,
                    "the accounts of \(row[0])/\(row[2]) do not add up",
                    "\(row[0])/\(row[2]) の収支が一致しません")
                continue
            }
        }
    }

    private mutating func checkLevels(_ findings: [[UInt8]], _ said: JSONMember?) {
        var counts: [String: Int64] = [:]
        for line in findings {
            let level = JSONMember.object(line)?["rule.level"]?.text ?? ""
            counts[level, default: 0] += 1
        }
        guard case .other(let bytes) = said, let members = JSONMember.object(bytes) else {
            problem(
                .malformed, BagNames.summary, "findings.by_level is missing",
                "findings.by_level がありません")
            return
        }
        for level in BundleReport.levels where members[level]?.integer != counts[level] ?? 0 {
            problem(
                .contradiction, BagNames.summary,
                "findings of level \(level) are \(counts[level] ?? 0), counted again",
                "重要度 \(level) の検知は、数え直すと \(counts[level] ?? 0) 件です")
        }
    }

    private mutating func checkKinds(_ acts: [[UInt8]], _ said: JSONMember?) {
        var counts: [String: Int64] = [:]
        for line in acts {
            guard let act = try? Act(decoding: line.span) else {
                problem(
                    .altered, BagNames.acts, "a line is no act", "操作記録として読めない行があります")
                continue
            }
            counts[act.kind.rawValue, default: 0] += 1
        }
        guard case .other(let bytes) = said, let members = JSONMember.object(bytes),
            members.count == counts.count,
            counts.allSatisfy({ members[$0.key]?.integer == $0.value })
        else {
            problem(
                .contradiction, BagNames.summary, "acts.by_kind is not what the acts are",
                "acts.by_kind が操作記録の件数と一致しません")
            return
        }
    }

    /// Sizes and roots of the report are those of the checkpoints.
    private mutating func checkTrees(_ said: JSONMember?) {
        guard case .other(let bytes) = said else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        for log in selectedLogs {
            let wanted =
                "\"size\":\(log.size),\"root\":\"\(log.root)\""
            if !text.contains(wanted) {
                problem(
                    .contradiction, BagNames.summary,
                    "size and root of \(log.stream.zone)/\(log.stream.stream) are not those of "
                        + "its checkpoint",
                    "\(log.stream.zone)/\(log.stream.stream) の葉数・ルートハッシュが"
                        + "チェックポイントと一致しません")
            }
        }
    }

    /// Rules and the numbers of their findings.
    private mutating func checkRules(_ findings: [[UInt8]]) throws(BagFolder.Failure) {
        var counts: [String: Int64] = [:]
        for line in findings {
            let rule = JSONMember.object(line)?["rule.id"]?.text ?? ""
            counts[rule, default: 0] += 1
        }
        let rows = TabText.rows(try read(BagNames.rules) ?? [])
        var listed: [String: Int64] = [:]
        for row in rows where row.count == 6 { listed[row[0]] = Int64(row[5]) }
        if listed != counts {
            problem(
                .contradiction, BagNames.rules, "does not count the findings as they are",
                "検知の件数が findings.jsonl と一致しません")
        }
    }
}
