import Glibc
import HisuiBytes

/// The write path against a disk that forgets and fails: what `ops/disk-campaign` runs.
@main
struct DiskCampaign {
    private var seed = UInt64(SystemClock.nanoseconds()) % 1_000_000
    private var states = 100_000
    private var worldsMax = Int.max

    static let usage = """
        Runs the writers of a store (log, sealing, acts, definitions, import, deletion, trees and
        checkpoints) on a simulated disk, lets power be lost at every operation, and checks every
        disk that may be found then: by a reader, by recovery, by what goes on, by verification.

          --seed N      the first life; the others follow it           (by the clock)
          --states N    end after so many distinct persisted states    (100000)
          --worlds N    end after so many lives: 1 repeats a failure
        """

    static func main() {
        guard let campaign = DiskCampaign(CommandLine.arguments.dropFirst()) else {
            print(usage)
            exit(2)
        }
        exit(campaign.run())
    }

    private init?(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let option = rest.popFirst() {
            guard let value = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
            switch option {
            case "--seed": seed = value
            case "--states": states = Int(clamping: value)
            case "--worlds": worldsMax = Int(clamping: value)
            default: return nil
            }
        }
    }

    /// - Returns: the exit status.
    private func run() -> Int32 {
        let start = SystemClock.monotonicMilliseconds()
        let explorer = Explorer()
        explorer.statesMax = states
        var told = start
        explorer.progress = { counts in
            let now = SystemClock.monotonicMilliseconds()
            guard now - told >= 5000 else { return }
            told = now
            Self.tell("\((now - start) / 1000) s: \(counts.states) states, \(counts.worlds) lives")
        }
        print("Seed \(seed), \(states) states.")
        do {
            var world = seed
            while explorer.counts.states < states, explorer.counts.worlds < worldsMax {
                try explorer.explore(world: world)
                // Much of a life is the same with an operation that fails.
                try explorer.exploreFaults(world: world, every: 7)
                world += 1
            }
        } catch {
            print("FAILED: \(error.error)")
            for place in error.path { print("  \(place)") }
            print("Again: ops/disk-campaign --seed \(error.world) --worlds 1")
            return 1
        }
        print(explorer.counts.summary)
        print("\((SystemClock.monotonicMilliseconds() - start) / 1000) s; nothing was lost.")
        return 0
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

extension Explorer.Counts {
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
