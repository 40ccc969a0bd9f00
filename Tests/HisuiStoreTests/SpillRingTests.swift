import HisuiBytes
import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiStore

/// What a store does that takes batches from a ring: each position is stored with its records.
private struct TakenStore {
    var texts: [String] = []
    var positions: [String: [UInt8]] = [:]
    var dropped: UInt64 = 0

    mutating func take(_ batch: RecordBatch) {
        for entry in batch.entries {
            let range = Int(entry.offset)..<Int(entry.offset) + Int(entry.count)
            texts.append(String(decoding: batch.bytes[range], as: UTF8.self))
        }
        dropped += batch.account[.spillFull]
        if !batch.position.isEmpty { positions[batch.source.id] = batch.position }
    }
}

@Suite struct SpillRingTests {
    private let path = "/spill/zone"

    private func open(
        _ disk: SimulatedFileSystem, bytesMax: Int = 1 << 20, _ positions: [String: [UInt8]] = [:]
    ) throws -> SpillRing {
        try SpillRing(opening: path, on: disk, bytesMax: bytesMax, durable: positions)
    }

    private func batch(_ source: String, _ records: [String]) -> RecordBatch {
        var batch = RecordBatch(source: Source(id: source, kind: .syslogUDP, form: .syslog))
        batch.senders = ["", "192.0.2.7"]
        for (number, record) in records.enumerated() {
            batch.append(
                Array(record.utf8).span,
                received: Timestamp(nanoseconds: 1_700_000_000_000_000_000 + Int64(number)),
                sender: 1, flags: number == 1 ? .truncated : [])
        }
        return batch
    }

    @Test(arguments: [
        ("<0>x", SpillClass.high), ("<11>x", .high), ("<12>x", .middle), ("<13>x", .middle),
        ("<14>x", .low), ("<15>x", .low), ("<38>x", .security), ("<87>x", .security),
        ("<110>x", .security), ("<191>x", .low), ("", .middle), ("<>", .middle), ("<1", .middle),
        ("<1234>x", .middle), ("<a>x", .middle), ("no priority", .middle), ("<3>", .high),
    ])
    func theClassIsThatOfThePriority(record: String, expected: SpillClass) {
        #expect(SpillClass.of(Array(record.utf8).span) == expected)
    }

    @Test func batchesComeBackAsTheyWere() throws {
        var ring = try open(SimulatedFileSystem())
        var first = batch("a", ["<13>one", "<13>two", ""])
        first.account[.kernelBuffer] = 7
        _ = ring.append(first)
        _ = ring.append(batch("b", ["<13>three"]))
        #expect(ring.pendingRecords == 4)
        var taken: [RecordBatch] = []
        while let batches = ring.take() { taken += batches }
        #expect(taken.map(\.source.id) == ["a", "b", "a"])
        #expect(taken[0].bytes == first.bytes)
        #expect(taken[0].senders == first.senders)
        #expect(taken[0].entries.map(\.received) == first.entries.map(\.received))
        #expect(taken[0].entries.map(\.sender) == [1, 1, 1])
        #expect(taken[0].entries.map(\.flags) == [[], .truncated, []])
        #expect(taken[2].account[.kernelBuffer] == 7)
        #expect(ring.isEmpty)
        #expect(ring.pendingRecords == 0)
        for batch in taken { ring.settled(batch.source.id, batch.position) }
        #expect(ring.bytes == 0)
    }

    @Test func recordsOfAllClassesComeInTheOrderOfTheirBatches() throws {
        var ring = try open(SimulatedFileSystem())
        for number in 0..<50 {
            _ = ring.append(batch("a", ["<\([14, 13, 11, 38][number % 4])>\(number)"]))
        }
        var store = TakenStore()
        while let batches = ring.take() { batches.forEach { store.take($0) } }
        #expect(store.texts.map { $0.split(separator: ">")[1] } == (0..<50).map { "\($0)" })
    }

