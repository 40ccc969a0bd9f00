import HisuiBytes
import HisuiEvent
import HisuiStore

/// The numbers of a bundle: what `summary.json` holds and the pages show.
///
/// Every number can be counted again in a file of the bundle; `BundleChecker` does.
struct BundleReport {
    struct Stream {
        var zone: String
        var stream: String
        /// Records received in the period.
        var records: UInt64 = 0
        /// Leaves of the log at the beginning and at the end of the period.
        var previousSize: UInt64 = 0
        var size: UInt64 = 0
        var root = ""
        var checkpoints = 0
        var lastCheckpoint: Timestamp?
    }

    /// One source, by the store's accounts.
    struct Source {
        var zone: String
        var stream: String
        var source: String
        var kind: String
        /// Records received in the period, and the first and last of them.
        var records: UInt64 = 0
        var first: Timestamp?
        var last: Timestamp?
        /// Totals since the source was first seen.
        var account = Account()
    }

    struct Gap {
        var zone: String
        var stream: String
        var gap: HisuiEvent.Gap
    }

    struct Finding {
        var id: String
        var zone: String
        /// When it was found.
        var time: Timestamp
        /// When the first of its events happened.
        var firstEvent: Timestamp?
        var state: String
        var rule: String
        var title: Bilingual
        var level: String
        var count: UInt64
        var entities: [String]
    }

    struct Deletion {
        var zone: String
        var stream: String
        var time: Timestamp
        var first: UInt64
        var end: UInt64
        var policy: String
        var approvedBy: String
    }

    var storeID = ""
    var zones: [String] = []
    var since = Timestamp(nanoseconds: 0)
    var until = Timestamp(nanoseconds: 0)
    var streams: [Stream] = []
    var sources: [Source] = []
    var gaps: [Gap] = []
    var findings: [Finding] = []
    var deletions: [Deletion] = []
    /// Acts of the period by kind, by name.
    var acts: [(kind: String, count: UInt64)] = []
    var recordsBehindFindings = 0
    var recordsSampled = 0
    /// Records behind findings that were left out, by the bound or because no proof exists.
    var recordsLeftOut = 0
    var seed: UInt64 = 0
    var verdict: StoreVerdict

    init(verdict: StoreVerdict) { self.verdict = verdict }

    /// Levels, the gravest first.
    static let levels = ["critical", "high", "medium", "low", "informational"]

    func count(ofLevel level: String) -> Int { findings.count { $0.level == level } }

    /// Records of zones; acts are counted by kind.
    var records: UInt64 {
        streams.reduce(0) { $0 + ($1.zone == Filenames.acts ? 0 : $1.records) }
    }

    /// The accounts of all sources together.
    var account: Account {
        sources.reduce(into: Account()) { $0.add($1.account) }
    }
}

extension BundleReport {
    /// `summary.json`: one object, a line.
    var json: [UInt8] {
        var out = JSONObject()
        out.add("format", "hisui-evidence 1")
        out.add("store", storeID)
        out.add("period.since", TimeFormat.utc(since))
        out.add("period.until", TimeFormat.utc(until))
        out.add("zones", zones)
        out.add("records", records)
        out.add("records.behind_findings", recordsBehindFindings)
        out.add("records.sampled", recordsSampled)
        out.add("records.left_out", recordsLeftOut)
        out.add("sample.seed", String(seed))
        out.add("sources", sources.count)
        let account = account
        out.add("offered", account.offered)
        out.add("stored", account.stored)
        out.add("deduplicated", account.deduplicated)
        out.add("dropped", account.dropped)
        out.add("gaps", gaps.count)
        out.add("findings", findings.count)
        var levels = JSONObject()
        for level in Self.levels { levels.add(level, count(ofLevel: level)) }
        out.add("findings.by_level", levels)
        var kinds = JSONObject()
        for (kind, count) in acts { kinds.add(kind, count) }
        out.add("acts.by_kind", kinds)
        out.add("deletions", deletions.count)
        out.add("verification.sound", verdict.isSound)
        out.add("verification.problems", verdict.problems.count)
        out.add("streams", streams.map(\.json))
        return out.line
    }
}

extension BundleReport.Stream {
    fileprivate var json: JSONObject {
        var out = JSONObject()
        out.add("zone", zone)
        out.add("stream", stream)
        out.add("records", records)
        out.add("size.previous", previousSize)
        out.add("size", size)
        out.add("root", root)
        out.add("checkpoints", checkpoints)
        out.add("checkpoint.time", lastCheckpoint.map { TimeFormat.utc($0) })
        return out
    }
}

/// Times in reports.
enum TimeFormat {
    /// RFC 3339 in UTC, with as many digits as nanoseconds have.
    static func utc(_ time: Timestamp) -> String { time == .none ? "-" : time.utcText }

    /// For people, in the time of Japan: `2026-11-23 14:05:00+09:00`.
    static func japan(_ time: Timestamp) -> String {
        guard time != .none else { return "-" }
        return time.text(offsetSeconds: 9 * 3600).map { $0 == "T" ? " " : String($0) }.joined()
    }
}
