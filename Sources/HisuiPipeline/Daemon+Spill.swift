import HisuiEvent
import HisuiFile
import HisuiPolicy
import HisuiStore
import Logging

/// What cannot wait while the store takes nothing.
extension Daemon {
    /// The spill ring of the zone, with what an earlier daemon left in it; says in the store where
    /// it is, for `hisui status`.
    func openSpill(
        _ intake: Intake, after positions: [String: [UInt8]]
    ) throws(StoreError) -> SpillStage {
        let store = configuration.store
        let configured = configuration.service.spillPath
        var path = Filenames.spillPath(
            store: store, zone: configuration.zone, place: configured)
        let ring: SpillRing
        do throws(StoreError) {
            ring = try openRing(path, positions)
        } catch {
            guard configured != nil else { throw error }
            // To collect without that disk is better than not at all.
            log.critical("the spill ring cannot be opened; the store's folder is used: \(error)")
            path = Filenames.spillPath(store: store, zone: configuration.zone, place: nil)
            ring = try openRing(path, positions)
        }
        let place = Filenames.spillPlace(store: store, zone: configuration.zone)
        do throws(FileError) {
            try RealFileSystem().createDirectory(Path.parent(of: place))
            try RealFileSystem().writeDurably(Array(path.utf8), to: place)
        } catch {
            // The disk may be full already, and the ring on another one.
            log.error("the place of the spill ring cannot be written down: \(error)")
        }
        return SpillStage(ring: ring, intake: intake, log: log)
    }

    private func openRing(
        _ path: String, _ positions: [String: [UInt8]]
    ) throws(StoreError) -> SpillRing {
        try SpillRing(
            opening: path, on: RealFileSystem(), bytesMax: configuration.service.spillBytesMax,
            durable: positions)
    }

    /// Keeps what the pipeline gave up, once all its threads have ended.
    ///
    /// - Returns: whether nothing is lost that nobody can read again.
    func close(
        _ spill: SpillStage, _ intake: Intake, _ parse: ParseStage, _ write: WriteStage
    ) -> Bool {
        var left = (write.takeLeftovers() + (parse.takeRefused().map { [$0] } ?? []))
            .map { RecordBatch(givingBack: $0) }
        while case .element(let batch) = intake.queue.take(waitMillis: 0) { left.append(batch) }
        return spill.close(keeping: left)
    }
}
