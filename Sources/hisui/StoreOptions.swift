import ArgumentParser
import HisuiFile
import HisuiStore

/// Which store a command reads.
struct StoreOptions: ParsableArguments {
    @Option(help: ArgumentHelp(say("The store.", "保管庫。"), valueName: "dir"))
    var store: String

    @Option(
        help: ArgumentHelp(
            say("Only this zone; may be repeated.", "この領域だけ（繰り返し可）。"), valueName: "zone"))
    var zone: [String] = []

    /// The zones named; nil for all.
    var zones: Set<String>? { zone.isEmpty ? nil : Set(zone) }

    func open() throws -> StoreReader {
        do {
            return try StoreReader(fileSystem: RealFileSystem(), path: store)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    /// What the store holds now, after saying which of its files cannot be read.
    /// - Parameter acts: the store's acts instead of its zones.
    func snapshot(acts: Bool = false) throws -> Snapshot {
        try snapshot(of: open(), acts: acts)
    }

    /// The same by a reader that is open.
    func snapshot(of reader: StoreReader, acts: Bool) throws -> Snapshot {
        let snapshot: Snapshot
        do {
            snapshot = try reader.snapshot(acts: acts, zones: zones)
        } catch {
            throw Failure(.refused, "\(error)")
        }
        for problem in snapshot.problems { StandardError.write("hisui: \(problem)\n") }
        return snapshot
    }
}

/// How data is printed.
enum TableFormat: String, ExpressibleByArgument {
    case table
    case jsonl
}
