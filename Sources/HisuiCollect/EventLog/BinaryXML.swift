import HisuiBytes
import HisuiEvent

/// Writes the event that a record of an event log holds as text: the XML that Windows renders it
/// in, on one line.
///
/// A record is binary XML ([MS-EVEN6] 2.2.12): tokens for elements, attributes and text, mostly as
/// an *instance* of a *template* that many records of a chunk share, with the values that fill it.
/// Templates and names are referred to by their offset in the chunk.
///
///     record   0f 01 01 00 │ 0c, template's offset, [definition,] values │ 00
///     element  01 or 41 │ dependency (templates only) │ size │ name's offset, [name]
///              │ 41: size, attributes │ 03, or 02 content 04
///
/// There is one text for each record: attributes in `'`, empty elements as they are written
/// (`<a/>` or `<a></a>`), `&lt; &gt; &amp;` and in attributes `&apos;` escaped, and every control
/// character as a reference (`&#13;&#10;`), so that an event is one line whatever it holds. A value
/// that does not fit its type is written as hexadecimal digits. See `docs/decisions/0052`.
///
/// Everything read is checked against the chunk. Nesting, text and work are bounded, so that a
/// record that refers to itself ends: see `Limits`. What is there until a fault is kept, with its
/// elements closed.
struct BinaryXML {
    /// Why a record is not rendered to its end.
    enum Fault: Error, Hashable, Sendable {
        /// Something reaches beyond what holds it.
        case short
        /// A token that cannot stand here.
        case token
        /// A name that XML does not allow.
        case name
        /// Nesting deeper than the limit; templates that hold themselves are.
        case depth
        /// More text than a record may have.
        case text
        /// More work than a record or a chunk may cost.
        case work
    }

    /// A value that fills a template.
    struct Value {
        var type: UInt8
        var range: Range<Int>
    }

    /// Where tokens stand: which values fill what they leave open, and whether elements say what
    /// they depend on.
    struct Scope {
        var values: Range<Int>
        var isTemplate: Bool
    }

    let chunk: [UInt8]
    /// Of strings that are not UTF-16.
    let encoding: TextEncoding
    /// What was rendered so far of this chunk; the caller takes it.
    var text: [UInt8] = []
    /// What the record had that is no text, or does not fit its type.
    var flags: RowFlags = []
    var values: [Value] = []
    /// Where the text of this record may end.
    var textEnd = 0
    /// Left for this chunk, and for this record.
    private var chunkWork = Limits.eventLogChunkWorkMax
    private var work = 0
    /// Names of the open elements, in the chunk.
    private var open: [Range<Int>] = []

    init(chunk: [UInt8], encoding: TextEncoding) {
        self.chunk = chunk
        self.encoding = encoding
    }

    /// Appends the event that `range` of the chunk holds to `text`.
    ///
    /// - Returns: why it ends early; nil if it is whole. Its elements are closed in both cases.
    /// - Complexity: O(range and what it refers to), at most `Limits.eventLogWorkMax`.
    mutating func render(_ range: Range<Int>) -> Fault? {
        let start = text.count
        textEnd = start + Limits.eventLogRecordTextMax
        work = min(Limits.eventLogWorkMax, chunkWork)
        let granted = work
        defer { chunkWork -= granted - work }
        flags = []
        values.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
        var at = range.lowerBound
        do throws(Fault) {
            let scope = Scope(values: 0..<0, isTemplate: false)
            try fragment(&at, range.upperBound, scope, 0)
            return text.count > start ? nil : .token
        } catch {
            while let name = open.popLast() { appendEnd(name) }
            return error
        }
    }

    // MARK: - Tokens

    /// Elements and template instances, up to an end of file or the end of the range.
    mutating func fragment(
        _ at: inout Int, _ end: Int, _ scope: Scope, _ depth: Int
    ) throws(Fault) {
        while at < end {
            switch chunk[at] {
            case Token.end:
                at += 1
                return
            case Token.fragment:
                try charge(0)
                guard end - at >= 4 else { throw .short }
                at += 4
            case Token.template: try template(&at, end, depth)
            case Token.element, Token.element | Token.more: try element(&at, end, scope, depth)
            case Token.instruction: try instruction(&at, end)
            default: throw .token
            }
        }
    }

