import Glibc
import HisuiBytes
import Synchronization

/// The engine against a naive evaluator, for as many queries as are wanted: what
/// `ops/query-campaign` runs.
@main
struct QueryCampaign {
    private var seed = UInt64(SystemClock.nanoseconds()) % 1_000_000
    private var queries = 20_000
    private var store: String?
    private var rowsMax = 4000
    private var workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    static let usage = """
        Makes queries that are likely to select some rows and not others, asks the engine and an
        evaluator that goes through all rows, and compares.

        usage: QueryCampaign [--seed N] [--queries N] [--store DIR [--rows N]] [--workers N]
          --seed N      where the random numbers begin (the time, if not given)
          --queries N   as many queries (20000)
          --store DIR   over the rows of a store; over generated blocks, if not given
          --rows N      of a store with more rows, blocks with so many (4000)
          --workers N   threads (as many as processors)
        """

    static func main() async {
        var campaign = QueryCampaign()
        guard campaign.read(Array(CommandLine.arguments.dropFirst())) else {
            tell(usage)
            exit(2)
        }
        exit(await campaign.run())
    }

    private mutating func read(_ arguments: [String]) -> Bool {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { return false }
            switch (option, UInt64(value).flatMap(Int.init(exactly:))) {
            case ("--store", _): store = value
            case ("--seed", let number?): seed = UInt64(number)
            case ("--queries", let number?): queries = number
            case ("--rows", let number?): rowsMax = number
            case ("--workers", let number?): workers = max(1, number)
            default: return false
            }
        }
        return true
    }

    /// What workers share.
    private final class Work: Sendable {
        let next = Mutex<UInt64>(0)
        let counts = Mutex(Comparison.Counts())
        let disagreements = Mutex<[String]>([])
        let told = Mutex(SystemClock.monotonicMilliseconds())
        let start = SystemClock.monotonicMilliseconds()

        var seconds: Int { (SystemClock.monotonicMilliseconds() - start) / 1000 }

        func add(_ counts: Comparison.Counts) {
            let sum = self.counts.withLock { sum in
                sum.add(counts)
                return sum
            }
            let isTime = told.withLock { told in
                let now = SystemClock.monotonicMilliseconds()
                defer { if now - told >= 5000 { told = now } }
                return now - told >= 5000
            }
            if isTime { QueryCampaign.tell("\(seconds) s: \(sum.queries) queries") }
        }
    }

    /// Queries over the same rows; the next ones get rows of their own.
    private static let queriesAtOnce = 100
    /// A campaign ends after so many.
    private static let disagreementsMax = 10

    /// - Returns: the exit status.
    private func run() async -> Int32 {
        var stored: StoredData?
        do { stored = try store.map { try StoredData(path: $0, rowsMax: rowsMax) } } catch {
            print("The store cannot be read: \(error)")
            return 2
        }
        print("Seed \(seed), \(queries) queries, \(stored.map { "\($0.rows.count) rows" } ?? "").")
        let work = Work()
        let data = stored
        await withTaskGroup { group in
            for _ in 0..<workers { group.addTask { ask(data, work) } }
        }
        let counts = work.counts.withLock { $0 }
        let disagreements = work.disagreements.withLock { $0 }
        for text in disagreements { print("DISAGREEMENT: \(text)") }
        print(
            "\(counts.queries) queries in \(work.seconds) s: \(counts.some) select some rows, "
                + "\(counts.none) none, \(counts.all) all; \(disagreements.count) disagreements.")
        let isTelling = counts.some * 2 >= counts.queries
        if !isTelling { print("FAILED: fewer than half of the queries select some rows.") }
        return disagreements.isEmpty && isTelling ? 0 : 1
    }

    /// One worker: a batch of queries after the other.
    private func ask(_ stored: StoredData?, _ work: Work) {
        let batches = (queries + Self.queriesAtOnce - 1) / Self.queriesAtOnce
        while true {
            let number = work.next.withLock { next in
                defer { next += 1 }
                return next
            }
            let isEnough = work.disagreements.withLock { $0.count >= Self.disagreementsMax }
            if number >= UInt64(batches) || isEnough { return }
            let count = min(Self.queriesAtOnce, queries - Int(number) * Self.queriesAtOnce)
            let batchSeed = seed &* 1_000_003 &+ number
            do {
                var comparison = try comparison(stored, batchSeed, number)
                for _ in 0..<count {
                    do { try comparison.next() } catch let wrong as Comparison.Disagreement {
                        work.disagreements.withLock {
                            $0.append("seed \(seed), batch \(number): \(wrong)")
                        }
                    }
                }
                work.add(comparison.counts)
            } catch {
                work.disagreements.withLock {
                    $0.append("seed \(seed), batch \(number): \(error)")
                }
            }
        }
    }

    private func comparison(
        _ stored: StoredData?, _ seed: UInt64, _ number: UInt64
    ) throws -> Comparison {
        if let stored {
            return Comparison(stored.blocks, stored.rows, stored.maker(seed: seed))
        }
        // Small blocks find what is odd; larger ones are columns of numbers and have filters.
        let isLarge = number % 4 == 3
        let data = try TestData(
            seed: seed, blocks: isLarge ? 4 : 6, rows: isLarge ? 600 : 40)
        return Comparison(data, seed: seed)
    }

    /// Progress is for a person who waits, not for a file.
    private static func tell(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // Safe: the buffer is read during the call only.
        _ = unsafe bytes.withUnsafeBytes { buffer in
            unsafe write(STDERR_FILENO, buffer.baseAddress, buffer.count)
        }
    }
}
