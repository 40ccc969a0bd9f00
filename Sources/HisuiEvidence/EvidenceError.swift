import HisuiFile
import HisuiStore

/// Why a bundle could not be made or a store could not be examined at all. What an examination
/// finds is no error but its result.
public struct EvidenceError: Error, Sendable {
    public enum Code: Sendable {
        /// What was asked cannot be done with this store, folder or period.
        case refused
        /// The system refused.
        case system
    }

    public var code: Code
    /// What, where, and the way out.
    public var what: Bilingual

    public init(_ code: Code, _ what: Bilingual) {
        self.code = code
        self.what = what
    }

    init(file: FileError) {
        self.init(.system, Bilingual("\(file)", "\(file)"))
    }

    init(store: StoreError) {
        self.init(
            store.code == .system ? .system : .refused, Bilingual("\(store)", "\(store)"))
    }
}
