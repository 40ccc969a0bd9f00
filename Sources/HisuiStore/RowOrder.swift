import HisuiBytes
import HisuiShape

/// In which order the rows of a block are kept: by where they come from, then by program, then by
/// arrival.
///
///     arrival     a/sshd  b/cron  a/kernel  a/sshd  b/cron
///     stored      a/kernel  a/sshd  a/sshd  b/cron  b/cron
///
/// What one program of one host says belongs together: its lines repeat, the numbers in them
/// grow, and a search for it reads one stretch. Which origin and which program each row has is
/// kept in order of arrival; all else of the order follows from that.
struct RowOrder: Sendable {
    /// Row numbers in stored order.
    let rows: [UInt32]
    struct Run: Sendable {
        var origin: UInt32
        var program: UInt32
        /// One past the place of its last row in stored order.
        var end: Int
    }

    /// - Parameters:
    ///   - origins: for each row the number of its origin, below `originCount`.
    ///   - programs: for each row the number of its program, below `programCount`.
    /// - Complexity: O(rows + origins × programs that occur).
    init<Number: FixedWidthInteger>(
        origins: [Number], originCount: Int, programs: [Number], programCount: Int
    ) {
        // By program first, then by origin: each pass keeps the order of the one before.
        let byProgram = Self.sorted(nil, by: programs, programCount)
        rows = Self.sorted(byProgram, by: origins, originCount)
    }

    /// For each pair of origin and program that occurs, in stored order: where its rows end.
    ///
    /// - Parameters:
    ///   - origins: as of `init`.
    ///   - programs: as of `init`.
    func runs(origins: [UInt32], programs: [UInt32]) -> [Run] {
        var runs: [Run] = []
        let (rows, origins, programs) = (rows.span, origins.span, programs.span)
        for place in 0..<rows.count {
            let row = Int(rows[place])
            let (origin, program) = (origins[row], programs[row])
            if let last = runs.last, last.origin == origin, last.program == program {
                runs[runs.count - 1].end = place + 1
            } else {
                runs.append(Run(origin: origin, program: program, end: place + 1))
            }
        }
        return runs
    }

    private static func sorted(
        _ order: [UInt32]?, by keys: [some FixedWidthInteger], _ keyCount: Int
    ) -> [UInt32] {
        if keyCount <= 1, let order { return order }
        var starts = [UInt32](repeating: 0, count: keyCount + 1)
        for key in keys { starts[Int(key) + 1] += 1 }
        for key in 0..<keyCount { starts[key + 1] += starts[key] }
        var sorted = [UInt32](repeating: 0, count: keys.count)
        for place in keys.indices {
            let row = order?[place] ?? UInt32(place)
            let key = Int(keys[Int(row)])
            sorted[Int(starts[key])] = row
            starts[key] += 1
        }
        return sorted
    }
}

/// Where rows come from: what most of them share with many others, so that it is kept once.
struct Origin: Hashable, Sendable {
    /// Number of the source in the segment's table.
    var source: UInt32
    /// Number of the sender in the segment's table.
    var sender: UInt32
    /// The value of the slot whose role is host; empty where there is none.
    var host: [UInt8]
}

extension Shape {
    /// The first slot of a role.
    func slot(of role: Role) -> Int? { slots.firstIndex { $0.role == role } }
}
