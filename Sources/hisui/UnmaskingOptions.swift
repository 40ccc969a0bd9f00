import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPipeline
import HisuiPolicy
import HisuiStore

/// Why somebody searches, and whether records show whom they are about.
///
/// Whoever can read the store's files can read the numbers in them without Hisui. What this does
/// is that nobody sees them by mistake, and that who asks for them says why and is on record.
struct UnmaskingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            say("Why you search; recorded with the search.", "検索の目的（操作記録に残ります）。"),
            valueName: "text"))
    var purpose: String?

    @Flag(
        help: ArgumentHelp(
            say(
                "Show whom records are about, by number. Needs --purpose, --config and a role.",
                "記録の対象者を仮名でなく番号のまま表示します。--purpose と --config、および権限が必要です。")))
    var unmask = false

    @Option(
        help: ArgumentHelp(
            say(
                "The configuration that says which roles you have, for --unmask.",
                "あなたの権限を定める設定ファイル（--unmask に必要）。"), valueName: "file"))
    var config: String?

    static let withValue: Set = ["--purpose", "--config"]

    /// Bytes of a purpose that are recorded.
    private static let purposeBytesMax = 1024

    /// Roles that may see whom records are about: who investigates, and who checks.
    private static let roles: Set<Configuration.Role> = [.analyst, .auditor]

    func validate() throws {
        if let purpose {
            let isEmpty = purpose.allSatisfy(\.isWhitespace)
            guard !isEmpty, purpose.utf8.count <= Self.purposeBytesMax else {
                throw ValidationError(
                    say(
                        "--purpose needs a text of at most \(Self.purposeBytesMax) bytes",
                        "--purpose には \(Self.purposeBytesMax) バイト以内の文を指定してください"))
            }
        }
        guard unmask else {
            if config != nil {
                throw ValidationError(
                    say("--config is for --unmask", "--config は --unmask と併用してください"))
            }
            return
        }
        if purpose == nil || config == nil {
            throw ValidationError(
                say(
                    "--unmask needs --purpose TEXT, which is recorded, and --config FILE, which "
                        + "says who may",
                    "--unmask には --purpose（操作記録に残る目的）と --config（権限を定める設定ファイル）が必要です"
                ))
        }
    }

    /// What the act of the search says of it.
    var purposeFields: [Act.Field] { purpose.map { [("purpose", .text($0))] } ?? [] }

    /// Acts have nothing that is masked.
    func refuseForActs() throws(Failure) {
        if unmask {
            throw Failure(
                .usage,
                say("acts have nothing to unmask", "操作記録に、伏せられた値はありません"))
        }
    }

    /// The snapshot as it is shown to the person at the command line.
    ///
    /// - Throws: that this person may not, which is recorded as a search that was refused.
    func applied(
        to snapshot: Snapshot, _ store: String, _ record: SearchRecord
    ) throws(Failure) -> Snapshot {
        guard unmask, let config else { return snapshot }
        record.add([("unmasked", .boolean(true))])
        do throws(Failure) {
            let zones = Self.zones(of: snapshot).sorted()
            record.add(try permission(by: config, store, zones: zones))
        } catch {
            record.write("refused")
            throw error
        }
        return unmasked(snapshot, Self.zones(of: snapshot))
    }

    /// The zones that a snapshot is of.
    static func zones(of snapshot: Snapshot) -> Set<String> {
        Set(snapshot.nextIndices.keys.map(\.zone))
    }

    /// A later snapshot as it is shown: zones that were made after it was permitted stay masked.
    func unmasked(_ snapshot: Snapshot, _ permitted: Set<String>) -> Snapshot {
        unmask ? snapshot.unmasked(in: permitted) : snapshot
    }

    /// What permits it, for the act.
    private func permission(
        by file: String, _ store: String, zones: [String]
    ) throws(Failure) -> [Act.Field] {
        guard let configuration = try ConfigurationFile.load(file).configuration else {
            throw Failure(
                .refused,
                say(
                    "\(file) is no valid configuration: see hisui check config",
                    "\(file) は有効な設定ではありません（hisui check config で確認できます）"))
        }
        guard let named = Path.resolved(configuration.store), named == Path.resolved(store) else {
            throw Failure(
                .refused,
                say(
                    "\(file) is the configuration of another store: \(configuration.store)",
                    "\(file) は別の保管庫（\(configuration.store)）の設定です"))
        }
        let actor = Actor.current()
        let account = actor.account
        guard let person = configuration.operators.first(where: { $0.account == account }) else {
            let name = account ?? "\(actor.loginUID ?? actor.uid ?? 0)"
            throw Failure(
                .refused,
                say(
                    "'\(name)' is none of the operators of \(file), so records stay masked",
                    "'\(name)' は \(file) の operators にないため、伏せたままにします"))
        }
        for zone in zones {
            let roles = person.roles[zone] ?? []
            guard roles.isDisjoint(with: Self.roles) else { continue }
            throw Failure(
                .refused,
                say(
                    "'\(person.account)' is neither analyst nor auditor of zone '\(zone)'; choose "
                        + "other zones with --zone",
                    "'\(person.account)' は領域 '\(zone)' の analyst でも auditor でもありません"
                        + "（--zone で領域を選べます）"
                ))
        }
        var fields: [Act.Field] = [
            ("operator", .text(person.account)),
            ("configuration", .text(file)),
            ("configuration.sha256", .text(HexText.text(configuration.digest))),
        ]
        if person.isSingle { fields.append(("single-operator", .boolean(true))) }
        return fields
    }
}
