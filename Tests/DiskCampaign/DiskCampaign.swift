import Glibc
import HisuiBytes
import Synchronization

/// The write path against a disk that forgets and fails: what `ops/disk-campaign` runs.
@main
struct DiskCampaign {
    private var seed = UInt64(SystemClock.nanoseconds()) % 1_000_000
    private var states = 100_000
    private var worldsMax = Int.max
    private var onlyOperation: Int?
    private var isFaults = false
    private var workers = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    static let usage = """
        Runs the writers of a store (log, sealing, acts, definitions, import, deletion, trees and
        checkpoints) on a simulated disk, lets power be lost at every operation, and checks every
        disk that may be found then: by a reader, by recovery, by what goes on, by verification.

          --seed N        the first life; the others follow it           (by the clock)
          --states N      end after so many distinct persisted states    (100000)
          --worlds N      end after so many lives
          --workers N     threads                                        (processors)
          --faults        let every operation of the lives fail, one after the other, and lose
                          power only afterwards; without it, every seventh does besides
          --operation N   look at this operation of the lives only: with --worlds 1, a failure
                          again
        """

    static func main() async {
        guard let campaign = DiskCampaign(CommandLine.arguments.dropFirst()) else {
            print(usage)
            exit(2)
        }
        exit(await campaign.run())
    }

    private init?(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let option = rest.popFirst() {
            if option == "--faults" {
                isFaults = true
                continue
            }
            guard let value = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
            switch option {
            case "--seed": seed = value
            case "--states": states = Int(clamping: value)
            case "--workers": workers = max(1, Int(clamping: value))
            case "--worlds": worldsMax = Int(clamping: value)
            case "--operation": onlyOperation = Int(clamping: value)
            default: return nil
            }
        }
    }

    /// What the workers share.
    private final class Work: Sendable {
        let seen = Explorer.Seen()
        let next: Mutex<UInt64>
        let failure = Mutex<Explorer.Failure?>(nil)
        let counts = Mutex(Explorer.Counts())
        let told = Mutex(SystemClock.monotonicMilliseconds())
        let start = SystemClock.monotonicMilliseconds()

        init(seed: UInt64) { next = Mutex(seed) }

        var seconds: Int { (SystemClock.monotonicMilliseconds() - start) / 1000 }

        func tell(_ states: Int) {
            let isTime = told.withLock { told in
                let now = SystemClock.monotonicMilliseconds()
                defer { if now - told >= 5000 { told = now } }
                return now - told >= 5000
            }
            if isTime { DiskCampaign.tell("\(seconds) s: \(states) states") }
        }
    }

    /// - Returns: the exit status.
    private func run() async -> Int32 {
        print("Seed \(seed), \(states) states.")
        let work = Work(seed: seed)
        await withTaskGroup { group in
            for _ in 0..<min(workers, worldsMax) {
                group.addTask { explore(work) }
            }
        }
        let counts = work.counts.withLock { $0 }
        if let failure = work.failure.withLock({ $0 }) {
            print("FAILED: \(failure.error)")
            for place in failure.path { print("  \(place)") }
            print("Again: ops/disk-campaign \(failure.options)")
            return 1
        }
        print(counts.summary)
        print("\(work.seconds) s; nothing was lost.")
        return 0
    }

    /// One worker: a life after the other, until there are enough states or one failed.
    private func explore(_ work: Work) {
        let explorer = Explorer(seen: work.seen)
        explorer.statesMax = states
        explorer.onlyOperation = onlyOperation
        explorer.progress = { work.tell($0) }
        do {
            while work.seen.count < states, work.failure.withLock({ $0 == nil }) {
                let world = work.next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                if worldsMax != .max, world >= seed + UInt64(worldsMax) { break }
                if !isFaults { try explorer.explore(world: world) }
                if !isFaults && onlyOperation != nil { continue }
                // Much of a life is the same with an operation that fails.
                try explorer.exploreFaults(world: world, every: isFaults ? 1 : 7)
            }
        } catch {
            work.failure.withLock { $0 = $0 ?? error }
        }
        work.counts.withLock { $0.add(explorer.counts) }
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

extension Explorer.Failure {
    /// What finds it again.
    var options: String {
        "--seed \(world) --worlds 1 --operation \(operation)" + (isFault ? " --faults" : "")
    }
}

extension Explorer.Counts {
    mutating func add(_ other: Self) {
        worlds += other.worlds
        moments += other.moments
        states += other.states
        statesWithEntries += other.statesWithEntries
        exhausted += other.exhausted
        deeper += other.deeper
        kills += other.kills
        faults += other.faults
        goneOn += other.goneOn
        verified += other.verified
    }

    var summary: String {
        let share = states == 0 ? 0 : statesWithEntries * 100 / states
        return """
            \(states) distinct persisted states, \(statesWithEntries) (\(share) %) with a pending \
            name; \(worlds) lives, \(moments) moments, of \(exhausted) all states.
            \(deeper) further losses of power during or after recovery, \(kills) kills before one, \
            \(faults) lives with a disk that failed or was full.
            \(goneOn) gone on with, \(verified) of them verified whole.
            """
    }
}
