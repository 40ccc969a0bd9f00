public import HisuiFile
public import HisuiProof
import HisuiStore

/// Where the keys and trees of a zone, or of the acts, are in a store.
public struct ProofPlaces: Hashable, Sendable {
    /// A stream and the folder of its tree.
    public struct Tree: Hashable, Sendable {
        public var stream: String
        public var folder: String
    }

    public var keys: KeyStore.Place
    public var trees: [Tree]

    /// Those of a zone: trees of the streams that it has now.
    public static func zone(
        _ zone: String, fileSystem: any FileSystem, store: String
    ) throws(ProofError) -> ProofPlaces {
        let path = Filenames.zonePath(store: store, zone: zone)
        let trees = try names(in: path, fileSystem).map { stream in
            Tree(
                stream: stream,
                folder: Path.join(
                    Filenames.streamPath(store: store, zone: zone, stream: stream), Filenames.tree))
        }
        return ProofPlaces(keys: keys(ofZone: zone, store: store), trees: trees)
    }

    /// Those of the acts.
    public static func acts(store: String) -> ProofPlaces {
        let path = Path.join(store, Filenames.acts)
        return ProofPlaces(
            keys: KeyStore.Place(
                keys: Path.join(store, Filenames.keys), zone: Filenames.acts,
                epochs: Path.join(path, Filenames.epochs), isShared: true),
            trees: [Tree(stream: Filenames.acts, folder: Path.join(path, Filenames.tree))])
    }

    /// All zones in byte order, then the acts.
    public static func all(
        fileSystem: any FileSystem, store: String
    ) throws(ProofError) -> [ProofPlaces] {
        var places: [ProofPlaces] = []
        for zone in try names(in: Path.join(store, Filenames.zones), fileSystem) {
            places.append(try self.zone(zone, fileSystem: fileSystem, store: store))
        }
        return places + [acts(store: store)]
    }

    static func keys(ofZone zone: String, store: String) -> KeyStore.Place {
        KeyStore.Place(
            keys: Path.join(store, Filenames.keys), zone: zone,
            epochs: Path.join(Filenames.zonePath(store: store, zone: zone), Filenames.epochs))
    }

    /// Names of zones or streams in a folder; none if it is not there.
    private static func names(
        in path: String, _ fileSystem: any FileSystem
    ) throws(ProofError) -> [String] {
        do throws(FileError) {
            return try fileSystem.list(path).filter(Filenames.isValidName)
        } catch {
            if error.code == .notFound { return [] }
            throw ProofError(file: error)
        }
    }
}
