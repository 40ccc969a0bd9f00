import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// A block while a query looks at it: the columns taken so far, by shape and slot.
///
/// Belongs to one thread at a time.
final class BlockScan {
    let block: Block
    /// The block's place among all blocks of the query.
    let place: Int
    /// What is counted of the look at the block, if anybody wants to know.
    var tally: BlockTally?
    private var columns: [Int: SlotColumn] = [:]
    /// The rows of shapes that are still asked for, where these are known.
    private var wanted: [Int: Range<Int>] = [:]
    /// What was asked of the whole block, by the probe; the question keeps that.
    private var answers: [ObjectIdentifier: SlotSet] = [:]
    /// How needles may stand: for each shape the needles that were asked for, and how.
    private var heldNeedles: [[(needle: NeedleQuestion, held: HeldNeedle)]]
    /// What was asked of its hosts and programs.
    private var runTests: [(identity: FieldTest.Identity, test: RunTest)] = []
    private var groupingTaken: ShapeGrouping?
    private var timesTaken: [Int64]?
    private var secondsTaken: [Int64]?
    private var receivedTaken: [Int64]?
    /// The rows that are asked for from now on, ascending, if they are few, and their times.
    private var wantedRows: [UInt32] = []
    private var receivedOfWanted: [Int64]?
    private var sourcesTaken: [UInt32]?
    private var sendersTaken: [UInt32]?
    private var flagsTaken: [UInt32]?
    private var sourceTexts: [[UInt8]]?
    private var streamTexts: [[UInt8]]?
    private var senderTexts: [[UInt8]]?

    init(_ block: Block, place: Int) {
        self.block = block
        self.place = place
        heldNeedles = Array(repeating: [], count: block.shapes.count)
    }

    /// Lets go of everything that can be taken again.
    func release() {
        columns = [:]
        groupingTaken = nil
        timesTaken = nil
        secondsTaken = nil
        receivedTaken = nil
        receivedOfWanted = nil
        sourcesTaken = nil
        sendersTaken = nil
        flagsTaken = nil
        block.dropCaches()
    }

    func grouping() throws(QueryFailure) -> ShapeGrouping {
        if let groupingTaken { return groupingTaken }
        let taken = try reading { () throws(StoreError) in try block.grouping() }
        groupingTaken = taken
        return taken
    }

    func times() throws(QueryFailure) -> [Int64] {
        if let timesTaken { return timesTaken }
        let taken = try reading { () throws(StoreError) in try block.times() }
        timesTaken = taken
        return taken
    }

    /// The whole seconds of the times.
    func seconds() throws(QueryFailure) -> [Int64] {
        if let secondsTaken { return secondsTaken }
        let taken = try reading { () throws(StoreError) in try block.seconds() }
        secondsTaken = taken
        return taken
    }

    /// The text of a slot's values.
    func column(shape: Int, slot: Int) throws(QueryFailure) -> SlotColumn {
        let encoding = block.shapes[shape].shape.encoding
        if encoding == .utf8 { return try bytesColumn(shape: shape, slot: slot) }
        let key = 1 << 40 | shape << 16 | slot
        if let known = columns[key] { return known }
        let taken = try bytesColumn(shape: shape, slot: slot).decoded(encoding)
        columns[key] = taken
        return taken
    }

    /// A slot's values as their bytes stand in the records.
    func bytesColumn(shape: Int, slot: Int) throws(QueryFailure) -> SlotColumn {
        let key = shape << 16 | slot
        if let known = columns[key] { return known }
        let taken = try reading { () throws(StoreError) in
            try block.column(shape: shape, slot: slot, within: wanted[shape])
        }
        columns[key] = taken
        return taken
    }

    /// From now on only some rows of a shape are asked for, by their ordinals.
    func want(_ ordinals: Range<Int>, ofShape shape: Int) { wanted[shape] = ordinals }

    /// From now on only some rows are asked for.
    func want(rows hits: [Hit]) {
        // Of many all are read.
        if hits.count < block.count / 8 { wantedRows = hits.map(\.row).sorted() }
    }