    @Test func whatTheStoreHasIsNotHandedOutAgainAndTheRestIs() throws {
        let texts = (0..<40).map { "<\([14, 11, 38][$0 % 3])>\($0)" }
        for stored in 0...40 {
            let disk = SimulatedFileSystem()
            var ring = try open(disk)
            for (number, text) in texts.enumerated() {
                _ = ring.append(batch(number % 2 == 0 ? "a" : "b", [text]))
            }
            ring.sync()
            var store = TakenStore()
            for _ in 0..<stored { ring.take()?.forEach { store.take($0) } }
            // Some more that never became durable.
            for _ in 0..<3 { _ = ring.take() }
            ring.close()
            var again = try open(disk.killed(), store.positions)
            #expect(again.pendingRecords == UInt64(40 - stored))
            while let batches = again.take() { batches.forEach { store.take($0) } }
            #expect(store.texts == texts)
            #expect(again.damages.isEmpty)
        }
    }

    @Test func aFullRingDropsTheOldestOfTheLowestClassFirstAndCountsThem() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk, bytesMax: 20_000)
        let text = String(repeating: "x", count: 150)
        for number in 0..<60 { _ = ring.append(batch("low", ["<14>\(number) \(text)"])) }
        for number in 0..<40 { _ = ring.append(batch("middle", ["<13>\(number) \(text)"])) }
        for number in 0..<60 { _ = ring.append(batch("high", ["<11>\(number) \(text)"])) }
        #expect(ring.bytes <= 21_000)
        var store = TakenStore()
        while let batches = ring.take() { batches.forEach { store.take($0) } }
        func left(_ priority: String) -> [Int] {
            store.texts.filter { $0.hasPrefix(priority) }.compactMap {
                Int($0.dropFirst(4).prefix { $0.isNumber })
            }
        }
        #expect(left("<11>") == Array(0..<60))
        let middle = left("<13>")
        #expect(middle == Array(40 - middle.count..<40))
        #expect(!middle.isEmpty && middle.count < 40 && left("<14>").isEmpty)
        #expect(store.dropped == ring.dropped)
        #expect(UInt64(store.texts.count) + store.dropped == 160)
    }

    @Test func aRecordOfALowerClassThanAllThatCouldGoIsDroppedItself() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk, bytesMax: 20_000)
        let text = String(repeating: "x", count: 80)
        for number in 0..<300 { _ = ring.append(batch("high", ["<38>\(number) \(text)"])) }
        let kept = ring.pendingRecords
        for number in 0..<10 {
            _ = ring.append(batch("low", ["<14>\(number)", "<15>\(number) \(text)"]))
        }
        // A few still fit behind the last high one.
        let low = ring.pendingRecords - kept
        #expect(low < 20)
        ring.sync()
        // The counts outlive the process.
        var again = try open(disk.killed(), bytesMax: 20_000)
        var dropped: [String: UInt64] = [:]
        var records = 0
        while let batches = again.take() {
            for batch in batches {
                dropped[batch.source.id, default: 0] += batch.account[.spillFull]
                records += batch.entries.count
            }
        }
        #expect(records == Int(kept + low))
        #expect(dropped == ["low": 20 - low, "high": 300 - kept])
    }

    // syslog-ng#4069
    @Test func aSmallerBoundHoldsFromTheNextBatchAndWhatGoesIsCounted() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk, bytesMax: 40_000)
        let text = String(repeating: "x", count: 150)
        for number in 0..<150 { _ = ring.append(batch("low", ["<14>\(number) \(text)"])) }
        ring.close()
        var smaller = try open(disk.killed(), bytesMax: 15_000)
        // Nothing goes because of a setting alone.
        #expect(smaller.pendingRecords == 150)
        _ = smaller.append(batch("high", ["<11>1 \(text)"]))
        #expect(smaller.bytes <= 15_000)
        var store = TakenStore()
        while let batches = smaller.take() { batches.forEach { store.take($0) } }
        #expect(store.texts.contains { $0.hasPrefix("<11>1 ") })
        #expect(store.dropped > 0 && UInt64(store.texts.count) + store.dropped == 151)
    }

    // syslog-ng#4069
    @Test func aLargerBoundGivesRoomAndWhatWasThereStaysAsItWas() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk, bytesMax: 20_000)
        let text = String(repeating: "x", count: 150)
        func add(_ numbers: Range<Int>, to ring: inout SpillRing) {
            for number in numbers { _ = ring.append(batch("a", ["<14>\(number) \(text)"])) }
        }
        add(0..<300, to: &ring)
        ring.sync()
        let before = ring.pendingRecords
        #expect(before < 300)
        let second = disk.killed()
        var larger = try open(second, bytesMax: 80_000)
        #expect(larger.pendingRecords == before)
        add(300..<400, to: &larger)
        #expect(larger.pendingRecords == before + 100)
        larger.sync()
        var again = try open(second.killed(), bytesMax: 80_000)
        var store = TakenStore()
        while let batches = again.take() { batches.forEach { store.take($0) } }
        let numbers = store.texts.compactMap { $0.dropFirst(4).split(separator: " ").first }
        #expect(numbers.map(String.init) == (400 - Int(before) - 100..<400).map(String.init))
        #expect(store.dropped == 300 - before)
    }

    @Test func aDiskThatFailsCostsWhatItDoesNotTakeAndNothingElse() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk)
        _ = ring.append(batch("a", ["<13>before"]))
        disk.setCapacity(disk.usedBytes + 30)
        for number in 0..<5 {
            let left = ring.append(batch("a", ["<13>lost \(number)", "<14>too"]))
            let refused = try #require(left)
            #expect(refused.entries.count == 2)
            #expect(refused.senders == ["", "192.0.2.7"])
            ring.refuse(refused)
        }
        ring.sync()
        disk.setCapacity(nil)
        _ = ring.append(batch("a", ["<13>after"]))
        var store = TakenStore()
        while let batches = ring.take() { batches.forEach { store.take($0) } }
        #expect(store.texts == ["<13>before", "<13>after"])
        #expect(store.dropped == 10)
    }

    private func damageSecondOfThree(_ disk: SimulatedFileSystem) throws {
        let name = try #require(try disk.list(path).first { $0.hasSuffix(".spill") })
        try disk.tamper(Path.join(path, name)) { bytes in
            guard let place = bytes.indices.first(where: { bytes[$0...].starts(with: "two".utf8) })
            else { return }
            bytes[place] ^= 1
        }
    }

    @Test func aDamagedFrameIsPassedOverToldAndItsRecordsAreCounted() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk)
        for text in ["<13>one", "<13>two", "<13>three"] { _ = ring.append(batch("a", [text])) }
        ring.sync()
        try damageSecondOfThree(disk)
        var store = TakenStore()
        while let batches = ring.take() { batches.forEach { store.take($0) } }
        #expect(store.texts == ["<13>one", "<13>three"])
        #expect(store.dropped == 1 && ring.dropped == 1)
        #expect(ring.damages.count == 1)
    }

    @Test func aFrameDamagedWhileNobodyRanCostsNothingBehindIt() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk)
        for text in ["<13>one", "<13>two", "<13>three"] { _ = ring.append(batch("a", [text])) }
        ring.close()
        try damageSecondOfThree(disk)
        var again = try open(disk.killed())
        var store = TakenStore()
        while let batches = again.take() { batches.forEach { store.take($0) } }
        #expect(store.texts == ["<13>one", "<13>three"])
        #expect(again.damages.count == 1)
    }

    // vector#17644
    @Test func aTornTailIsCutAndWhatWasSyncedIsThere() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk)
        _ = ring.append(batch("a", ["<13>one"]))
        _ = ring.append(batch("a", ["<13>two"]))
        ring.close()
        let name = try #require(try disk.list(path).first { $0.hasSuffix(".spill") })
        let size = try disk.size(Path.join(path, name))
        for end in 0..<size {
            let torn = disk.killed()
            try torn.tamper(Path.join(path, name)) { $0.removeLast(size - end) }
            var again = try open(torn)
            var store = TakenStore()
            while let batches = again.take() { batches.forEach { store.take($0) } }
            #expect(store.texts == Array(["<13>one", "<13>two"].prefix(store.texts.count)))
            #expect(store.texts.count < 2)
            // What comes after it is kept like anything else.
            _ = again.append(batch("a", ["<13>three"]))
            again.take()?.forEach { store.take($0) }
            #expect(store.texts.last == "<13>three")
        }
    }

    private func direct(
        _ ring: inout SpillRing, _ source: String, _ records: [String]
    ) -> RecordBatch {
        var batch = batch(source, records)
        batch.position = ring.reserve()
        return batch
    }

    @Test func copiesOfWhatIsOnItsWayAreHandedOutAfterACrashUnlessTheStoreHasIt() throws {
        for stored in 0...3 {
            let disk = SimulatedFileSystem()
            var ring = try open(disk)
            var first = direct(&ring, "a", ["<13>one", "<38>two", "<14>three"])
            first.account[.kernelBuffer] = 7
            first.gaps = [
                Gap(source: "a", detected: Timestamp(nanoseconds: 9), count: nil, cause: "g")
            ]
            let batches = [
                first, direct(&ring, "b", ["<13>four"]), direct(&ring, "a", ["<11>five"]),
            ]
            let isKept = ring.keep(batches.reversed().map { ($0, nil) })
            #expect(isKept)
            _ = ring.append(batch("a", ["<14>six"]))
            ring.sync()
            // In this life the copies stay where they are.
            #expect(ring.pendingRecords == 1)
            var store = TakenStore()
            for batch in batches.prefix(stored) { store.take(batch) }
            #expect(
                try SpillSurvey(path, on: disk, durable: store.positions).records
                    == [6, 3, 2, 1][stored])
            var again = try open(disk.crashed(seed: 1), store.positions)
            var taken: [RecordBatch] = []
            while let batches = again.take() { taken += batches }
            let dropped = taken.reduce(0) { $0 + $1.account[.kernelBuffer] }
            #expect(dropped == (stored == 0 ? 7 : 0))
            #expect(taken.flatMap(\.gaps).map(\.cause) == (stored == 0 ? ["g"] : []))
            taken.forEach { store.take($0) }
            #expect(store.texts.count == 6)
            #expect(Set(store.texts).count == 6)
            #expect(store.texts.last == "<14>six")
            #expect(again.damages.isEmpty)
        }
    }

    @Test func aGapIsKeptWithItsCountWhateverBecomesOfTheProcess() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk)
        var told = batch("a", ["<13>one"])
        told.account.gaps = 1
        told.gaps = [Gap(source: "a", detected: Timestamp(nanoseconds: 9), count: 4, cause: "g")]
        _ = ring.append(told)
        // Killed before anything was synced.
        var again = try open(disk.killed())
        var taken: [RecordBatch] = []
        while let batches = again.take() { taken += batches }
        #expect(taken.flatMap(\.gaps) == told.gaps)
        #expect(taken.reduce(0) { $0 + $1.account.gaps } == 1)
        #expect(taken.reduce(0) { $0 + $1.entries.count } == 1)
    }

    @Test func copiesGoWhenTheStoreHasTheirOriginals() throws {
        var ring = try open(SimulatedFileSystem())
        let one = direct(&ring, "a", ["<13>one", "<38>two"])
        let two = direct(&ring, "b", ["<13>three"])
        let isKept = ring.keep([(one, nil), (two, nil)])
        #expect(isKept && ring.bytes > 0 && ring.isEmpty && ring.pendingRecords == 0)
        let taken = ring.take()
        #expect(taken == nil)
        ring.settled("a", one.position)
        #expect(ring.bytes > 0)
        ring.settled("b", two.position)
        #expect(ring.bytes == 0)
    }

    @Test func whatGoesDirectlyIntoTheStoreIsOrderedAmongWhatIsSpilled() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk)
        var store = TakenStore()
        _ = ring.append(batch("a", ["<13>0"]))
        // Drained, but the store does not have it yet.
        let handed = ring.take()
        #expect(handed?.count == 1)
        let one = direct(&ring, "a", ["<13>1"])
        _ = ring.append(batch("a", ["<13>2"]))
        let isKept = ring.keep([(one, nil)])
        #expect(isKept)
        _ = ring.append(batch("a", ["<13>3"]))
        ring.close()
        var again = try open(disk.killed())
        var drained: [RecordBatch] = []
        while let batches = again.take() { drained += batches }
        drained.forEach { store.take($0) }
        #expect(store.texts == ["<13>0", "<13>1", "<13>2", "<13>3"])
        #expect(drained.map { SpillRing.number($0.position) ?? 0 }.isSorted)
    }

    @Test func theClassOfASourceStandsForThatOfItsRecords() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk, bytesMax: 20_000)
        let text = String(repeating: "x", count: 150)
        for number in 0..<60 {
            // Said to be dear by its sender, and cheap by the operator.
            _ = ring.append(batch("firewall", ["<38>\(number) \(text)"]), as: .low)
            _ = ring.append(batch("door", ["<15>\(number) \(text)"]), as: .security)
        }
        var left: [String: Int] = [:]
        while let batches = ring.take() {
            for batch in batches { left[batch.source.id, default: 0] += batch.entries.count }
        }
        #expect(left["door"] == 60)
        #expect(left["firewall"] ?? 0 < 60)
    }

    @Test func dropsSayWhenTheRecordsCameThatWereDropped() throws {
        let disk = SimulatedFileSystem()
        var ring = try open(disk, bytesMax: 20_000)
        let text = String(repeating: "x", count: 150)
        let start: Int64 = 1_700_000_000_000_000_000
        for number in 0..<200 {
            var batch = RecordBatch(source: Source(id: "a", kind: .syslogUDP, form: .syslog))
            batch.append(
                Array("<14>\(number) \(text)".utf8).span,
                received: Timestamp(nanoseconds: start + Int64(number)))
            _ = ring.append(batch)
        }
        ring.close()
        var again = try open(disk.killed(), bytesMax: 20_000)
        var account = Account()
        var stored: [Int] = []
        while let batches = again.take() {
            for batch in batches {
                account.add(batch.account)
                for entry in batch.entries {
                    stored.append(Int(entry.received.nanoseconds - start))
                }
            }
        }
        let dropped = Int(account[.spillFull])
        #expect(dropped > 0 && stored == Array(dropped..<200))
        #expect(
            account.dropSpans[.spillFull]
                == MomentSpan(
                    Timestamp(nanoseconds: start),
                    Timestamp(nanoseconds: start + Int64(dropped - 1))))
    }

    /// Power is lost, or the process killed, after each operation in turn, in the middle of
    /// filling, dropping and draining.
    // vector#25570, vector#25639
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func noRecordIsLostOrStoredTwiceWhateverTheMoment(seed: UInt64) throws {
        let whole = SimulatedFileSystem()
        var operations = 0
        do {
            var life = RingLife(seed: seed)
            try life.run(on: whole)
            operations = whole.operationCount
        }
        #expect(operations > 60)
        for last in stride(from: 1, through: operations, by: 1) {
            let disk = SimulatedFileSystem()
            disk.crashAfter(operation: last)
            var life = RingLife(seed: seed)
            // The disk halts somewhere in it.
            try? life.run(on: disk)
            for found in [disk.killed(), disk.crashed(seed: UInt64(last))] {
                var ring = try RingLife.open(found, life.store.positions)
                var store = life.store
                while let batches = ring.take() { batches.forEach { store.take($0) } }
                #expect(Set(store.texts).count == store.texts.count, "operation \(last)")
                #expect(
                    UInt64(store.texts.count) + store.dropped >= life.synced,
                    "operation \(last): \(store.texts.count) + \(store.dropped)")
                #expect(UInt64(store.texts.count) + store.dropped <= life.offered)
            }
        }
    }
}

