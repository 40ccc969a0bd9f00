public import HisuiStore

/// Why a search stopped before its end.
public struct QueryFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// More memory would be needed than `QueryOptions.memoryBytesMax`.
        case memory
        /// The store could not be read.
        case store(StoreError)
        /// The query cannot be run this way.
        case unsuitable
        /// The caller asked to stop.
        case stopped
    }

    public var code: Code
    /// One sentence without its full stop.
    public var message: String

    public var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: StoreError) { self.init(.store(error), error.description) }
}