    /// A template, found or defined here, filled with the values behind it.
    private mutating func template(_ at: inout Int, _ end: Int, _ depth: Int) throws(Fault) {
        guard depth < Limits.eventLogDepthMax else { throw .depth }
        guard end - at >= 10 else { throw .short }
        let definition = Int(u32(at + 6))
        at += 10
        guard definition >= EventLogFormat.chunkHeaderBytes, definition <= chunk.count - 24
        else { throw .short }
        let size = Int(u32(definition + 20))
        guard size <= chunk.count - definition - 24 else { throw .short }
        var body = definition + 24
        if definition == at { at = body + size }
        let first = values.count
        try takeValues(&at, end)
        let scope = Scope(values: first..<values.count, isTemplate: true)
        try fragment(&body, definition + 24 + size, scope, depth + 1)
        values.removeSubrange(first...)
    }

    private mutating func takeValues(_ at: inout Int, _ end: Int) throws(Fault) {
        guard at <= end - 4 else { throw .short }
        let count = Int(u32(at))
        at += 4
        guard count <= (end - at) / 4 else { throw .short }
        try charge(count * 16)
        var place = at + 4 * count
        for index in 0..<count {
            let size = Int(u16(at + 4 * index))
            guard place <= end - size else { throw .short }
            values.append(Value(type: chunk[at + 4 * index + 2], range: place..<place + size))
            place += size
        }
        at = place
    }

    private mutating func element(
        _ at: inout Int, _ end: Int, _ scope: Scope, _ depth: Int
    ) throws(Fault) {
        guard depth < Limits.eventLogDepthMax else { throw .depth }
        let start = text.count
        let hasAttributes = chunk[at] & Token.more != 0
        at += 1
        var isOmitted = false
        if scope.isTemplate {
            guard end - at >= 2 else { throw .short }
            isOmitted = isNull(Int(u16(at)), scope)
            at += 2
        }
        guard end - at >= 4 else { throw .short }
        // The size of the element; its tokens say where it ends.
        at += 4
        let name = try self.name(&at, end)
        text.append(0x3C)
        appendName(name)
        if hasAttributes { try attributes(&at, end, scope, name) }
        guard at < end else {
            text.removeLast(text.count - start)
            throw .short
        }
        at += 1
        switch chunk[at - 1] {
        case Token.closeEmpty:
            text.append(utf8: "/>")
        case Token.closeStart:
            text.append(0x3E)
            open.append(name)
            let opening = start..<text.count
            let isAbsent = try content(&at, end, scope, depth, opening)
            isOmitted = isOmitted || isAbsent
            open.removeLast()
            appendEnd(name)
        default:
            text.removeLast(text.count - start)
            throw .token
        }
        if isOmitted { text.removeLast(text.count - start) }
        guard text.count <= textEnd else { throw .text }
    }

    /// Attributes, up to what is none.
    private mutating func attributes(
        _ at: inout Int, _ end: Int, _ scope: Scope, _ element: Range<Int>
    ) throws(Fault) {
        let start = text.count
        do throws(Fault) {
            guard end - at >= 4 else { throw .short }
            at += 4
            while at < end, chunk[at] & ~Token.more == Token.attribute {
                let before = text.count
                at += 1
                let name = try self.name(&at, end)
                text.append(0x20)
                appendName(name)
                text.append(utf8: "='")
                let isAbsent = try attributeValue(&at, end, scope)
                text.append(0x27)
                if isAbsent { text.removeLast(text.count - before) }
            }
        } catch {
            // A tag is whole or not there: its element is left empty.
            text.removeLast(text.count - start)
            text.append(0x3E)
            open.append(element)
            throw error
        }
    }

    /// - Returns: whether the attribute is to be left out.
    private mutating func attributeValue(
        _ at: inout Int, _ end: Int, _ scope: Scope
    ) throws(Fault) -> Bool {
        var isAbsent = false
        while at < end {
            switch chunk[at] & ~Token.more {
            case Token.value: try valueText(&at, end, .attribute)
            case Token.substitution, Token.optional:
                let isNull = try substitution(&at, end, scope) { renderer, value throws(Fault) in
                    try renderer.append(value, .attribute)
                }
                isAbsent = isAbsent || isNull
            case Token.character: try character(&at, end)
            case Token.entity: try entity(&at, end)
            default: return isAbsent
            }
        }
        return isAbsent
    }