/// A ring in use, and the pipeline beside it, decided by a seed.
private struct RingLife {
    private var random: Seeded
    var store = TakenStore()
    /// Records given to the ring or the pipeline, and those of them that must not be lost.
    var offered: UInt64 = 0
    var synced: UInt64 = 0
    /// What went directly into the pipeline, in order, and how much of it the ring has copies of.
    private var underway: [RecordBatch] = []
    private var copied = 0
    /// Records that a restart took out of the pipeline.
    private var lost: UInt64 = 0

    init(seed: UInt64) { random = Seeded(seed) }

    static func open(
        _ disk: SimulatedFileSystem, _ positions: [String: [UInt8]]
    ) throws(StoreError) -> SpillRing {
        try SpillRing(opening: "/spill/zone", on: disk, bytesMax: 6000, durable: positions)
    }

    private func records(_ batches: some Sequence<RecordBatch>) -> UInt64 {
        batches.reduce(0) { $0 + UInt64($1.entries.count) }
    }

    private mutating func batch(_ step: Int) -> RecordBatch {
        let source = "s\(Int.random(in: 0..<3, using: &random))"
        var batch = RecordBatch(source: Source(id: source, kind: .syslogUDP, form: .syslog))
        for number in 0..<Int.random(in: 1..<5, using: &random) {
            let priority = [14, 13, 11, 38][Int.random(in: 0..<4, using: &random)]
            let text =
                "<\(priority)>\(step).\(number) "
                + String(repeating: "x", count: Int.random(in: 0..<90, using: &random))
            batch.append(Array(text.utf8).span, received: Timestamp(nanoseconds: 5))
        }
        offered += UInt64(batch.entries.count)
        return batch
    }

