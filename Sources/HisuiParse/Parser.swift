public import HisuiBytes
public import HisuiEvent
public import HisuiShape

/// Turns records into rows: header, rule or automatic shape, number of the shape.
///
///     record ─▶ header ─▶ rule matches? ─▶ key ─▶ shape known? ─▶ row
///                           │ no                   │ no
///                           └▶ automatic slots     └▶ build it, once
///
/// Nothing from outside is an error: a record of which nothing is understood is a row with one
/// slot. For every row the literals of its shape and its slots make up the record byte for byte;
/// this is compared for each record, not assumed. A warm parser allocates per batch, not per
/// record.
///
/// A parser belongs to one thread at a time and holds the numbers of its shapes itself.
public struct Parser: Sendable {
    /// The shapes of the rows of the last batch.
    ///
    /// A new table takes its place when it has grown past its use, so who keeps rows takes it after
    /// every `parse`.
    public private(set) var shapes = ShapeTable()
    /// What messages are matched with.
    public let definitions: DefinitionSet

    /// How the bytes of records of this source become text, where a batch does not say otherwise.
    public let encoding: TextEncoding
    /// Of the batch at hand.
    var current: TextEncoding
    /// How named values may be read: what the definitions say, and the tables met.
    var choices: [FormatChoice]
    /// How all records of the batch at hand are read, where that is so.
    var bound: Int?
    private var tables: [RecordTable: Int] = [:]
    /// The formats that `#Fields:` lines have named, and which file has which.
    var fieldChoices: [W3CFormat: Int] = [:]
    var fieldLines = FieldLines()

    var scratch = RowScratch()
    var entry = JournalEntry()
    private var cache = ShapeCache()
    var admission = ShapeAdmission()
    var pool = LiteralPool()
    private var variation = WordVariation()
    var clock: HeaderClock
    // Records whose values have names.
    var plans: [MemberPlan] = []
    /// Numbers of plans by fixed text.
    var planCache = ShapeCache()
    var memberClock: MemberClock
    /// Room for a value that has to be decoded.
    var buffer: [UInt8] = []
    // A record that is not in UTF-8: its text, the borders of its characters, and the slots of the
    // text, while `scratch` has those of the record.
    var decoded: [UInt8] = []
    var anchors: [TextEncoding.Anchor] = []
    var textSlots: [ByteRange] = []
    /// Events whose records have not all come.
    var joining = Joining()
    /// What is known of operations that several records tell of.
    var folding = Folding()
    /// The audit record at hand, if it is one, and the host by its header.
    var auditMessage: Range<Int>?
    var hostRange: Range<Int>?
    /// Where its time and number stand, if not in itself.
    var auditPlaces: (time: Range<Int>, serial: Range<Int>)?
    /// Hosts of records that name none.
    var host = HostFallback()
    /// Whom records are about.
    var subjects = Subjects()
    var pairs = Pairs()
    /// Messages inside members of records.
    var nesting = Nesting()
    /// Texts to be put behind the records of the batch at hand.
    var besideTexts: [UInt8] = []
    private var files: [String: FileTime] = [:]
    /// Slots of a row in the batch before: how much room to make for the next one.
    private var slotsPerRow = 8
    /// Makes keys unpredictable from outside, so that nobody can write lines that collide.
    private let seed = UInt64.random(in: 0...UInt64.max)

    /// How far a file has come, for times without a year.
    private struct FileTime {
        var latest: Timestamp
        var last: Timestamp
    }

