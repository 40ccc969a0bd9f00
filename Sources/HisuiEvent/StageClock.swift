import Glibc
import Synchronization

/// Where the processor's time of an import goes: seconds of each stage, over all threads.
///
/// The time is that of the calling thread (`CLOCK_THREAD_CPUTIME_ID`), so waiting costs nothing. A
/// stage within another one names it, and is taken out of it. Whoever is measured holds an optional
/// clock, and calls
///
///     clock.measure(.encode) { … }
///
/// which without a clock is a call of the closure. With one it asks the kernel twice, which takes
/// about half a microsecond: for batches, blocks and columns, not for records.
public final class StageClock: Sendable {
    /// In the order of a record's way.
    public enum Stage: Int, Sendable, CaseIterable {
        /// Reading files and decompressing them.
        case read
        /// Cutting contents into records, and the digest that tells files apart.
        case cut
        case parse
        /// Gathering rows into blocks.
        case build
        /// Turning blocks into columns.
        case encode
        case compress
        /// Filters of columns.
        case filters
        /// Writing segments and waiting for the disk.
        case write
        /// Reading back what was written, and comparing.
        case compare
        /// Leaf hashes.
        case hash
        /// The tree, checkpoints and signatures.
        case tree

        /// As printed.
        public var name: String {
            switch self {
            case .read: "read+decompress"
            case .tree: "tree+checkpoint"
            default: "\(self)"
            }
        }
    }

    private let nanoseconds = Mutex([Int64](repeating: 0, count: Stage.allCases.count))

    public init() {}

    /// Seconds that were measured so far.
    public func seconds(of stage: Stage) -> Double {
        nanoseconds.withLock { Double($0[stage.rawValue]) / 1e9 }
    }

    /// Adds to one stage, and takes the same from another one.
    fileprivate func move(_ time: Int64, to stage: Stage, from outer: Stage?) {
        nanoseconds.withLock { nanoseconds in
            nanoseconds[stage.rawValue] += time
            if let outer { nanoseconds[outer.rawValue] -= time }
        }
    }

    /// Processor time of the calling thread.
    fileprivate static func now() -> Int64 {
        var time = timespec()
        // Safe: the call writes one timespec, which lives on this frame.
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension Optional where Wrapped == StageClock {
    /// Runs `body` and counts its time as that of `stage`.
    ///
    /// - Parameter outer: the stage that is being measured around this call, on the same thread.
    @inline(__always)
    public func measure<Result: ~Copyable, Failure: Error>(
        _ stage: StageClock.Stage, within outer: StageClock.Stage? = nil,
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let self else { return try body() }
        let start = StageClock.now()
        defer { self.move(StageClock.now() - start, to: stage, from: outer) }
        return try body()
    }
}