    /// What an element holds, up to its end.
    ///
    /// - Parameter opening: its tag in `text`, written again for each element of an array.
    /// - Returns: whether the element is to be left out.
    private mutating func content(
        _ at: inout Int, _ end: Int, _ scope: Scope, _ depth: Int, _ opening: Range<Int>
    ) throws(Fault) -> Bool {
        var isAbsent = false
        while at < end {
            switch chunk[at] & ~Token.more {
            case Token.closeElement:
                at += 1
                return isAbsent
            case Token.element: try element(&at, end, scope, depth + 1)
            case Token.template: try template(&at, end, depth + 1)
            case Token.value: try valueText(&at, end, .content)
            case Token.section: try section(&at, end)
            case Token.character: try character(&at, end)
            case Token.entity: try entity(&at, end)
            case Token.instruction: try instruction(&at, end)
            case Token.substitution, Token.optional:
                let isNull = try substitution(&at, end, scope) { renderer, value throws(Fault) in
                    try renderer.fill(value, depth, opening)
                }
                isAbsent = isAbsent || isNull
            default: throw .token
            }
        }
        throw .short
    }

    /// - Returns: whether it is an optional one whose value is not there.
    private mutating func substitution(
        _ at: inout Int, _ end: Int, _ scope: Scope,
        _ fill: (inout BinaryXML, Value) throws(Fault) -> Void
    ) throws(Fault) -> Bool {
        try charge(0)
        guard end - at >= 4 else { throw .short }
        let isOptional = chunk[at] & ~Token.more == Token.optional
        let index = Int(u16(at + 1))
        at += 4
        guard index < scope.values.count else { throw .short }
        let value = values[scope.values.lowerBound + index]
        if value.type == ValueType.null { return isOptional }
        try fill(&self, value)
        return false
    }

    /// A value in an element; the elements of an array are elements of their own.
    private mutating func fill(
        _ value: Value, _ depth: Int, _ opening: Range<Int>
    ) throws(Fault) {
        if value.type == ValueType.binaryXML {
            var at = value.range.lowerBound
            let scope = Scope(values: 0..<0, isTemplate: false)
            return try fragment(&at, value.range.upperBound, scope, depth + 1)
        }
        guard value.type & ValueType.array != 0 else { return try append(value, .content) }
        var isFirst = true
        try forEachItem(of: value) { renderer, item throws(Fault) in
            if !isFirst {
                try renderer.charge(opening.count)
                renderer.appendEnd(renderer.open[renderer.open.count - 1])
                for index in opening { renderer.text.append(renderer.text[index]) }
            }
            isFirst = false
            try renderer.append(item, .content)
        }
    }

    /// Text that stands in the template.
    private mutating func valueText(
        _ at: inout Int, _ end: Int, _ place: Place
    ) throws(Fault) {
        guard end - at >= 4 else { throw .short }
        guard chunk[at + 1] == ValueType.string else { throw .token }
        at += 2
        let range = try counted(&at, end)
        // Blanks between elements, for who reads the template.
        if place == .content, isBlank(range) { return }
        try appendWide(range, place)
    }

    private mutating func section(_ at: inout Int, _ end: Int) throws(Fault) {
        guard end - at >= 3 else { throw .short }
        at += 1
        try appendWide(try counted(&at, end), .content)
    }

    /// The range of a string of UTF-16 behind the number of its units.
    private mutating func counted(_ at: inout Int, _ end: Int) throws(Fault) -> Range<Int> {
        guard end - at >= 2 else { throw .short }
        let size = 2 * Int(u16(at))
        guard end - at - 2 >= size else { throw .short }
        let range = at + 2..<at + 2 + size
        at = range.upperBound
        return range
    }

    private mutating func character(_ at: inout Int, _ end: Int) throws(Fault) {
        try charge(0)
        guard end - at >= 3 else { throw .short }
        appendEscaped(UInt32(u16(at + 1)), .attribute)
        at += 3
        guard text.count <= textEnd else { throw .text }
    }