    /// A parser that knows no shape yet.
    ///
    /// - Parameters:
    ///   - timeZone: the zone of times that name none.
    ///   - encoding: of records that are lines or syslog messages; journals are UTF-8. Where it
    ///     is UTF-8, and the only definition says another, it is that.
    ///   - subjects: keys for pseudonyms; without them whom a record is about is not shown at all.
    public init(
        definitions: DefinitionSet, timeZone: TimeZoneRules, encoding: TextEncoding = .utf8,
        subjects: SubjectKeys? = nil
    ) {
        self.subjects.keys = subjects
        self.definitions = definitions
        let known = encoding == .utf8 ? definitions.encoding : encoding
        self.encoding = known
        current = known
        choices = definitions.formats.choices
        clock = HeaderClock(zone: timeZone)
        memberClock = MemberClock(zone: timeZone)
    }

    /// Rows for all records of the batch, one each and in the same order, numbered by `shapes`.
    ///
    /// - Parameter isLast: nothing of the source follows: events of several records are not waited
    ///   for.
    /// - Complexity: O(bytes of the batch).
    public mutating func parse(
        _ batch: consuming RecordBatch, isLast: Bool = false
    ) -> RowBatch {
        let entries = batch.entries
        let latest = batch.latestPossible
        let columns = batch.columns
        current = batch.encoding ?? encoding
        use(batch.table)
        if shapes.count + entries.count > Limits.shapesPerSegmentMax {
            forgetShapes()
        }
        var rows = RowBatch(takingOver: batch)
        beginClock(rows.source, received: entries.first?.received ?? .none, latest: latest)
        admission.count(rows: entries.count)
        rows.rows.reserveCapacity(entries.count)
        rows.slots.reserveCapacity(entries.count * slotsPerRow + 64)
        let bytes = rows.bytes
        let form = rows.source.form
        let isFile = bound == nil && (rows.source.kind == .file || rows.source.kind == .import)
        fieldLines.begin()
        if isFile,
            let line = fieldLines.resume(columns, of: rows.senders, source: rows.source.id)
        {
            takeFields(line.span)
        }
        besideTexts.removeAll(keepingCapacity: true)
        beginHosts(rows)
        beginNested(entries.count)
        folding.senders = rows.senders
        for entry in entries {
            let first = Int(entry.offset)
            let record = bytes.span.extracting(first..<first + Int(entry.count))
            var row = RowBatch.Row(
                offset: entry.offset, count: entry.count, shape: 0,
                firstSlot: UInt32(truncatingIfNeeded: rows.slots.count), time: .none,
                received: entry.received, sender: entry.sender, flags: entry.flags)
            auditMessage = nil
            passRecord(bytes: entry.count, rows.source)
            subjects.slot = -1
            if form == .journal {
                parseJournal(record, &row)
            } else {
                if isFile,
                    fieldLines.take(
                        record, sender: entry.sender, of: rows.senders, source: rows.source.id)
                {
                    takeFields(record)
                }
                parseLine(record, form, &row)
            }
            if row.time == .none {
                row.time = row.received
                row.flags.insert(.timeInferred)
            }
            appendSlots(of: &row, to: &rows, behind: bytes.count)
            if auditMessage != nil { join(row, number: rows.rows.count, record, rows.source) }
            if folding.facts != nil { fold(&row, number: rows.rows.count, rows.source) }
            rows.rows.append(row)
        }
        if !besideTexts.isEmpty { rows.bytes += besideTexts }
        endJoins(&rows, isLast: isLast)
        endFolds(&rows)
        if !entries.isEmpty { slotsPerRow = rows.slots.count / entries.count + 1 }
        endClock(rows.source, latest: latest)
        return rows
    }

    /// Appends the slots of the record at hand, and then those beside it.
    ///
    /// - Parameter end: bytes of all records of the batch.
    @inline(__always)
    private mutating func appendSlots(
        of row: inout RowBatch.Row, to rows: inout RowBatch, behind end: Int
    ) {
        scratch.append(to: &rows.slots, at: row.offset)
        if subjects.slot >= 0, let place = takeSubject(&row, behind: end) {
            rows.slots.append(place)
        }
        takeNested(behind: end, to: &rows.slots)
        if host.isOfAddresses, let place = takeSender(&row, of: rows.senders, behind: end) {
            rows.slots.append(place)
        }
    }

