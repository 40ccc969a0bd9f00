import HisuiEvent
import HisuiProof
import HisuiStore

/// The tables of a bundle, made from its report.
extension BundleReport {
    /// `coverage/sources.tsv`.
    var sourcesTable: [UInt8] {
        var table = TabText([
            "zone", "stream", "source", "kind", "records_in_period", "first_received",
            "last_received", "offered_total", "stored_total", "deduplicated_total",
            "dropped_total", "gaps_total",
        ])
        for source in sources {
            table.add([
                source.zone, source.stream, source.source, source.kind, String(source.records),
                source.first.map { TimeFormat.utc($0) } ?? "",
                source.last.map { TimeFormat.utc($0) } ?? "", String(source.account.offered),
                String(source.account.stored), String(source.account.deduplicated),
                String(source.account.dropped), String(source.account.gaps),
            ])
        }
        return table.bytes
    }

    /// `coverage/gaps.tsv`: gaps detected in the period.
    var gapsTable: [UInt8] {
        var table = TabText(["zone", "stream", "source", "detected", "records", "cause"])
        for entry in gaps {
            table.add([
                entry.zone, entry.stream, entry.gap.source, TimeFormat.utc(entry.gap.detected),
                entry.gap.count.map(String.init) ?? "unknown", entry.gap.cause,
            ])
        }
        return table.bytes
    }

    /// `coverage/loss.tsv`: drops by reason, totals since the source was first seen, and within
    /// which time they came, where it is known.
    var lossTable: [UInt8] {
        var table = TabText([
            "zone", "stream", "source", "reason", "dropped_total", "first", "last",
        ])
        for source in sources {
            for reason in DropReason.allCases where source.account[reason] > 0 {
                let span = source.account.dropSpans[reason]
                table.add([
                    source.zone, source.stream, source.source, reason.name,
                    String(source.account[reason]), span.map { TimeFormat.utc($0.first) } ?? "",
                    span.map { TimeFormat.utc($0.last) } ?? "",
                ])
            }
        }
        return table.bytes
    }

    /// `findings/rules.tsv`: rules that found something in the period.
    func rulesTable(_ digests: [String: String]) -> [UInt8] {
        var table = TabText(["id", "title", "title_ja", "level", "digest", "findings"])
        var counts: [String: Int] = [:]
        for finding in findings { counts[finding.rule, default: 0] += 1 }
        var seen: Set<String> = []
        for finding in findings.sorted(by: { $0.rule < $1.rule })
        where seen.insert(finding.rule).inserted {
            table.add([
                finding.rule, finding.title.english, finding.title.japanese, finding.level,
                digests[finding.rule] ?? "", String(counts[finding.rule] ?? 0),
            ])
        }
        return table.bytes
    }
}

extension StoreVerdict {
    /// `report/verification.json`: what the examination at creation found.
    var json: [UInt8] {
        var out = JSONObject()
        out.add("sound", isSound)
        out.add("full", isFull)
        switch anchor {
        case .selfConsistent: out.add("anchor", "self-consistent")
        case .trusted(let checkpoints):
            out.add("anchor", "trusted")
            out.add("anchor.checkpoints", checkpoints)
        }
        out.add("records_read", recordsRead)
        out.add(
            "streams",
            streams.map { stream in
                var object = JSONObject()
                object.add("zone", stream.stream.zone)
                object.add("stream", stream.stream.stream)
                object.add("records", stream.records)
                object.add("first", stream.firstIndex)
                object.add("end", stream.endIndex)
                object.add("checkpoints", stream.checkpoints)
                object.add("size", stream.size)
                object.add("root", stream.root?.base64)
                object.add("sound", stream.isSound)
                return object
            })
        out.add("problems", problems.map { $0.object })
        out.add(
            "notes",
            notes.map { note in
                var object = JSONObject()
                object.add("zone", note.zone)
                object.add("stream", note.stream)
                object.add("what", note.what.english)
                object.add("what_ja", note.what.japanese)
                return object
            })
        return out.line
    }
}

extension StoreProblem {
    var object: JSONObject {
        var out = JSONObject()
        out.add("problem", kind.rawValue)
        out.add("zone", zone)
        out.add("stream", stream)
        out.add("file", file)
        out.add("section", section)
        if let offset { out.add("offset", offset) }
        if let indices {
            out.add("index.first", indices.lowerBound)
            out.add("index.end", indices.upperBound)
        }
        out.add("what", what.english)
        out.add("what_ja", what.japanese)
        return out
    }

    /// The problem as a line of JSON.
    public var jsonLine: [UInt8] { object.line }
}
