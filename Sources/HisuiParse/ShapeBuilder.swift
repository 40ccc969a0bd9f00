import HisuiBytes
import HisuiEvent
import HisuiShape

/// Makes the shape of a record from the first record that has it.
///
/// Names are unique in a shape. Where several sources know a field, the last of these wins:
/// header, rule. In a journal entry the trusted fields that say *who sent it* win over the rule as
/// well; see `JournalFields`.
struct ShapeBuilder {
    private let layout: RowLayout
    private var fields: [Shape.Field] = []
    private var indices: [String: Int] = [:]

    private init(_ layout: RowLayout) { self.layout = layout }

    /// A shape from what was found in `record`.
    ///
    /// - Parameters:
    ///   - pool: texts of other shapes.
    ///   - dataStart: where structured data begins, if the layout has any.
    ///   - entry: the journal entry taken apart, for records of that form.
    ///   - named: the fields that the message's named values are, if it has such.
    ///   - messageNames: which of them is the message, best first.
    ///   - foreignNames: what none of them may be called.
    static func shape(
        of record: Span<UInt8>, scratch: RowScratch, layout: RowLayout,
        pool: inout LiteralPool, dataStart: Int, entry: JournalEntry = JournalEntry(),
        definitions: DefinitionSet = .empty,
        named: [Shape.Field] = [], messageNames: [String] = [], foreignNames: Set<String> = []
    ) -> Shape {
        var builder = ShapeBuilder(layout)
        let match =
            layout.isAutomatic
            ? nil : RuleMatch(rule: layout.rule, choices: layout.choices, flags: [])
        let kinds = builder.kinds(
            of: record, scratch,
            match.map { definitions.kinds(of: $0, isWithPairs: layout.hasPairs) })
        switch layout.form {
        case .journal:
            builder.addJournal(record, entry, bodyCount: Int(layout.bodyCount))
        case .syslog, .line, .json:
            builder.addHeader(record, scratch, kinds, dataStart: dataStart)
        }
        builder.addNamed(named, messageNames, foreignNames)
        var parser = ""
        var rule = ""
        if let match {
            let known = definitions.fields(of: match, firstSlot: Int(layout.bodyFirst))
            (parser, rule) = (known.parser, known.rule)
            let trusted =
                layout.form == .journal
                ? JournalFields.identity(of: record, entry, isFromUnit: layout.isFromUnit) : []
            for field in known.fields where !trusted.contains(field.name) { builder.set(field) }
        }
        return Shape(
            literals: builder.literals(of: record, scratch, &pool), slots: kinds,
            fields: builder.fields, message: layout.message, parser: parser, rule: rule,
            structure: layout.structure, encoding: layout.encoding)
    }

    /// Adds the fields of named values. One whose name Hisui gives a meaning of its own is shown
    /// behind `record.`, so that nobody can write into a record what only Hisui may say; one that
    /// is called like a field of the schema, or like one of the header, behind `unmapped.`: what
    /// such fields are is for header and definition to say.
    private mutating func addNamed(
        _ named: [Shape.Field], _ messageNames: [String], _ names: Set<String>
    ) {
        let header = Set(indices.keys)
        // The row's time is shown under that name.
        for field in named where field.name != "@timestamp" {
            var field = field
            if ShapeBuilder.isReserved(field.name) {
                field.name = "record.\(field.name)"
            } else if names.contains(field.name) || header.contains(field.name) {
                field.name = Shape.unmapped + field.name
            }
            set(field)
        }
        for name in messageNames {
            guard let field = named.last(where: { $0.name == name }),
                case .slot(_, let decoding) = field.value,
                decoding == .jsonEscapes || decoding == .xmlText
            else { continue }
            set("message", .text, field.value)
            return
        }
    }

    private static let reservedNames: Set<String> = [
        "_time", "_msg", "_stream", "_stream_id", "event.original", "event.created",
        "log.source.address", "zone.name", "zone.stream", "zone.index",
    ]

    private static func isReserved(_ name: String) -> Bool {
        name.isEmpty || reservedNames.contains(name) || name.hasPrefix("hisui.")
    }

    /// Adds the field, in place of an earlier one of its name.
    mutating func set(_ field: Shape.Field) {
        if let index = indices[field.name] {
            fields[index] = field
        } else {
            indices[field.name] = fields.count
            fields.append(field)
        }
    }

    mutating func set(_ name: String, _ type: Shape.FieldType, _ value: Shape.Value) {
        set(Shape.Field(name, type, value))
    }