    /// The column of a slot of a stretch, by its place there.
    func column(_ text: StretchText, _ place: Int, shape: Int) throws(QueryFailure) -> SlotColumn {
        text.isRecord
            ? try bytesColumn(shape: shape, slot: text.slots[place])
            : try column(shape: shape, slot: text.slots[place])
    }

    /// The rows in whose slot a needle stands, if that is known without the text of the column.
    func rows(of needle: Needle, shape: Int, slot: Int) throws(QueryFailure) -> [Int]? {
        if needle.likeness != .exact { return nil }
        return try reading { () throws(StoreError) in
            try block.rows(
                shape: shape, slot: slot, of: needle.bytes,
                isWord: needle.startsWord && needle.endsWord)
        }
    }

    /// The rows whose value of a slot begins with a text, if that is known without the text of the
    /// column.
    func rows(
        beginningWith text: ArraySlice<UInt8>, shape: Int, slot: Int
    ) throws(QueryFailure) -> [Int]? {
        try reading { () throws(StoreError) in
            try block.rows(shape: shape, slot: slot, beginningWith: Array(text))
        }
    }

    /// Rows by value of one slot of each shape, and for which shapes they are counted.
    func valueCounts(
        _ slots: [Int?]
    ) throws(QueryFailure) -> (counts: [(value: [UInt8], rows: Int)], counted: [Bool]) {
        try reading { () throws(StoreError) in try block.valueCounts(slots) }
    }

    /// The rows of a shape that pass, if the block knows.
    func passing(_ question: SlotQuestion, _ shape: Int) throws(QueryFailure) -> RunRows? {
        let test: RunTest
        if let known = runTests.first(where: { $0.identity === question.identity })?.test {
            test = known
        } else {
            test = RunTest { question.test.matches($0) }
            runTests.append((question.identity, test))
        }
        return try reading { () throws(StoreError) in
            try block.passing(shape: shape, slot: question.slot, test)
        }
    }

    /// Rows of each shape by quarters of an hour, if the block has counted them.
    func shapeTimes() throws(QueryFailure) -> ShapeTimes? {
        try reading { () throws(StoreError) in try block.shapeTimes() }
    }

    /// Calls `body` with the rows of some shapes in order of arrival.
    func forEachRow(
        of chosen: [Bool], withOrdinals: Bool,
        _ body: (_ row: Int, _ shape: Int, _ ordinal: Int) -> Void
    ) throws(QueryFailure) {
        try reading { () throws(StoreError) in
            try block.forEachRow(of: chosen, withOrdinals: withOrdinals, body)
        }
    }

    /// Calls `body` with the rows of some shapes that are wanted, in order of arrival.
    func find(
        of chosen: [Bool], where isWanted: (_ shape: Int, _ ordinal: Int) -> Bool,
        mayBeAny: (_ shape: Int, _ ordinals: Range<Int>) -> Bool, withFlags: Bool,
        _ body: (FoundRow) -> Void
    ) throws(QueryFailure) {
        try reading { () throws(StoreError) in
            try block.find(
                of: chosen, where: isWanted, mayBeAny: mayBeAny, withFlags: withFlags, body)
        }
    }

    private func received() throws(QueryFailure) -> [Int64] {
        if let receivedTaken { return receivedTaken }
        let taken = try reading { () throws(StoreError) in try block.received() }
        receivedTaken = taken
        return taken
    }

    /// When a row was received; one that is wanted, if some are.
    private func received(of row: Int) throws(QueryFailure) -> Int64 {
        if wantedRows.isEmpty || receivedTaken != nil { return try received()[row] }
        if receivedOfWanted == nil {
            receivedOfWanted = try reading { () throws(StoreError) in
                try block.received(of: wantedRows)
            }
        }
        // The first that is not before the row.
        var (first, end) = (0, wantedRows.count)
        while first < end {
            let middle = (first + end) / 2
            if Int(wantedRows[middle]) < row { first = middle + 1 } else { end = middle }
        }
        precondition(
            first < wantedRows.count && Int(wantedRows[first]) == row, "only wanted rows are read")
        return receivedOfWanted?[first] ?? 0
    }

