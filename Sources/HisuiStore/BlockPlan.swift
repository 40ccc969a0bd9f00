import HisuiBytes
import HisuiEvent
import HisuiShape

/// What is decided of a block before its columns are written: numbers of shapes, order of rows, and
/// which slots follow from other columns.
struct BlockPlan {
    /// For each shape of the block, in stored numbering, its number in the builder's block.
    let shapes: [Int]
    let order: RowOrder
    /// For each row in stored order its shape.
    let storedShapes: [UInt32]
    /// Process ids in stored order, of shapes that have them in that column.
    private(set) var pids: [UInt64] = []
    /// Whether origin or program begin with that process id.
    private(set) var pidStarts: [Bool] = []
    /// For each shape.
    private(set) var roles: [Roles]

    /// Slots of a shape that are not columns of their own.
    struct Roles {
        var host: Int?
        var program: Int?
        var pid: Int?
        /// Decimal digits of a second's fraction that its times have: 0, 3, 6 or 9.
        var fractionDigits = 0
    }

    /// Stored numbers of shapes by the builder's.
    private let newNumbers: [UInt32]
    private let rowsByShape: [UInt32]
    private let starts: [Int]

    init(_ builder: borrowing BlockBuilder, origins: inout RowOrigins) {
        let numbers = builder.blockShapes
        let shapes = builder.storedOrder()
        self.shapes = shapes
        var roles: [Roles] = []
        for number in shapes {
            let shape = builder.shapes[Int(numbers[number])]
            roles.append(
                Roles(
                    host: shape.slot(of: .host), program: shape.slot(of: .program),
                    pid: shape.slot(of: .pid)))
        }
        var hostSlots = [Int](repeating: -1, count: shapes.count)
        var programSlots = hostSlots
        var newNumbers = [UInt32](repeating: 0, count: shapes.count)
        for (new, number) in shapes.enumerated() {
            newNumbers[number] = UInt32(new)
            hostSlots[number] = roles[new].host ?? -1
            programSlots[number] = roles[new].program ?? -1
        }
        origins.find(in: builder.rows, hostSlots: hostSlots, programSlots: programSlots)
        for shape in roles.indices {
            if !origins.hasHosts { roles[shape].host = nil }
            if !origins.hasPrograms { roles[shape].program = nil }
        }
        order = RowOrder(
            origins: origins.originOfRow, originCount: origins.origins.count,
            programs: origins.programOfRow, programCount: origins.programs.count)
        var storedShapes: [UInt32] = []
        storedShapes.reserveCapacity(order.rows.count)
        for row in order.rows {
            storedShapes.append(newNumbers[Int(builder.rows.shapes[Int(row)])])
        }
        self.storedShapes = storedShapes
        var starts = [0]
        for number in shapes {
            starts.append(starts[starts.count - 1] + builder.blockShapeRows[number])
        }
        self.starts = starts
        var next = starts
        var rowsByShape = [UInt32](repeating: 0, count: storedShapes.count)
        for (place, row) in order.rows.enumerated() {
            let shape = Int(storedShapes[place])
            rowsByShape[next[shape]] = row
            next[shape] += 1
        }
        self.newNumbers = newNumbers
        self.rowsByShape = rowsByShape
        self.roles = roles
        findFractions(builder.rows)
        findPids(builder.rows, origins)
    }

    /// The rows of a shape in stored order.
    func rows(of shape: Int) -> ArraySlice<UInt32> {
        rowsByShape[starts[shape]..<starts[shape + 1]]
    }

    /// How a slot follows from other columns, if it does.
    func derivedEncoding(_ slot: Int, _ shape: Int) -> ColumnEncoding? {
        let roles = roles[shape]
        if roles.host == slot { return .host }
        if roles.program == slot { return .program }
        return roles.pid == slot ? .pid : nil
    }

    private mutating func findFractions(_ rows: borrowing RowArena) {
        let times = rows.times.span
        for place in storedShapes.indices {
            let shape = Int(storedShapes[place])
            let digits = SplitTimes.digits(of: times[Int(order.rows[place])])
            if digits > roles[shape].fractionDigits { roles[shape].fractionDigits = digits }
        }
    }

    /// Takes the process ids of all shapes whose values are plain numbers.
    private mutating func findPids(_ arena: borrowing RowArena, _ origins: RowOrigins) {
        let bytes = arena.bytes.span
        var values = [UInt64](repeating: 0, count: storedShapes.count)
        // In order of arrival, in which the records lie in memory.
        for row in 0..<arena.count {
            let shape = Int(newNumbers[Int(arena.shapes[row])])
            guard let slot = roles[shape].pid else { continue }
            let range = arena.slots[Int(arena.firstSlots[row]) + slot]
            if let value = Self.pid(bytes, range) {
                values[row] = value
            } else {
                roles[shape].pid = nil
            }
        }
        let runs = order.runs(origins: origins.originOfRow, programs: origins.programOfRow)
        var run = 0
        var isStart = true
        for place in storedShapes.indices {
            while runs[run].end <= place {
                run += 1
                isStart = true
            }
            guard roles[Int(storedShapes[place])].pid != nil else { continue }
            pids.append(values[Int(order.rows[place])])
            pidStarts.append(isStart)
            isStart = false
        }
    }

    /// A number of at most ten digits without leading zeros.
    @inline(__always)
    private static func pid(_ bytes: Span<UInt8>, _ range: ByteRange) -> UInt64? {
        guard range.count >= 1, range.count <= 10 else { return nil }
        var value: UInt64 = 0
        for index in range.range {
            let digit = bytes[index] &- 0x30
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        return bytes[Int(range.offset)] == 0x30 && range.count > 1 ? nil : value
    }
}

/// The times of a block, seconds apart from their fractions: most fractions are noise or nothing.
struct SplitTimes {
    /// For each row in order of arrival, in nanoseconds.
    private(set) var seconds: [Int64] = []
    /// Fractions of the rows of shapes that have so many digits, in stored order.
    private(set) var millis: [UInt32] = []
    private(set) var micros: [UInt32] = []
    private(set) var nanos: [UInt32] = []

    init(_ times: [Int64], _ plan: BlockPlan) {
        seconds.reserveCapacity(times.count)
        for time in times { seconds.append(time.floorDivided(by: 1_000_000_000).quotient) }
        for (place, row) in plan.order.rows.enumerated() {
            let digits = plan.roles[Int(plan.storedShapes[place])].fractionDigits
            if digits == 0 { continue }
            let (_, fraction) = times[Int(row)].floorDivided(by: 1_000_000_000)
            switch digits {
            case 3: millis.append(UInt32(fraction / 1_000_000))
            case 6: micros.append(UInt32(fraction / 1000))
            default: nanos.append(UInt32(fraction))
            }
        }
    }

    /// How many digits of a second's fraction a time has: 0, 3, 6 or 9.
    static func digits(of time: Int64) -> Int {
        let (_, fraction) = time.floorDivided(by: 1_000_000_000)
        if fraction == 0 { return 0 }
        if fraction % 1_000_000 == 0 { return 3 }
        return fraction % 1000 == 0 ? 6 : 9
    }
}