    /// Numbers shapes anew: what is known by the numbers of the old ones goes with them.
    mutating func forgetShapes() {
        shapes = ShapeTable()
        cache = ShapeCache()
        admission = ShapeAdmission()
        plans = []
        planCache = ShapeCache()
        joining.numbers = [:]
        host.numbers = []
        subjects.numbers = [:]
        pairs.twice = []
        nesting.made = [:]
        folding.parts = [:]
        folding.numbers = [:]
    }

    /// Reads lines as rows of a table from now on, or as the definition says.
    ///
    /// A definition that knows the columns says where the time stands, whatever their order.
    private mutating func use(_ table: RecordTable?) {
        guard let table else {
            bound = definitions.formats.bound
            return
        }
        if tables[table] == nil, tables.count == Limits.tablesRememberedMax {
            forgetTables()
        }
        bound = tables[table] ?? choices.count
        if tables[table] != nil { return }
        tables[table] = choices.count
        var known: CSVFormat?
        let only = definitions.formats.bound.map { choices[$0] }
        if case .csv(let csv)? = only?.format { known = csv }
        var format = CSVFormat(columns: table.columns, delimiter: table.delimiter)
        if !table.isNamed, let known, known.columns.count == table.columns.count {
            format.columns = known.columns
        }
        var times = (only?.times ?? []).filter { $0.allSatisfy(format.columns.contains) }
        if times.isEmpty { times = [definitions.objects.columnTimes(in: format.columns)] }
        times.removeAll(where: \.isEmpty)
        choices.append(
            FormatChoice(
                format: .csv(format), definitions: memberDefinitions(.csv), times: times))
    }

    /// Forgets the columns of tables and files. Shapes already made say nothing of numbers.
    mutating func forgetTables() {
        tables = [:]
        fieldChoices = [:]
        fieldLines.forgetColumns()
        choices = definitions.formats.choices
        cache = ShapeCache()
        plans = []
        planCache = ShapeCache()
    }

    // MARK: - Records

    @inline(__always)
    private mutating func parseLine(
        _ record: Span<UInt8>, _ form: RecordForm, _ row: inout RowBatch.Row
    ) {
        let isUTF8 =
            current == .utf8
            || current.keepsASCII && UTF8Text.asciiEnd(record, 0..<record.count) == record.count
        if isUTF8 {
            parseText(record, of: record, form, .utf8, &row)
        } else {
            parseEncoded(record, form, &row)
        }
    }

    /// Parses one record.
    ///
    /// - Parameters:
    ///   - text: the record in UTF-8; the record itself if it is.
    ///   - encoding: of the record.
    ///   - programCount: bytes of the program that stands before the text's message, where there
    ///     is no header.
    @inline(__always)
    mutating func parseText(
        _ text: Span<UInt8>, of record: Span<UInt8>, _ form: RecordForm,
        _ encoding: TextEncoding, programCount: Int = 0, _ row: inout RowBatch.Row
    ) {
        scratch.reset()
        scratch.key = seed
        var layout = RowLayout(form: form)
        layout.encoding = encoding
        var header = SyslogHeader(messageStart: 0)
        let fileLine = appendFileLine(of: text)
        if programCount > 0 {
            header = SyslogHeader(messageStart: programCount)
            header.program = 0..<programCount
            scratch.append(0..<programCount, .word, role: .program)
        } else if fileLine == nil, bound == nil, text.count > 0, text[0] != 0x7B {
            header = SyslogHeader.scan(text, clock: &clock, into: &scratch)
            if header.mayBeginWith != nil { decideBeginning(text, &header, form) }
            if header.namesMnemonic, encoding == .utf8, parseMnemonic(text, header, form, &row) {
                return
            }
        }
        parseBehind(header, of: text, record, layout, fileLine, &row)
    }

