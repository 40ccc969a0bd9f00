import HisuiEvent
public import HisuiFile
public import HisuiProof
import HisuiStore

/// Extends the tree of the store's acts, under the lock of those who append to them.
///
/// Daemons of several zones and imports do it one after the other; each finds the tree where the
/// last one left it, and the key of the epoch in its file.
public struct ActsProof: Sendable {
    private let fileSystem: any FileSystem
    private let store: String
    private let bootID: String

    public init(
        fileSystem: any FileSystem = RealFileSystem(), store: String,
        bootID: String = KeyStore.currentBootID()
    ) {
        self.fileSystem = fileSystem
        self.store = store
        self.bootID = bootID
    }

    /// Appends the leaves of all new acts and writes a checkpoint, also if there is none.
    ///
    /// The time is taken under the lock: checkpoints of several daemons never seem to go back.
    ///
    /// - Complexity: O(bytes of the new acts and of the newest log).
    public func extend() throws(ProofError) {
        let log = ActLog(fileSystem: fileSystem, store: store, now: { ZoneProof.now() })
        let result: Result<Void, ProofError>
        do throws(StoreError) {
            result = try log.withLock { () throws(StoreError) in
                do throws(ProofError) {
                    return .success(try extendLocked(ZoneProof.now()))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw ProofError(store: error)
        }
        try result.get()
    }

    private func extendLocked(_ now: Timestamp) throws(ProofError) {
        let places = ProofPlaces.acts(store: store)
        let folder = places.trees[0].folder
        let reader = TreeReader(fileSystem: fileSystem, folder: folder)
        let keys = try KeyStore(
            fileSystem: fileSystem, place: places.keys,
            hasCheckpoints: try reader.hasCheckpoints(), now: now, bootID: bootID)
        let signers = try keys.signers(now)
        let tree = try TreeWriter(
            fileSystem: fileSystem, folder: folder,
            origin: ProofNames.origin(keyName: keys.zone.name, stream: Filenames.acts),
            verifiers: keys.verifiers)
        do throws(StoreError) {
            try tree.append(from: .acts, store: store, fileSystem: fileSystem)
        } catch {
            throw ProofError(store: error)
        }
        try tree.checkpoint(
            TreeWriter.Facts(time: now, bootID: bootID, epoch: keys.epoch), signers: signers)
    }
}

extension ProofError {
    /// What the store refused.
    init(store error: StoreError) {
        self.init(.system, error.what, path: error.path, advice: error.advice)
    }
}
