public import HisuiCollect
import HisuiEvent
public import HisuiFile
import HisuiStore

/// What the listeners of a zone's daemon count of their peers: `<store>/state/<zone>.listeners`.
///
/// Written by the watch while it changes, whole; read by whoever shows it.
public enum ListenerState {
    /// Empty where there is no daemon yet, or nothing that can be read.
    public static func reports(
        _ fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String
    ) -> [ListenerReport] {
        let path = Filenames.listeners(store: store, zone: zone)
        guard
            let bytes = try? fileSystem.bytes(path, from: 0, count: Limits.listenersBytesMax)
        else { return [] }
        return ListenerReport.reports(String(decoding: bytes, as: UTF8.self)) ?? []
    }

    static func write(
        _ reports: [ListenerReport], _ fileSystem: any FileSystem, store: String, zone: String
    ) throws(FileError) {
        let path = Filenames.listeners(store: store, zone: zone)
        try fileSystem.createDirectory(Path.parent(of: path))
        try fileSystem.writeDurably(Array(ListenerReport.text(of: reports).utf8), to: path)
    }
}
