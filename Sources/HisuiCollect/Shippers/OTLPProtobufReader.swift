import HisuiBytes
import HisuiEvent

/// Reads `ExportLogsServiceRequest` of OpenTelemetry in protobuf
/// (`opentelemetry/proto/logs/v1/logs.proto` and what it imports, version 1).
///
/// Fields that are not known are passed over. A field of another wire type than it has, and a
/// message that may be there once and is there twice, are refused: two readers could read them
/// differently.
final class OTLPProtobufReader {
    private let bytes: [UInt8]
    private var found = ShipperRecords()
    private var resource: [UInt8] = []
    private var scope: [UInt8] = []
    /// Text that was read last is no UTF-8: of the record at hand, and of what it shares with
    /// others, its scope and its resource.
    private var isLossy = false
    private var isScopeLossy = false
    private var isResourceLossy = false

    private init(_ body: consuming [UInt8]) { bytes = body }

    static func read(_ body: consuming [UInt8]) throws(HTTPContentError) -> ShipperRecords {
        let reader = OTLPProtobufReader(body)
        let whole = 0..<reader.bytes.count
        try reader.forEachMessage(1, of: whole) { one throws(HTTPContentError) in
            try reader.takeResource(one)
        }
        return reader.found
    }

    // MARK: Messages

    /// `ResourceLogs`: the resource may come behind what was written in it.
    private func takeResource(_ message: Range<Int>) throws(HTTPContentError) {
        isLossy = false
        resource = []
        if let given = try single(1, of: message) {
            resource = try attributes(number: 1, of: given)
        }
        isResourceLossy = isLossy
        try OTLPLimits.check(shared: resource)
        try forEachMessage(2, of: message) { one throws(HTTPContentError) in
            try takeScope(one)
        }
    }

    /// `ScopeLogs`.
    private func takeScope(_ message: Range<Int>) throws(HTTPContentError) {
        isLossy = isResourceLossy
        scope = []
        if let given = try single(1, of: message) { scope = try scope(given) }
        isScopeLossy = isLossy
        try OTLPLimits.check(shared: scope)
        try forEachMessage(2, of: message) { one throws(HTTPContentError) in
            try takeRecord(one)
        }
    }

    /// `InstrumentationScope`.
    private func scope(_ message: Range<Int>) throws(HTTPContentError) -> [UInt8] {
        var (name, version): ([UInt8], [UInt8]) = ([], [])
        try forEachField(of: message) { number, value throws(HTTPContentError) in
            switch (number, value) {
            case (1, .bytes(let text)): name = string(text)
            case (2, .bytes(let text)): version = string(text)
            case (1...2, _): return false
            default: break
            }
            return true
        }
        return OTLPRecord.scope(
            name: name, version: version, attributes: try attributes(number: 3, of: message))
    }

    /// `LogRecord`.
    private func takeRecord(_ message: Range<Int>) throws(HTTPContentError) {
        var record = OTLPRecord()
        var body: Range<Int>?
        isLossy = isScopeLossy
        try forEachField(of: message) { number, value throws(HTTPContentError) in
            switch (number, value) {
            case (1, .fixed64(let time)): record.time = time
            case (2, .varint(let number)): record.severity = Int32(truncatingIfNeeded: number)
            case (3, .bytes(let text)): record.severityText = string(text)
            case (5, .bytes(let one)):
                guard body == nil else { return false }
                body = one
            case (7, .varint(let count)):
                record.droppedAttributes = UInt32(truncatingIfNeeded: count)
            case (8, .fixed32(let flags)): record.flags = flags
            case (9, .bytes(let id)): record.traceID = digits(id)
            case (10, .bytes(let id)): record.spanID = digits(id)
            case (11, .fixed64(let time)): record.observedTime = time
            case (12, .bytes(let text)): record.eventName = string(text)
            case (1...3, _), (5, _), (7...12, _): return false
            default: break
            }
            return true
        }
        if let body { try appendValue(body, depth: 0, to: &record.body) }
        record.attributes = try attributes(number: 6, of: message)
        let start = found.bytes.count
        record.append(scope: scope, resource: resource, to: &found.bytes)
        try found.add(madeFrom: start, isLossy ? .charsetLossy : [])
    }

    // MARK: Values

    /// The `KeyValue` messages of a field as an object; empty if there are none.
    private func attributes(
        number: UInt64, of message: Range<Int>, depth: Int = 0
    ) throws(HTTPContentError) -> [UInt8] {
        var out: [UInt8] = []
        try forEachMessage(number, of: message) { pair throws(HTTPContentError) in
            out.append(UInt8(ascii: out.isEmpty ? "{" : ","))
            try appendPair(pair, depth: depth, to: &out)
        }
        if !out.isEmpty { out.append(UInt8(ascii: "}")) }
        return out
    }