    /// Parses what stands behind a header.
    ///
    /// - Parameters:
    ///   - text: the text that the rules see; the record itself, or what places are carried over
    ///     from.
    ///   - fileLine: values of columns that the file has named, where the text is such.
    @inline(__always)
    mutating func parseBehind(
        _ given: SyslogHeader, of text: Span<UInt8>, _ record: Span<UInt8>, _ begun: RowLayout,
        _ fileLine: Named?, _ row: inout RowBatch.Row
    ) {
        var (header, layout) = (given, begun)
        let encoding = layout.encoding
        let ownNamed = fileLine ?? appendStructured(of: text, &header)
        row.time = header.time
        row.flags.formUnion(header.flags)
        layout.variant = header.variant
        layout.takeHeader(scratch.kinds)
        // Named values have slots and no kinds yet.
        let first = scratch.kinds.count
        var message = header.messageStart..<text.count
        let named = ownNamed ?? appendNamed(of: text, message, program: header.program)
        if let named {
            message = named.values.range
            layout.choice = UInt16(truncatingIfNeeded: named.choice) + 1
            if named.choice == 0 { layout.structure = .json }
            noteAudit(named, encoding, first: first)
            checkText(text, message, &row)
        } else {
            matchMessage(text, message, header.program, &layout, &row)
        }
        var dataStart = header.dataStart
        if encoding != .utf8 || layout.isReworded {
            guard carryOver(&message, &dataStart) else {
                scratch.reset()
                subjects.slot = -1
                scratch.slots.append(ByteRange(0..<record.count))
                var any = Shape.any
                any.encoding = encoding
                row.shape = shapes.intern(any)
                return
            }
        }
        layout.takeBody(scratch.slots, first: first, message: message)
        if let named, named.values.isTakenApart {
            row.shape = namedNumber(
                record, text, layout, named, message, dataStart: dataStart, &row)
        } else {
            row.shape = number(record, layout, message, dataStart: dataStart)
            if layout.hasPairs, pairs.twice.contains(row.shape) { row.flags.insert(.ambiguous) }
        }
    }

    /// Parses a text that stands in a record, behind the program of so many bytes.
    @inline(never)
    mutating func parseText(
        _ text: Span<UInt8>, programCount: Int, _ row: inout RowBatch.Row
    ) {
        parseText(text, of: text, .syslog, .utf8, programCount: programCount, &row)
    }

    @inline(__always)
    private mutating func parseJournal(_ record: Span<UInt8>, _ row: inout RowBatch.Row) {
        scratch.reset()
        scratch.key = seed
        guard entry.scan(record, fieldsMax: Limits.journalSlotsMax) else {
            scratch.slots.append(ByteRange(0..<record.count))
            row.shape = 0
            return
        }
        row.time = entry.time(record)
        var layout = RowLayout(form: .journal)
        layout.isFromUnit = entry.isFromUnit(record)
        var message = record.count..<record.count
        var named: Named?
        let program = entry.programField
        for number in entry.fields.indices {
            let field = entry.fields[number]
            let value = field.value.range
            if field.hasLength {
                scratch.append(value.lowerBound - 8..<value.lowerBound, .text)
            }
            guard number == entry.message else {
                scratch.slots.append(field.value)
                scratch.kinds.append(entry.slot(number))
                continue
            }
            message = value
            let programRange = program >= 0 ? entry.fields[program].value.range : nil
            let first = scratch.slots.count
            named =
                appendJournalAudit(of: record, message)
                ?? appendNamed(of: record, message, program: programRange)
            if let found = named {
                message = found.values.range
                layout.choice = UInt16(truncatingIfNeeded: found.choice) + 1
                if found.choice == 0 { layout.structure = .json }
                checkText(record, message, &row)
                // Those of the fields behind it follow.
                if scratch.slots.count - first + entry.slotCount > Limits.slotsPerShapeMax {
                    let whole = CollectionOfOne(ByteRange(message))
                    scratch.slots.replaceSubrange(first..., with: whole)
                    named?.values.isTakenApart = false
                }
            } else {
                matchMessage(record, message, programRange, &layout, &row)
            }
            layout.takeBody(scratch.slots, first: first, message: message)
            // Kinds follow for the slots behind the message, so these need a place.
            for _ in 0..<layout.bodyCount { scratch.kinds.append(Shape.Slot(.text)) }
        }
        if entry.message < 0 {
            layout.bodyFirst = UInt16(scratch.slots.count)
            let from = scratch.slots.last?.range.upperBound ?? 0
            layout.messageFirstByte = UInt32(record.count - from)
            layout.messageLastByte = layout.messageFirstByte
        }
        if let named, named.values.isTakenApart {
            noteJournalAudit(named, message)
            row.shape = namedNumber(record, record, layout, named, message, dataStart: 0, &row)
        } else {
            row.shape = number(record, layout, message, dataStart: 0)
            if layout.hasPairs, pairs.twice.contains(row.shape) { row.flags.insert(.ambiguous) }
        }
    }

