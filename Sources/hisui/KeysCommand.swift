import ArgumentParser
import HisuiFile
import HisuiPipeline
import HisuiProof
import HisuiStore

/// `hisui keys`: the keys with which a store signs, as far as others may know them.
struct KeysCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "keys",
            abstract: say(
                "Show the public keys of a store, print a trust file, or name residents by keys.",
                "保管庫の公開鍵の表示、信頼ファイルの出力、住民の番号の仮名化を行います。"),
            subcommands: [Show.self, Trust.self, SubjectKeysCommand.self])
    }

    /// `hisui keys show`
    struct Show: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "show",
                abstract: say(
                    "Show zones, keys, epochs and the newest checkpoints.",
                    "領域ごとの鍵、期（エポック）、最新のチェックポイントを表示します。"))
        }

        @OptionGroup var common: CommonOptions
        @OptionGroup var store: StoreOptions

        func run() throws {
            let output = StandardOutput.shared
            for zone in try store.provenZones() {
                output.write(zone.key.vkey + "\n")
                output.write(Self.epochs(of: zone))
                var table = Table(
                    header: [
                        say("STREAM", "系列"), say("LEAVES", "葉"), say("ROOT", "根"),
                        say("CHECKPOINT", "チェックポイント"),
                    ], rightAligned: [1])
                for (stream, newest) in zone.newest {
                    table.add([
                        stream, newest.checkpoint.size.grouped, newest.checkpoint.root.base64,
                        newest.checkpoint.time.map { SourceList.age(of: $0, now: .now()) } ?? "-",
                    ])
                }
                output.write(table.text + "\n")
            }
        }

        private static func epochs(of zone: ProvenZone) -> String {
            let count = zone.chain.epochs.count
            let breaks = zone.chain.breaks.count
            return say(
                "  epochs: \(count), of which resumed after power loss or a kill: \(breaks)\n",
                "  期: \(count)（うち停電・強制終了後の再開: \(breaks)）\n")
        }
    }

    /// `hisui keys trust`
    struct Trust: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "trust",
                abstract: say(
                    "Print keys and newest checkpoints as a trust file for `hisui verify --trust`.",
                    "公開鍵と最新のチェックポイントを `hisui verify --trust` 用の信頼ファイルとして出力します。"),
                discussion: say(
                    "Keep it away from the machine: it is what a changed store is held against.",
                    "この機器の外に保管してください。保管庫の改ざんを確かめる基準になります。"))
        }

        @OptionGroup var common: CommonOptions
        @OptionGroup var store: StoreOptions

        func run() throws {
            var trust = TrustFile()
            for zone in try store.provenZones() {
                trust.verifiers.append(zone.key)
                for (_, newest) in zone.newest {
                    trust.anchors.append(
                        TrustFile.Anchor(note: newest.note, checkpoint: newest.checkpoint))
                }
            }
            StandardOutput.shared.write(
                trust.text(
                    comment: say(
                        "Trust file of a Hisui store: public keys, then checkpoints.\n"
                            + "Keep it where those who run the store cannot change it.",
                        "Hisui 保管庫の信頼ファイル（公開鍵とチェックポイント）。\n"
                            + "保管庫の運用者が変更できない場所に保管してください。")))
        }
    }
}

/// What a store says of one chain of keys.
struct ProvenZone {
    var key: NoteVerifier
    var chain: EpochChain
    /// The newest checkpoint of each stream that has one.
    var newest: [(stream: String, entry: TreeReader.Entry)]
}

extension StoreOptions {
    /// Zones, then acts, that have keys; `--zone` chooses (`acts` is one, too).
    func provenZones() throws -> [ProvenZone] {
        _ = try open()
        let disk = RealFileSystem()
        var found: [ProvenZone] = []
        do {
            for place in try ProofPlaces.all(fileSystem: disk, store: store) {
                if let zones, !zones.contains(place.keys.zone) { continue }
                guard let key = try KeyStore.verifier(fileSystem: disk, place: place.keys) else {
                    continue
                }
                let chain = try KeyStore.epochs(fileSystem: disk, place: place.keys, zone: key)
                var newest: [(stream: String, entry: TreeReader.Entry)] = []
                for tree in place.trees {
                    let reader = TreeReader(fileSystem: disk, folder: tree.folder)
                    if let entry = try reader.newest() { newest.append((tree.stream, entry)) }
                }
                for (_, entry) in newest { _ = try entry.note.verify([key]) }
                found.append(ProvenZone(key: key, chain: chain, newest: newest))
            }
        } catch {
            throw Failure(.integrity, "\(error)")
        }
        if found.isEmpty {
            throw Failure(
                .refused,
                say(
                    "\(store): nothing was signed there yet: no keys",
                    "\(store): まだ何も署名されていません（鍵がありません）"))
        }
        return found
    }
}
