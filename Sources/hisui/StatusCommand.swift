import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiStore

/// `hisui status`: what a store holds, and whether its accounts add up.
struct StatusCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "status",
            abstract: say(
                "Show what a store holds and what was lost.", "保管状況と取りこぼしを表示します。"),
            discussion: say(
                "Ends with 4 when accounts do not add up or a file is damaged.",
                "収支が合わない場合や破損したファイルがある場合は終了コード 4 を返します。"))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var store: StoreOptions

    func run() throws {
        let snapshot = try store.snapshot()
        let output = StandardOutput.shared
        output.write(try streams(snapshot))
        let now = Timestamp.now()
        output.write(DaemonSigns.lines(store: store.store, zones: store.zones, now: now))
        output.write(try StoreRoom.lines(store: store.store))
        let table = SourceTable(snapshot, store: store.store, now: now)
        output.write("\n" + table.text(columnsMax: output.columnsMax))
        let zone = try TimeZoneOption.resolve(nil)
        output.write(SourceList.drops(snapshot, timeZone: zone))
        output.write(SourceList.gaps(snapshot, timeZone: zone))
        output.write(RefusedPeers(store: store.store, zones: store.zones).text(now: now))
        output.write(try SpillStatus.lines(snapshot, store: store.store))
        let acts = try store.snapshot(acts: true)
        output.write(try Self.actLines(acts, store: store.store))
        let differences = try equationErrors(snapshot) + equationErrors(acts)
        if differences.isEmpty {
            output.write(
                "\n"
                    + say(
                        "The accounts add up: offered = stored + deduplicated + dropped; what is "
                            + "counted as stored is there.\n",
                        "収支は一致しています（提供 = 保管 + 重複 + 取りこぼし。保管数は実際の件数と一致）。\n"))
        }
        for difference in differences { StandardError.write("hisui: \(difference)\n") }
        if !differences.isEmpty || !snapshot.problems.isEmpty || !acts.problems.isEmpty {
            output.flush()
            throw ExitCode(Failure.Status.integrity.rawValue)
        }
    }

    /// How many acts there are, and the findings of the last day by level, highest first.
    private static func actLines(_ acts: Snapshot, store: String) throws -> String {
        let count = acts.blocks.reduce(0) { $0 + $1.count }
        let day: Int64 = 86_400 * 1_000_000_000
        let least = Timestamp(nanoseconds: Timestamp.now().nanoseconds - day)
        var counts: [String: Int] = [:]
        for alert in try Alert.all(store: store) where alert.first >= least {
            counts[alert.level, default: 0] += 1
        }
        let levels = counts.keys.sorted { ActText.rank($0) > ActText.rank($1) }
            .map { "\(ActText.level($0)) \(counts[$0] ?? 0)" }
        let shown = levels.isEmpty ? say("none", "なし") : levels.joined(separator: ", ")
        return "\n"
            + say(
                "Acts recorded: \(count.grouped). Findings of the last 24 hours: \(shown).\n",
                "操作記録: \(count.grouped) 件。過去 24 時間の検知: \(shown)。\n")
    }

    private func streams(_ snapshot: Snapshot) throws -> String {
        var table = Table(
            header: [
                say("ZONE", "領域"), say("STREAM", "系列"), say("RECORDS", "件数"),
                say("SEGMENTS", "ログファイル"), say("BYTES", "バイト"), say("OPEN", "未圧縮"),
                say("OLDEST", "最古"), say("NEWEST", "最新"),
            ], rightAligned: [2, 3, 4, 5])
        let zone = try TimeZoneOption.resolve(nil)
        for stream in snapshot.nextIndices.keys.sorted() {
            let blocks = snapshot.blocks.filter {
                $0.zone == stream.zone && $0.stream == stream.stream
            }
            let usage = try Usage(store: store.store, stream)
            let times = blocks.map(\.timeRange)
            table.add([
                stream.zone, stream.stream, blocks.reduce(0) { $0 + $1.count }.grouped,
                usage.segments.grouped, usage.segmentBytes.grouped, usage.logBytes.grouped,
                time(times.map(\.lowerBound).min(), zone),
                time(times.map(\.upperBound).max(), zone),
            ])
        }
        return table.text
    }

    private func time(_ time: Timestamp?, _ zone: TimeZoneRules) -> String {
        guard let time, time != .none else { return "-" }
        return time.text(zone)
    }

    /// Compares what the accounts call stored with the rows that are there.
    private func equationErrors(_ snapshot: Snapshot) throws -> [String] {
        var found: [String: UInt64] = [:]
        for block in snapshot.blocks {
            do {
                var counts = [UInt64](repeating: 0, count: block.sources.count)
                for number in try block.sourceNumbers() { counts[Int(number)] += 1 }
                for (number, source) in block.sources.enumerated() {
                    found["\(block.zone)/\(block.stream)/\(source.id)", default: 0] +=
                        counts[number]
                }
                block.dropCaches()
            } catch {
                throw Failure(.integrity, "\(error)")
            }
        }
        return SourceList.states(of: snapshot).compactMap { stream, state in
            let rows = found["\(stream.zone)/\(stream.stream)/\(state.source.id)"] ?? 0
            guard rows != state.account.stored else { return nil }
            return say(
                "\(stream.zone)/\(state.source.id): \(state.account.stored) records were stored, "
                    + "\(rows) are there",
                "\(stream.zone)/\(state.source.id): 保管数 \(state.account.stored) に対し、"
                    + "実際の件数は \(rows) です")
        }
    }

    /// Files and bytes of a stream.
    private struct Usage {
        var segments = 0
        var segmentBytes = 0
        var logBytes = 0

        init(store: String, _ stream: Snapshot.Stream) throws {
            let fileSystem = RealFileSystem()
            let path = Filenames.streamPath(
                store: store, zone: stream.zone, stream: stream.stream)
            for folder in [Filenames.segments, Filenames.logs] {
                let folderPath = Path.join(path, folder)
                // A folder or file that is not there (any more) has no bytes.
                for name in (try? fileSystem.list(folderPath)) ?? [] {
                    let size = (try? fileSystem.size(Path.join(folderPath, name))) ?? 0
                    if folder == Filenames.logs {
                        logBytes += size
                    } else if Filenames.segmentRange(name) != nil {
                        segments += 1
                        segmentBytes += size
                    }
                }
            }
        }
    }
}
