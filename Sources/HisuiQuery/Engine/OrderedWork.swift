/// Does numbered pieces of work on threads of its own and gives the results in order.
///
/// At most `ahead` results wait to be taken, so memory is bounded however slow the taker is. With
/// one worker or one piece of work no thread is started: the taker does it. Belongs to the thread
/// that takes; `stop` ends it.
package final class OrderedWork<Output> {
    package typealias Work = @Sendable (Int) -> Result<Output, QueryFailure>

    private let count: Int
    private let work: Work
    private let desk: Desk<Output>
    private var threads: [WorkerThread] = []
    private var nextToTake = 0

    /// - Parameter startsSlowly: whether perhaps only the first results are wanted: then the first
    ///   is made alone, and more at once as more are taken.
    /// - Parameter onThread: called first on each thread that is started.
    package init(
        count: Int, workers: Int, ahead: Int, startsSlowly: Bool = false,
        onThread: @escaping @Sendable () -> Void = {}, work: @escaping Work
    ) {
        self.count = count
        self.work = work
        desk = Desk(count: count, ahead: max(1, ahead), startsSlowly: startsSlowly)
        guard min(workers, count) > 1 else { return }
        let desk = desk
        threads = (0..<min(workers, count)).compactMap { _ in
            WorkerThread {
                onThread()
                while let number = desk.start() { desk.put(work(number), number) }
            }
        }
    }

    /// The next result in order; nil after the last, and after `stop`.
    package func take() throws(QueryFailure) -> Output? {
        guard nextToTake < count else { return nil }
        let number = nextToTake
        nextToTake += 1
        return try (threads.isEmpty ? work(number) : desk.take(number)).get()
    }

    /// Starts no further work and waits for what is under way.
    package func stop() {
        desk.close()
        for thread in threads { thread.join() }
        threads = []
        nextToTake = count
    }
}

/// Where workers lay results down.
///
/// All its state is read and written through its gate.
private final class Desk<Output>: @unchecked Sendable {
    private let gate = Gate()
    private let count: Int
    private let ahead: Int
    private let startsSlowly: Bool
    private var nextToStart = 0
    private var taken = 0
    /// One past what was asked for last.
    private var wanted = 0
    private var isClosed = false
    private var results: [Int: Result<Output, QueryFailure>] = [:]

    init(count: Int, ahead: Int, startsSlowly: Bool) {
        self.count = count
        self.ahead = ahead
        self.startsSlowly = startsSlowly
    }

    /// The number of the next piece of work, when there is room for its result; nil at the end.
    func start() -> Int? {
        let started: Int? = gate.wait {
            if isClosed || nextToStart == count { return .some(nil) }
            let end = startsSlowly ? wanted + min(taken, ahead) : taken + ahead
            guard nextToStart < end else { return nil }
            nextToStart += 1
            return nextToStart - 1
        }
        return started
    }

    func put(_ result: Result<Output, QueryFailure>, _ number: Int) {
        gate.change { results[number] = result }
    }

    func take(_ number: Int) -> Result<Output, QueryFailure> {
        if startsSlowly { gate.change { wanted = number + 1 } }
        return gate.wait {
            guard let result = results.removeValue(forKey: number) else { return nil }
            taken = number + 1
            return result
        }
    }

    func close() { gate.change { isClosed = true } }
}
