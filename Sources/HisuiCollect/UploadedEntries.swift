import HisuiBytes
import HisuiEvent

/// Which journal entries a source has sent: what it sends again is known, and not stored twice.
///
/// An entry is known by who numbered it, its number and its time. Numbers of one writer that
/// followed each other are a run:
///
///     u8 version = 1, then for each run, the one that grew last at the end:
///     writer     u64, u64: the id, its higher half first
///     first      u64: number of its first entry
///     count      u64
///     earliest   u64: the least time of its entries, microseconds since 1970
///     latest     u64: the greatest
///
/// Integers are little-endian. It is the position of the source, and so durable with the entries it
/// tells of. A number that was never sent is in no run, so that nothing is taken for repeated that
/// was not stored; an entry whose number was used before (a machine that was put back to an older
/// state goes on with old numbers) has a later time than those of the run. Of more than
/// `Limits.uploadRunsMax` runs, those that grew longest ago are forgotten: what they tell of would
/// be stored again.
public struct UploadedEntries: Hashable, Sendable {
    struct Run: Hashable, Sendable {
        var writer: JournalCursor.ID
        var first: UInt64
        var last: UInt64
        var earliest: UInt64
        var latest: UInt64

        init(_ entry: JournalCursor) {
            writer = entry.writer
            (first, last) = (entry.number, entry.number)
            (earliest, latest) = (entry.realtime, entry.realtime)
        }

        func has(_ entry: JournalCursor) -> Bool {
            writer == entry.writer && first <= entry.number && entry.number <= last
                && earliest <= entry.realtime && entry.realtime <= latest
        }

        mutating func join(_ other: Run) {
            last = other.last
            earliest = min(earliest, other.earliest)
            latest = max(latest, other.latest)
        }
    }

    /// The one that grew last is the last.
    private(set) var runs: [Run] = []

    public init() {}

    /// Reads a position; what is none tells of nothing.
    public init(position: [UInt8]) {
        let count = (position.count - 1) / Self.runBytes
        guard position.first == 1, position.count == 1 + count * Self.runBytes,
            count <= Limits.uploadRunsMax
        else { return }
        var reader = ByteReader(position.span, 1..<position.count)
        var read: [Run] = []
        for _ in 0..<count {
            guard let high = try? reader.u64(), let low = try? reader.u64(),
                let first = try? reader.u64(), let length = try? reader.u64(),
                let earliest = try? reader.u64(), let latest = try? reader.u64()
            else { return }
            let (last, isOver) = first.addingReportingOverflow(length &- 1)
            guard length > 0, !isOver, earliest <= latest else { return }
            var run = Run(
                JournalCursor(
                    writer: JournalCursor.ID(high: high, low: low), number: first,
                    realtime: earliest))
            (run.last, run.latest) = (last, latest)
            read.append(run)
        }
        runs = read
    }

    /// What was read, as a position; empty if that is nothing.
    public var position: [UInt8] {
        if runs.isEmpty { return [] }
        var bytes: [UInt8] = [1]
        bytes.reserveCapacity(1 + runs.count * Self.runBytes)
        for run in runs {
            for value in [
                run.writer.high, run.writer.low, run.first, run.last - run.first + 1,
                run.earliest, run.latest,
            ] { bytes.appendLittleEndian(value) }
        }
        return bytes
    }

    /// Takes an entry.
    ///
    /// - Returns: false if it was taken before.
    /// - Complexity: O(runs); mostly there is one for each writer.
    mutating func take(_ entry: JournalCursor) -> Bool {
        if runs.contains(where: { $0.has(entry) }) { return false }
        var grown = Run(entry)
        let before = runs.lastIndex {
            $0.writer == entry.writer && $0.last < entry.number && $0.last + 1 == entry.number
        }
        if let before {
            var run = runs[before]
            run.join(grown)
            if before == runs.count - 1 {
                runs[before] = run
                joinFollower()
                return true
            }
            runs.remove(at: before)
            grown = run
        } else if runs.count == Limits.uploadRunsMax {
            runs.removeFirst()
        }
        runs.append(grown)
        joinFollower()
        return true
    }

    /// Joins the last run with the one that goes on where it ends, if times do, too.
    private mutating func joinFollower() {
        let run = runs[runs.count - 1]
        let follower = runs.dropLast().firstIndex {
            $0.writer == run.writer && run.last < $0.first && run.last + 1 == $0.first
                && run.latest <= $0.earliest
        }
        guard let follower else { return }
        runs[runs.count - 1].join(runs[follower])
        runs.remove(at: follower)
    }

    private static let runBytes = 48
}