    /// `KeyValue`.
    private func appendPair(
        _ message: Range<Int>, depth: Int, to out: inout [UInt8]
    ) throws(HTTPContentError) {
        var key = Array("\"\"".utf8)
        try forEachMessage(1, of: message) { text in key = string(text) }
        out += key
        out.append(UInt8(ascii: ":"))
        if let value = try single(2, of: message) {
            try appendValue(value, depth: depth, to: &out)
        } else {
            out.append(utf8: "null")
        }
    }

    /// `AnyValue`: of several that are set the last one counts.
    private func appendValue(
        _ message: Range<Int>, depth: Int, to out: inout [UInt8]
    ) throws(HTTPContentError) {
        guard depth < Limits.otlpDepthMax else {
            throw HTTPContentError(.badRequest, "values are nested too deep")
        }
        var last: (number: UInt64, value: ProtobufFields.Value)?
        try forEachField(of: message) { number, value throws(HTTPContentError) in
            if (1...7).contains(number) { last = (number, value) }
            return true
        }
        switch (last?.number, last?.value) {
        case (nil, _): out.append(utf8: "null")
        case (1, .bytes(let text)?): out += string(text)
        case (2, .varint(let number)?): out.append(utf8: number == 0 ? "false" : "true")
        case (3, .varint(let number)?): out.appendDecimal(Int64(bitPattern: number))
        case (4, .fixed64(let bits)?): append(Double(bitPattern: bits), to: &out)
        case (5, .bytes(let list)?): try appendArray(list, depth: depth + 1, to: &out)
        case (6, .bytes(let list)?):
            let object = try attributes(number: 1, of: list, depth: depth + 1)
            out += object.isEmpty ? Array("{}".utf8) : object
        case (7, .bytes(let data)?):
            let whole = bytes
            out.append(0x22)
            Base64Text.append(whole.span.extracting(data), to: &out)
            out.append(0x22)
        default: throw broken(message.lowerBound)
        }
    }

    /// `ArrayValue`.
    private func appendArray(
        _ message: Range<Int>, depth: Int, to out: inout [UInt8]
    ) throws(HTTPContentError) {
        out.append(UInt8(ascii: "["))
        let start = out.count
        try forEachMessage(1, of: message) { one throws(HTTPContentError) in
            if out.count > start { out.append(UInt8(ascii: ",")) }
            try appendValue(one, depth: depth, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    private func append(_ number: Double, to out: inout [UInt8]) {
        if number.isFinite {
            out.append(utf8: "\(number)")
        } else {
            let name = number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
            out.append(utf8: "\"\(name)\"")
        }
    }

    /// A JSON string; what is no UTF-8 is replaced.
    private func string(_ text: Range<Int>) -> [UInt8] {
        let whole = bytes
        var out: [UInt8] = []
        if !JSONText.appendString(whole.span, text, to: &out) { isLossy = true }
        return out
    }

    private func digits(_ id: Range<Int>) -> [UInt8] {
        let whole = bytes
        var out: [UInt8] = [0x22]
        HexText.append(whole.span, id, to: &out)
        out.append(0x22)
        return out
    }

    // MARK: Fields

    /// The message in a field that may be there once; nil if it is not.
    private func single(
        _ wanted: UInt64, of message: Range<Int>
    ) throws(HTTPContentError) -> Range<Int>? {
        var found: Range<Int>?
        try forEachMessage(wanted, of: message) { one throws(HTTPContentError) in
            guard found == nil else { throw broken(message.lowerBound) }
            found = one
        }
        return found
    }

    /// Calls `body` with the messages, or strings, in a field, in order.
    private func forEachMessage(
        _ wanted: UInt64, of message: Range<Int>,
        _ body: (Range<Int>) throws(HTTPContentError) -> Void
    ) throws(HTTPContentError) {
        try forEachField(of: message) { number, value throws(HTTPContentError) in
            guard number == wanted else { return true }
            guard case .bytes(let one) = value else { return false }
            try body(one)
            return true
        }
    }

    /// Calls `body` with each field; false breaks the message off.
    private func forEachField(
        of message: Range<Int>,
        _ body: (UInt64, ProtobufFields.Value) throws(HTTPContentError) -> Bool
    ) throws(HTTPContentError) {
        let whole = bytes
        var fields = ProtobufFields(whole.span, message)
        while let (number, value) = try next(&fields) {
            guard try body(number, value) else { throw broken(message.lowerBound) }
        }
    }

    private func next(
        _ fields: inout ProtobufFields
    ) throws(HTTPContentError) -> (UInt64, ProtobufFields.Value)? {
        do throws(ProtobufFields.Failure) {
            return try fields.next()
        } catch {
            throw broken(error.position)
        }
    }

    private func broken(_ position: Int) -> HTTPContentError {
        HTTPContentError(.badRequest, "it is no ExportLogsServiceRequest at byte \(position)")
    }
}