    private func sourceNumbers() throws(QueryFailure) -> [UInt32] {
        if let sourcesTaken { return sourcesTaken }
        let taken = try reading { () throws(StoreError) in try block.sourceNumbers() }
        sourcesTaken = taken
        return taken
    }

    private func senderNumbers() throws(QueryFailure) -> [UInt32] {
        if let sendersTaken { return sendersTaken }
        let taken = try reading { () throws(StoreError) in try block.senderNumbers() }
        sendersTaken = taken
        return taken
    }

    func flags() throws(QueryFailure) -> [UInt32] {
        if let flagsTaken { return flagsTaken }
        let taken = try reading { () throws(StoreError) in try block.flags() }
        flagsTaken = taken
        return taken
    }

    private func reading<T>(_ body: () throws(StoreError) -> T) throws(QueryFailure) -> T {
        do throws(StoreError) { return try body() } catch { throw QueryFailure(error) }
    }
}

// What the block tells without its columns.
extension BlockScan: ColumnKnowledge {
    /// The slots in which the probe may occur; asked once.
    private func candidates(_ probe: TextProbe) throws(QueryFailure) -> SlotSet {
        try reading { () throws(StoreError) in try asked(probe) }
    }

    private func asked(_ probe: TextProbe) throws(StoreError) -> SlotSet {
        if let known = answers[ObjectIdentifier(probe)] { return known }
        let slots = try block.candidates(probe)
        answers[ObjectIdentifier(probe)] = slots
        return slots
    }

    /// Leaves those shapes possible of which rows may pass a test.
    ///
    /// - Parameter needle: that of a shape's terms, if they are all of one.
    func ask(
        _ test: TableTest, of possible: inout [Bool], needle: (_ shape: Int) -> NeedleQuestion?
    ) throws(QueryFailure) {
        let held = try reading { () throws(StoreError) in
            try block.held(test, of: possible) { (probe) throws(StoreError) in try asked(probe) }
        }
        possible = held.isPossible
        for shape in possible.indices where possible[shape] {
            let marks = held.marks(ofShape: shape)
            if !marks.isEmpty, let needle = needle(shape) {
                heldNeedles[shape].append((needle, HeldNeedle(marks)))
            }
        }
    }

    func held(_ wanted: NeedleQuestion, shape: Int) -> HeldNeedle? {
        heldNeedles[shape].first { $0.needle === wanted }?.held
    }

    func mayContain(_ probe: TextProbe, shape: Int, slot: Int) throws(QueryFailure) -> Bool {
        try candidates(probe).mayContain(shape: shape, slot: slot)
    }

    func contains(_ probe: TextProbe, shape: Int, slot: Int) throws(QueryFailure) -> Bool {
        let candidates = try candidates(probe)
        return try reading { () throws(StoreError) in
            try candidates.contains(shape: shape, slot: slot)
        }
    }

    func contains(
        _ probe: TextProbe, shape: Int, slots: [Int]
    ) throws(QueryFailure) -> Bool {
        let candidates = try candidates(probe)
        return try reading { () throws(StoreError) in
            try candidates.contains(shape: shape, slots: slots)
        }
    }

    func verdict(_ question: SlotQuestion, shape: Int) throws(QueryFailure) -> Verdict {
        let slot = question.slot
        if question.isAsStored, let rows = try passing(question, shape) {
            switch rows {
            case .none: return .never
            case .all: return .always
            case .some: return .depends
            }
        }
        let constant = try reading { () throws(StoreError) in
            try block.constant(shape: shape, slot: slot)
        }
        if let constant {
            return Verdict(question.matches(constant, in: block.shapes[shape].shape))
        }
        let range = try reading { () throws(StoreError) in
            try block.numberRange(shape: shape, slot: slot)
        }
        return range.map { question.verdict(numbers: $0) } ?? .depends
    }