    /// What is in the pipeline becomes durable, then what is in the ring.
    private mutating func drain(_ ring: inout SpillRing, _ disk: SimulatedFileSystem) throws {
        for batch in underway {
            store.take(batch)
            ring.settled(batch.source.id, batch.position)
        }
        underway = []
        copied = 0
        for _ in 0..<3 {
            guard let batches = ring.take() else { break }
            _ = try disk.list("/spill/zone")
            for batch in batches {
                store.take(batch)
                ring.settled(batch.source.id, batch.position)
            }
        }
    }

    mutating func run(on disk: SimulatedFileSystem) throws {
        var ring = try Self.open(disk, [:])
        for step in 0..<80 {
            switch Int.random(in: 0..<14, using: &random) {
            case 0..<7:
                var batch = batch(step)
                if ring.isEmpty, Bool.random(using: &random) {
                    batch.position = ring.reserve()
                    underway.append(batch)
                } else {
                    _ = ring.append(batch)
                }
            case 7, 8:
                ring.sync()
                // After a halt nothing that is said is so.
                _ = try disk.list("/spill/zone")
                synced = offered - lost - records(underway[copied...])
            case 9, 10:
                if ring.keep(underway[copied...].map { ($0, nil) }) {
                    _ = try disk.list("/spill/zone")
                    copied = underway.count
                }
            case 11, 12:
                _ = try disk.list("/spill/zone")
                try drain(&ring, disk)
            default:
                // Handed out, and never stored.
                _ = try disk.list("/spill/zone")
                ring.close()
                lost += records(underway[copied...])
                underway = []
                copied = 0
                ring = try Self.open(disk, store.positions)
            }
        }
    }
}

extension [UInt64] {
    fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 < $1 } }
}

private struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Hash64.mix(state, 0x2545_F491_4F6C_DD1D)
    }
}
