import Glibc
import HisuiBytes
import HisuiFile

/// The files of keys: what is made, read, refused and destroyed.
struct KeyFiles {
    private let fileSystem: any FileSystem
    private let place: KeyStore.Place
    /// How often the lock is tried, and how long is waited in between: another zone's first
    /// start, or a daemon that writes its last checkpoint.
    private static let attemptsMax = 500
    private static let waitMicros: UInt32 = 20_000

    init(_ fileSystem: any FileSystem, _ place: KeyStore.Place) {
        self.fileSystem = fileSystem
        self.place = place
    }

    /// The zone's private key.
    func zoneKey(mayBeNew: Bool) throws(ProofError) -> NoteSigner {
        let path = place.file(ProofNames.zoneKey)
        guard let key = try privateKey(path) else {
            guard mayBeNew else { throw missing(path) }
            return try makeZoneKey(path)
        }
        // Whoever made it may have been killed before its name was durable; nothing may be signed
        // with a key that can be lost. Who signed first has seen to that.
        if mayBeNew {
            try syncFolders([place.folder, place.keys, Path.parent(of: place.keys)])
        }
        let parts = key.name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "hisui", Self.isStoreID(parts[1]),
            parts[2] == place.zone
        else {
            throw ProofError(
                .key, "the key is one of '\(key.name)', not of zone '\(place.zone)'", path: path,
                advice: "put the zone's own key there")
        }
        return key
    }

    func verifier() throws(ProofError) -> NoteVerifier? {
        let path = place.file(ProofNames.zoneVerifier)
        guard let line = try line(of: path) else { return nil }
        do throws(ProofError) {
            return try NoteVerifier(vkey: String(decoding: line, as: UTF8.self))
        } catch {
            throw error.at(path)
        }
    }

    private func missing(_ path: String) -> ProofError {
        ProofError(
            .key, "the zone's private key is missing, and checkpoints were signed with it",
            path: path,
            advice: "put it back from its backup; if it is lost for good, keep \(place.epochs) and "
                + "the folders `tree` of the zone with the old public key, and move them out of "
                + "the store: a new log with a new key begins then")
    }

    private func makeZoneKey(_ path: String) throws(ProofError) -> NoteSigner {
        do throws(FileError) {
            try fileSystem.createDirectory(place.folder)
        } catch {
            throw ProofError(file: error)
        }
        try syncFolders([place.keys, Path.parent(of: place.keys)])
        let name = ProofNames.keyName(storeID: try storeID(), zone: place.zone)
        let key = NoteSigner.generate(name: name)
        do throws(FileError) {
            // The private key last: while it is not there, nothing was signed with it.
            try fileSystem.writeDurably(
                Array((key.verifier.vkey + "\n").utf8), to: place.file(ProofNames.zoneVerifier))
            var text = Array((key.skey + "\n").utf8)
            defer { Ed25519.cleanse(&text) }
            try fileSystem.writeDurably(text, to: path)
        } catch {
            throw ProofError(file: error)
        }
        return key
    }