    func verdict(_ test: any ValueTest, of field: String, shape: Int) -> Verdict {
        switch FieldSource.resolve(field, shape: shape, in: block) {
        case .constant(let value): return Verdict(test.matches(value.span))
        case .slot, .text: return .depends
        case .row(let field):
            guard let texts = texts(of: field) else {
                return test.verdict(prefix: [], suffix: [], least: 0)
            }
            let passing = texts.count { test.matches($0.span) }
            return passing == 0 ? .never : passing == texts.count ? .always : .depends
        }
    }

    func verdict(_ time: TimeFilter) -> Verdict {
        let range = block.timeRange
        return time.verdict(range.lowerBound.nanoseconds...range.upperBound.nanoseconds)
    }
}

// Values of rows.
extension BlockScan {
    /// The different values of a row field that has few, by the numbers that rows have for it;
    /// nil for fields whose values differ from row to row.
    func texts(of field: RowField) -> [[UInt8]]? {
        switch field {
        case .source:
            if let sourceTexts { return sourceTexts }
            sourceTexts = block.sources.map { Array($0.id.utf8) }
            return sourceTexts
        case .stream:
            if let streamTexts { return streamTexts }
            streamTexts = block.sources.map {
                FieldSource.streamText(zone: block.zone, source: $0)
            }
            return streamTexts
        case .sender:
            if let senderTexts { return senderTexts }
            senderTexts = block.senders.map { FieldSource.senderText($0, .sender) }
            return senderTexts
        case .senderPID, .senderUID, .senderGID:
            return block.senders.map { FieldSource.senderText($0, field) }
        case .time, .received, .index, .flags, .duplicate: return nil
        }
    }

    /// For each row its number in `texts(of:)`.
    func numbers(of field: RowField) throws(QueryFailure) -> [UInt32] {
        switch field {
        case .sender, .senderPID, .senderUID, .senderGID: try senderNumbers()
        default: try sourceNumbers()
        }
    }

    /// Takes the column of a row field, if there is one: on the thread that looks at the block,
    /// which need not be the one that reads the rows.
    func take(_ field: RowField) throws(QueryFailure) {
        switch field {
        case .time, .index, .flags, .duplicate: return
        case .received:
            if !isReceivedAtOnce { _ = try received(of: wantedRows.first.map { Int($0) } ?? 0) }
        case .source, .stream, .sender, .senderPID, .senderUID, .senderGID:
            if texts(of: field)?.count ?? 0 > 1 { _ = try numbers(of: field) }
        }
    }

    /// Whether all rows have one receive time: they were loaded at once.
    private var isReceivedAtOnce: Bool {
        block.receivedRange.lowerBound == block.receivedRange.upperBound
    }

    /// Appends the value of a row field.
    func append(_ field: RowField, row: Int, to out: inout [UInt8]) throws(QueryFailure) {
        switch field {
        case .time: UTCText.append(try times()[row], to: &out)
        case .received:
            let first = block.receivedRange.lowerBound.nanoseconds
            UTCText.append(isReceivedAtOnce ? first : try received(of: row), to: &out)
        case .index: out.appendDecimal(block.firstIndex + UInt64(row))
        case .flags, .duplicate:
            out.append(utf8: FieldSource.text(of: field, flags: try flags()[row]))
        case .source, .stream, .sender, .senderPID, .senderUID, .senderGID:
            guard let texts = texts(of: field) else { return }
            let number = texts.count == 1 ? 0 : Int(try numbers(of: field)[row])
            let text = texts[number]
            out.append(text.span, 0..<text.count)
        }
    }
}

extension SlotColumn {
    /// The text of all values; values that share their bytes go on sharing them.
    ///
    /// - Complexity: O(bytes), once for each block that a query reads the column of.
    fileprivate func decoded(_ encoding: TextEncoding) -> SlotColumn {
        var text: [UInt8] = []
        var places: [ByteRange: ByteRange] = [:]
        var decoded = ranges
        for index in ranges.indices {
            if let known = places[ranges[index]] {
                decoded[index] = known
                continue
            }
            let start = text.count
            encoding.appendText(bytes.span, ranges[index].range, to: &text)
            decoded[index] = ByteRange(start..<text.count)
            places[ranges[index]] = decoded[index]
        }
        return SlotColumn(bytes: text, ranges: decoded)
    }
}