    /// Finds the slots of the message, by a rule or without.
    @inline(__always)
    private mutating func matchMessage(
        _ record: Span<UInt8>, _ message: Range<Int>, _ program: Range<Int>?,
        _ layout: inout RowLayout, _ row: inout RowBatch.Row
    ) {
        let first = scratch.slots.count
        let match = definitions.match(
            record, message: message, program: program, form: layout.form, into: &scratch)
        if let match {
            layout.rule = match.rule
            layout.choices = match.choices
            row.flags.formUnion(match.flags)
            if definitions.entries[Int(match.rule)].hasMore {
                takeStatedTime(match, record, firstSlot: first, &row)
                noteSubject(match, record, firstSlot: first)
                let others = layout.form == .journal ? entry.slotCount : 0
                takePairs(match, record, room: Limits.slotsPerShapeMax - others, &layout, &row)
            }
        } else {
            let room = layout.form == .journal ? Limits.journalSlotsMax : first
            AutomaticShape.appendSlots(
                of: record, message: message, slotsMax: Limits.slotsPerShapeMax - room,
                to: &scratch.slots)
        }
        checkText(record, message, &row)
    }

    @inline(__always)
    private func checkText(
        _ text: Span<UInt8>, _ message: Range<Int>, _ row: inout RowBatch.Row
    ) {
        if UTF8Text.asciiEnd(text, message) < message.upperBound,
            !UTF8Text.isValid(text, message)
        {
            row.flags.insert(.charsetLossy)
        }
    }

    /// Takes down that the message is an audit record.
    @inline(__always)
    private mutating func noteAudit(_ named: Named, _ encoding: TextEncoding, first: Int) {
        guard choices[named.choice].format == .audit, encoding == .utf8 else { return }
        auditMessage = named.values.range
        auditPlaces = nil
        let host = scratch.kinds.prefix(first).firstIndex { $0.role == .host }
        hostRange = host.map { scratch.slots[$0].range }
    }

    // MARK: - Shapes

    /// The number of the shape of the record in `scratch`, a new one if need be.
    @inline(__always)
    mutating func number(
        _ record: Span<UInt8>, _ layout: RowLayout, _ message: Range<Int>, dataStart: Int
    ) -> UInt32 {
        let (key, number) = knownNumber(record, layout, message)
        return number ?? newNumber(record, layout, message, dataStart: dataStart, key: key)
    }

