import Synchronization

/// What a query may hold at once: hits waiting for their turn, rows to sort, groups.
///
/// May be used from several threads.
final class MemoryBudget: Sendable {
    private let limit: Int
    private let used = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// Takes `bytes` more.
    ///
    /// - Parameter purpose: what for, as the error names it.
    func take(_ bytes: Int, for purpose: String) throws(QueryFailure) {
        let total = used.wrappingAdd(bytes, ordering: .relaxed).newValue
        guard total <= limit else {
            throw QueryFailure(
                .memory,
                "the query needs more than \(limit >> 20) MiB for \(purpose); narrow the time "
                    + "range or the filter, add a limit, or allow more memory")
        }
    }

    func give(_ bytes: Int) { used.wrappingSubtract(bytes, ordering: .relaxed) }
}