    /// The store's id, made if there is none. Zones may start for the first time at once.
    private func storeID() throws(ProofError) -> String {
        let lock = try lock(place.keys)
        defer { lock.release() }
        let path = Path.join(place.keys, ProofNames.storeID)
        if let line = try line(of: path) {
            let text = String(decoding: line, as: UTF8.self)
            guard Self.isStoreID(text[...]) else {
                throw ProofError(
                    .malformed, "not the 16 hexadecimal digits of a store's id", path: path,
                    advice: "put it back from a backup: names of keys hold it")
            }
            try syncFolders([place.keys])
            return text
        }
        var digits: [UInt8] = []
        var random = SystemRandomNumberGenerator()
        for _ in 0..<8 { HexText.append(UInt8.random(in: 0...255, using: &random), to: &digits) }
        do throws(FileError) {
            try fileSystem.writeDurably(digits + [SignedNote.lineFeed], to: path)
        } catch {
            throw ProofError(file: error)
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private func syncFolders(_ folders: [String]) throws(ProofError) {
        do throws(FileError) {
            for folder in folders { try fileSystem.syncDirectory(folder) }
        } catch {
            throw ProofError(file: error)
        }
    }

    /// The lock of the zone's keys.
    func lockZone() throws(ProofError) -> any FileLock {
        do throws(FileError) {
            try fileSystem.createDirectory(place.folder)
        } catch {
            throw ProofError(file: error)
        }
        return try lock(place.folder)
    }

    private func lock(_ folder: String) throws(ProofError) -> any FileLock {
        let path = Path.join(folder, ProofNames.lock)
        var attempt = 0
        while true {
            attempt += 1
            do throws(FileError) {
                return try fileSystem.lock(path)
            } catch {
                guard error.code == .locked, attempt < Self.attemptsMax else {
                    throw ProofError(file: error)
                }
                usleep(Self.waitMicros)
            }
        }
    }

    // MARK: Hand-over

    /// The key of the epoch that a graceful stop left, which is destroyed on the disk unless it
    /// `staysThere`; nil if there is none.
    func takeHandOver(staysThere: Bool) throws(ProofError) -> NoteSigner? {
        let path = place.file(ProofNames.handOver)
        var key: NoteSigner?
        do throws(ProofError) {
            key = try privateKey(path)
        } catch {
            // Cut short by a crash, or not ours to believe: as if it were lost.
            if error.code != .malformed && error.code != .key { throw error }
        }
        if !staysThere || key == nil { try destroy(path) }
        return key
    }

    func writeHandOver(_ key: NoteSigner) throws(ProofError) {
        let path = place.file(ProofNames.handOver)
        try destroy(path)
        var text = Array((key.skey + "\n").utf8)
        defer { Ed25519.cleanse(&text) }
        do throws(FileError) {
            try fileSystem.writeDurably(text, to: path)
        } catch {
            throw ProofError(file: error)
        }
    }

    /// Overwrites a file and removes it. What a disk keeps of overwritten blocks nobody says.
    private func destroy(_ path: String) throws(ProofError) {
        do throws(FileError) {
            try fileSystem.removeIfPresent(path + temporarySuffix)
            guard try fileSystem.exists(path) else { return }
            let file = try fileSystem.open(path, .readWrite)
            defer { file.close() }
            let zeros = [UInt8](repeating: 0, count: file.size)
            if !zeros.isEmpty { try file.overwrite(zeros.span, at: 0) }
            try file.sync()
            try fileSystem.remove(path)
            try fileSystem.syncDirectory(Path.parent(of: path))
        } catch {
            throw ProofError(file: error)
        }
    }

    // MARK: Reading

    /// A private key that nobody but its owner may read; nil if the file is not there.
    private func privateKey(_ path: String) throws(ProofError) -> NoteSigner? {
        guard var line = try line(of: path) else { return nil }
        defer { Ed25519.cleanse(&line) }
        let mode: UInt32
        do throws(FileError) {
            mode = try fileSystem.permissions(path)
        } catch {
            throw ProofError(file: error)
        }
        guard mode & 0o077 == 0 else {
            throw ProofError(
                .key, "a private key that others may read (mode \(String(mode, radix: 8)))",
                path: path,
                advice: "chmod 600 it; if somebody may have read it, a new log is needed")
        }
        do throws(ProofError) {
            return try NoteSigner(skey: line)
        } catch {
            throw error.at(path)
        }
    }

    /// The one line of a file, without its line feed; nil if the file is not there.
    private func line(of path: String) throws(ProofError) -> [UInt8]? {
        do throws(FileError) {
            var bytes = try fileSystem.bytes(path, from: 0, count: 4096)
            if bytes.last == SignedNote.lineFeed { bytes.removeLast() }
            return bytes
        } catch {
            if error.code == .notFound { return nil }
            throw ProofError(file: error)
        }
    }

    private static func isStoreID(_ text: Substring) -> Bool {
        text.utf8.count == 16
            && text.utf8.allSatisfy { HexText.digit($0) != nil && !(0x41...0x46).contains($0) }
    }
}