    private mutating func entity(_ at: inout Int, _ end: Int) throws(Fault) {
        at += 1
        let name = try self.name(&at, end)
        let start = text.count
        text.append(0x26)
        appendName(name)
        text.append(0x3B)
        // XML knows five by itself, and events declare none.
        guard Self.entities.contains(where: { text[start...].elementsEqual($0) }) else {
            text.removeLast(text.count - start)
            throw .name
        }
        guard text.count <= textEnd else { throw .text }
    }

    /// A processing instruction; no event has one, and none is written.
    private mutating func instruction(_ at: inout Int, _ end: Int) throws(Fault) {
        at += 1
        _ = try name(&at, end)
        guard at < end, chunk[at] == Token.instructionData else { return }
        at += 1
        let range = try counted(&at, end)
        try charge(range.count)
    }

    private static let entities = ["&lt;", "&gt;", "&amp;", "&quot;", "&apos;"].map {
        Array($0.utf8)
    }

    // MARK: - Names

    /// The name that is referred to, in the chunk; what is defined here is passed over.
    private mutating func name(_ at: inout Int, _ end: Int) throws(Fault) -> Range<Int> {
        guard end - at >= 4 else { throw .short }
        let place = Int(u32(at))
        at += 4
        guard place >= EventLogFormat.chunkHeaderBytes, place <= chunk.count - 8
        else { throw .short }
        let count = Int(u16(place + 6))
        guard count > 0, count <= Limits.eventLogNameUnitsMax else { throw .name }
        try charge(2 * count)
        let range = place + 8..<place + 8 + 2 * count
        guard range.upperBound <= chunk.count else { throw .short }
        if place == at {
            at = range.upperBound + 2
            guard at <= end else { throw .short }
        }
        for index in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
            let unit = u16(index)
            let isName = unit < 0x80 ? XMLText.isNameByte(UInt8(unit)) : unit & 0xF800 != 0xD800
            guard isName, unit < 0x80 || unit >= 0xA0 else { throw .name }
        }
        return range
    }

    private mutating func appendName(_ name: Range<Int>) {
        for index in stride(from: name.lowerBound, to: name.upperBound, by: 2) {
            UTF8Text.append(scalar: UInt32(u16(index)), to: &text)
        }
    }

    private mutating func appendEnd(_ name: Range<Int>) {
        text.append(utf8: "</")
        appendName(name)
        text.append(0x3E)
    }

    // MARK: - Bytes

    /// Pays for a step and for looking at so many bytes.
    mutating func charge(_ bytes: Int) throws(Fault) {
        work -= 1 + bytes / 16
        if work < 0 { throw .work }
    }

    private func isNull(_ index: Int, _ scope: Scope) -> Bool {
        index < scope.values.count
            && values[scope.values.lowerBound + index].type == ValueType.null
    }

    private func isBlank(_ range: Range<Int>) -> Bool {
        for index in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
            let unit = u16(index)
            guard unit == 0x20 || unit == 0x0D || unit == 0x0A || unit == 0x09 else {
                return false
            }
        }
        return true
    }

    /// - Precondition: the bytes are there.
    func u16(_ at: Int) -> UInt16 { UInt16(chunk[at]) | UInt16(chunk[at + 1]) << 8 }

    func u32(_ at: Int) -> UInt32 { UInt32(u16(at)) | UInt32(u16(at + 2)) << 16 }

    func u64(_ at: Int) -> UInt64 { UInt64(u32(at)) | UInt64(u32(at + 4)) << 32 }

    /// Tokens; most may have the bit `more` ([MS-EVEN6] 2.2.12).
    private enum Token {
        static let end: UInt8 = 0x00
        static let element: UInt8 = 0x01
        static let closeStart: UInt8 = 0x02
        static let closeEmpty: UInt8 = 0x03
        static let closeElement: UInt8 = 0x04
        static let value: UInt8 = 0x05
        static let attribute: UInt8 = 0x06
        static let section: UInt8 = 0x07
        static let character: UInt8 = 0x08
        static let entity: UInt8 = 0x09
        static let instruction: UInt8 = 0x0A
        static let instructionData: UInt8 = 0x0B
        static let template: UInt8 = 0x0C
        static let substitution: UInt8 = 0x0D
        static let optional: UInt8 = 0x0E
        static let fragment: UInt8 = 0x0F
        static let more: UInt8 = 0x40
    }
}
