/// The files of an evidence bundle that are not its payload, and the places of those that are.
///
/// Later versions add files; these names stay.
public enum BagNames {
    public static let declaration = "bagit.txt"
    public static let info = "bag-info.txt"
    public static let tagManifest = "tagmanifest-sha256.txt"
    public static let payload = "data"
    /// The tag manifest, signed: a C2SP note. Added after bagging, so no manifest lists it.
    public static let seal = "seal/tagmanifest-sha256.note"

    public static func manifest(_ algorithm: BagManifest.Algorithm) -> String {
        "manifest-\(algorithm.rawValue).txt"
    }

    static let declarationText = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

    // MARK: Payload

    public static let readmeJapanese = "data/README.ja.md"
    public static let readmeEnglish = "data/README.en.md"
    public static let summary = "data/report/summary.json"
    public static func summary(_ language: ReportLanguage) -> String {
        "data/report/summary.\(language.rawValue).html"
    }
    public static func proves(_ language: ReportLanguage) -> String {
        "data/report/proves.\(language.rawValue).html"
    }
    public static let verification = "data/report/verification.json"
    public static let selected = "data/events/selected.jsonl"
    public static let findings = "data/findings/findings.jsonl"
    public static let rules = "data/findings/rules.tsv"
    public static let sources = "data/coverage/sources.tsv"
    public static let gaps = "data/coverage/gaps.tsv"
    public static let loss = "data/coverage/loss.tsv"
    public static let deletions = "data/retention/deletions.jsonl"
    public static let acts = "data/operations/acts.jsonl"
    public static let verifier = "data/verify/verify.py"

    /// Where checkpoints and keys of a stream's log stand. Folders, because names of zones and
    /// streams may have any mark in them that could stand between the two.
    public static func log(_ zone: String, _ stream: String) -> String {
        "data/log/\(zone)/\(stream)"
    }

    public static func proof(_ zone: String, _ stream: String, _ index: UInt64) -> String {
        "data/events/proofs/\(zone)/\(stream)/\(index).tlog-proof"
    }

    static let checkpoint = "checkpoint.txt"
    static let previousCheckpoint = "checkpoint-previous.txt"
    static let checkpoints = "checkpoints.txt"
    static let consistency = "consistency.txt"
    static let epochs = "epochs.txt"
    static let keys = "vkeys.txt"
}