    @inline(__always)
    private func knownNumber(
        _ record: Span<UInt8>, _ layout: RowLayout, _ message: Range<Int>
    ) -> (key: UInt64, number: UInt32?) {
        // Rule and choices say what the text of a message is, which the rule has compared.
        let isKnown = layout.isTextKnown
        let text = isKnown ? record.extracting(..<message.lowerBound) : record
        let slots = scratch.slots.span
        let around = isKnown ? slots.extracting(..<Int(layout.bodyFirst)) : slots
        let key = FixedText.hash(of: text, around: around, seed: scratch.key ^ layout.hash)
        let number = cache.find(text, around, layout, key: key)
        assert(number.map { shapes[$0].isFixedText(of: record, around: slots) } ?? true)
        return (key, number)
    }

    @inline(never)
    private mutating func newNumber(
        _ record: Span<UInt8>, _ layout: RowLayout, _ message: Range<Int>, dataStart: Int,
        key: UInt64
    ) -> UInt32 {
        let body = Int(layout.bodyFirst)..<Int(layout.bodyFirst) + Int(layout.bodyCount)
        if scratch.slots.count > Limits.slotsPerShapeMax {
            subjects.slot = -1
            scratch.reset()
            scratch.slots.append(ByteRange(0..<record.count))
            return 0
        }
        if layout.hasPairs {
            return pairedNumber(record, layout, message, dataStart: dataStart, key: key)
        }
        let isWhole = body.count == 1 && scratch.slots[body.lowerBound].range == message
        if layout.isAutomatic, !isWhole, !message.isEmpty {
            let count = variation.addVaryingWords(
                of: record, message, layout.encoding, room: Limits.slotsPerShapeMax, body,
                &scratch.slots)
            if count > body.count {
                return automaticNumber(
                    record, layout, message, body, count: count, dataStart: dataStart)
            }
            if !admission.admits(key: key) {
                scratch.slots.replaceSubrange(body, with: CollectionOfOne(ByteRange(message)))
                return automaticNumber(
                    record, layout, message, body, count: 1, dataStart: dataStart)
            }
        }
        return builtNumber(record, layout, dataStart: dataStart, key: key)
    }

    /// The number of the shape of a message whose slots, `body` before, are others now, `count` of
    /// them.
    private mutating func automaticNumber(
        _ record: Span<UInt8>, _ layout: RowLayout, _ message: Range<Int>, _ body: Range<Int>,
        count: Int, dataStart: Int
    ) -> UInt32 {
        if layout.form == .journal {
            scratch.kinds.replaceSubrange(
                body, with: repeatElement(Shape.Slot(.text), count: count))
        }
        var changed = layout
        changed.takeBody(scratch.slots, first: body.lowerBound, count: count, message: message)
        let key = FixedText.hash(
            of: record, around: scratch.slots.span, seed: scratch.key ^ changed.hash)
        if let number = cache.find(record, scratch.slots.span, changed, key: key) { return number }
        return builtNumber(record, changed, dataStart: dataStart, key: key)
    }

    /// Makes the shape of the record in `scratch`.
    private mutating func builtNumber(
        _ record: Span<UInt8>, _ layout: RowLayout, dataStart: Int, key: UInt64
    ) -> UInt32 {
        let shape = ShapeBuilder.shape(
            of: record, scratch: scratch, layout: layout, pool: &pool, dataStart: dataStart,
            entry: entry,
            definitions: definitions)
        let number = shapes.intern(shape)
        insert(shape, number, layout, key: key)
        return number
    }

    mutating func insert(_ shape: Shape, _ number: UInt32, _ layout: RowLayout, key: UInt64) {
        cache.insert(shape, number, layout, key: key)
    }

    // MARK: - Time

    private mutating func beginClock(_ source: Source, received: Timestamp, latest: Timestamp) {
        var last = Timestamp.none
        if latest != .none, let file = files[source.id], file.latest == latest { last = file.last }
        clock.begin(received: received, latest: latest, last: last)
    }

    private mutating func endClock(_ source: Source, latest: Timestamp) {
        guard latest != .none else { return }
        if files.count >= Limits.filesRememberedMax { files.removeAll() }
        files[source.id] = FileTime(latest: latest, last: clock.last)
    }
}