    /// Adds the field; a second one of its name gets `.2` behind it, and so on.
    mutating func add(_ name: String, _ type: Shape.FieldType, _ value: Shape.Value) {
        var unique = name
        var number = 2
        while indices[unique] != nil {
            unique = "\(name).\(number)"
            number += 1
        }
        set(unique, type, value)
    }

    private func literals(
        of record: Span<UInt8>, _ scratch: RowScratch, _ pool: inout LiteralPool
    ) -> [[UInt8]] {
        var literals: [[UInt8]] = []
        literals.reserveCapacity(scratch.slots.count + 1)
        var from = 0
        for index in 0...scratch.slots.count {
            let isLast = index == scratch.slots.count
            let end = isLast ? record.count : scratch.slots[index].range.lowerBound
            literals.append(pool.literal(record, from..<end))
            if !isLast { from = scratch.slots[index].range.upperBound }
        }
        return literals
    }

    /// The kinds of all slots, those of the message by its rule or else guessed from this record.
    private func kinds(
        of record: Span<UInt8>, _ scratch: RowScratch, _ known: [Shape.Slot]?
    ) -> [Shape.Slot] {
        // Digits of two bytes are no digits to who stores them.
        if layout.encoding.unitBytes > 1 {
            return scratch.slots.indices.map { index in
                let role = index < scratch.kinds.count ? scratch.kinds[index].role : .none
                return Shape.Slot(.text, role: role)
            }
        }
        var kinds = Array(scratch.kinds.prefix(Int(layout.bodyFirst)))
        let bodyEnd = Int(layout.bodyFirst) + Int(layout.bodyCount)
        kinds += known ?? []
        kinds += scratch.slots[kinds.count..<bodyEnd].map { slot in
            Shape.Slot(AutomaticShape.kind(of: record, slot.range))
        }
        kinds.append(contentsOf: scratch.kinds.dropFirst(bodyEnd))
        return kinds
    }

    // MARK: - Headers

    private mutating func addHeader(
        _ record: Span<UInt8>, _ scratch: RowScratch, _ kinds: [Shape.Slot], dataStart: Int
    ) {
        var rest = 0
        for index in 0..<Int(layout.bodyFirst) {
            switch kinds[index].role {
            case .priority:
                set("log.syslog.priority", .integer, .slot(index, .raw))
                set("log.syslog.facility.code", .integer, .slot(index, .facilityOfPriority))
                set("log.syslog.severity.code", .integer, .slot(index, .severityOfPriority))
            case .host: set("host.name", .keyword, .slot(index, .raw))
            case .program:
                set("process.name", .keyword, .slot(index, .raw))
                set("log.syslog.appname", .keyword, .slot(index, .raw))
            case .pid: set("process.pid", .integer, .slot(index, .raw))
            case .time, .none, .beside, .subject: break
            }
            if kinds[index].role != .none { rest = index + 1 }
        }
        if layout.variant.contains(.ownHost),
            let own = kinds.firstIndex(where: { $0.kind == .word && $0.role == .none })
        {
            set("log.syslog.hostname", .keyword, .slot(own, .raw))
        }
        guard layout.variant.contains(.rfc5424) else { return }
        if layout.variant.contains(.processText) {
            set("log.syslog.procid", .keyword, .slot(rest, .raw))
            rest += 1
        }
        if layout.variant.contains(.messageID) {
            set("log.syslog.msgid", .keyword, .slot(rest, .raw))
            rest += 1
        }
        if layout.variant.contains(.structuredText) {
            set("log.syslog.structured_data", .text, .slot(rest, .raw))
        } else if layout.variant.contains(.structuredData) {
            addStructuredData(record, scratch, dataStart: dataStart, from: rest)
        }
    }

    private mutating func addStructuredData(
        _ record: Span<UInt8>, _ scratch: RowScratch, dataStart: Int, from first: Int
    ) {
        var data = StructuredData(dataStart)
        var slot = first
        while let parameter = data.next(record), slot < Int(layout.bodyFirst) {
            guard scratch.slots[slot].range == parameter.value else { return }
            let id = String(decodingBytes: record, parameter.id)
            let name = String(decodingBytes: record, parameter.name)
            add(
                "log.syslog.structured_data.\(id).\(name)", .keyword,
                .slot(slot, .backslashEscapes))
            slot += 1
        }
    }
}

extension String {
    /// Text from outside, bad bytes replaced: for names, which are few.
    init(decodingBytes bytes: Span<UInt8>, _ range: Range<Int>) {
        var copy: [UInt8] = []
        copy.append(bytes, ByteRange(range))
        self = String(decoding: copy, as: UTF8.self)
    }
}
