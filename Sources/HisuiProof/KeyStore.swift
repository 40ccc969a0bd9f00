public import HisuiEvent
public import HisuiFile

/// The keys of a zone, in memory while something is signed with them.
///
/// Two keys sign: the zone's own, which stays the same and is what an auditor knows, and that of
/// the epoch, a day or a boot at most, whose private half is destroyed at its end. Whoever takes
/// over the machine has today's keys; what was signed on earlier days cannot be signed again.
///
/// A zone's daemon holds the epoch's key in memory only. A graceful stop hands it over through a
/// file (mode 0600), which the next start overwrites and removes. If there is none, the key was
/// lost with the power or the process, and the next epoch says so. For acts, each of whose writers
/// lives for a moment, the file stays (`isShared`) until the epoch ends.
///
/// Owned by one thread, under the lock of the zone (or of the acts).
public final class KeyStore {
    /// Where keys of a chain are, and who uses them.
    public struct Place: Hashable, Sendable {
        /// `<store>/keys`.
        public var keys: String
        /// The zone, or `acts`.
        public var zone: String
        /// The file of epochs.
        public var epochs: String
        /// Whether the key of the epoch stays in its file, for the next process that signs.
        public var isShared: Bool

        public init(keys: String, zone: String, epochs: String, isShared: Bool = false) {
            self.keys = keys
            self.zone = zone
            self.epochs = epochs
            self.isShared = isShared
        }

        var folder: String { Path.join(keys, zone) }
        func file(_ name: String) -> String { Path.join(folder, name) }
    }

    private let fileSystem: any FileSystem
    private let place: Place
    private let bootID: String
    /// The zone's key.
    public let zone: NoteSigner
    /// All epochs, the present one last.
    public private(set) var chain: EpochChain
    private var epochKey: NoteSigner
    private let notes: NoteLog
    /// Held by a zone's daemon or import until the key is handed over, which is after it has let go
    /// of the zone.
    private let lock: (any FileLock)?
    /// Whether the present epoch began because the key before was lost.
    public var isBroken: Bool { chain.epochs.last?.reason == .powerLoss }

    /// Opens the keys of a zone, making them where there are none, and begins an epoch if need be.
    ///
    /// - Parameters:
    ///   - hasCheckpoints: whether something was signed before: then the zone's key must be there.
    ///   - bootID: see `currentBootID`.
    /// Waits some seconds for another process that is about to hand the keys over.
    ///
    /// - Throws: `.key` if the key is missing, may be read by others, or is not the one that
    ///   signed before.
    public init(
        fileSystem: any FileSystem, place: Place, hasCheckpoints: Bool, now: Timestamp,
        bootID: String
    ) throws(ProofError) {
        self.fileSystem = fileSystem
        self.place = place
        self.bootID = bootID
        lock = place.isShared ? nil : try KeyFiles(fileSystem, place).lockZone()
        let file = try NoteLog.read(fileSystem, place.epochs)
        zone = try KeyFiles(fileSystem, place).zoneKey(
            mayBeNew: !hasCheckpoints && file.entries.isEmpty)
        do throws(ProofError) {
            chain = try EpochChain(file.entries.map(\.note), zone: zone.verifier)
        } catch {
            throw error.at(place.epochs)
        }
        notes = try NoteLog(fileSystem, place.epochs, file)
        let handed = try KeyFiles(fileSystem, place).takeHandOver(staysThere: place.isShared)
        // Replaced below unless the key that was handed over goes on.
        epochKey = zone
        guard let last = chain.epochs.last, let handed, handed.verifier == last.key else {
            try begin(chain.epochs.isEmpty ? .first : .powerLoss, signer: nil, now)
            return
        }
        epochKey = handed
        if last.bootID != bootID {
            try begin(.handedOver, signer: handed, now)
        } else {
            try beginDay(now)
        }
    }

    /// Number of the present epoch.
    public var epoch: UInt64 { chain.epochs.last?.number ?? 0 }

    /// Who may have signed checkpoints: the zone's key, then those of the epochs.
    public var verifiers: [NoteVerifier] { [zone.verifier] + chain.verifiers }

    /// The keys to sign with at that time: the zone's and the epoch's. Begins an epoch with a new
    /// day.
    public func signers(_ now: Timestamp) throws(ProofError) -> [NoteSigner] {
        try beginDay(now)
        return [zone, epochKey]
    }

    /// Writes the epoch's key for the next start to take over. Nothing may be signed after that.
    public func handOver() throws(ProofError) {
        if place.isShared { return }
        defer { lock?.release() }
        try KeyFiles(fileSystem, place).writeHandOver(epochKey)
    }

    private func beginDay(_ now: Timestamp) throws(ProofError) {
        guard let last = chain.epochs.last, ProofNames.day(now) > ProofNames.day(last.time) else {
            return
        }
        try begin(.day, signer: epochKey, now)
    }

    /// Begins an epoch: its note is durable before its key is used.
    private func begin(
        _ reason: Epoch.Reason, signer: NoteSigner?, _ now: Timestamp
    ) throws(ProofError) {
        let number = epoch + 1
        let key = NoteSigner.generate(name: Epoch.keyName(zone.name, number))
        let epoch = Epoch(
            name: zone.name, number: number, key: key.verifier, reason: reason, time: now,
            bootID: bootID, previous: chain.lastHash)
        let note = SignedNote(text: epoch.text, signers: [zone] + (signer.map { [$0] } ?? []))
        var longer = chain
        try longer.append(note, zone: zone.verifier)
        try notes.append(note)
        chain = longer
        epochKey = key
        if place.isShared { try KeyFiles(fileSystem, place).writeHandOver(key) }
    }

    /// The id that the system gave this boot; `0` where it gives none.
    public static func currentBootID(
        _ fileSystem: any FileSystem = RealFileSystem()
    ) -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        guard let bytes = try? fileSystem.bytes(path, from: 0, count: 64) else { return "0" }
        let text = String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
        return NoteLines.isBootID(text) ? text : "0"
    }

    // MARK: Without private keys

    /// The public key of a zone; nil if it has none yet.
    public static func verifier(
        fileSystem: any FileSystem, place: Place
    ) throws(ProofError) -> NoteVerifier? {
        try KeyFiles(fileSystem, place).verifier()
    }

    /// The epochs of a zone, checked with its public key.
    public static func epochs(
        fileSystem: any FileSystem, place: Place, zone: NoteVerifier
    ) throws(ProofError) -> EpochChain {
        do throws(ProofError) {
            let notes = try NoteLog.read(fileSystem, place.epochs).entries.map(\.note)
            return try EpochChain(notes, zone: zone)
        } catch {
            throw error.at(place.epochs)
        }
    }
}
