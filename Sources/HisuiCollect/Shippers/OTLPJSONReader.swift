import HisuiBytes
import HisuiEvent

/// Reads `ExportLogsServiceRequest` of OpenTelemetry in JSON (OTLP 1, "JSON Protobuf Encoding"):
/// members that are not known are passed over, 64-bit numbers may be strings.
final class OTLPJSONReader {
    private let pieces: JSONPieces
    private var found = ShipperRecords()
    private var resource: [UInt8] = []
    private var scope: [UInt8] = []

    private init(_ body: consuming [UInt8]) { pieces = JSONPieces(body) }

    static func read(_ body: consuming [UInt8]) throws(HTTPContentError) -> ShipperRecords {
        let reader = OTLPJSONReader(body)
        let pieces = reader.pieces
        guard let resources = try pieces.members(["resourceLogs"], of: pieces.whole)[0] else {
            return reader.found
        }
        try pieces.forEachElement(of: resources) { one throws(HTTPContentError) in
            try reader.takeResource(one)
        }
        return reader.found
    }

    private func takeResource(_ given: Range<Int>) throws(HTTPContentError) {
        let members = try pieces.members(["resource", "scopeLogs"], of: given)
        resource = []
        if let object = members[0] {
            resource = try attributes(try pieces.members(["attributes"], of: object)[0])
        }
        try OTLPLimits.check(shared: resource)
        guard let scopes = members[1] else { return }
        try pieces.forEachElement(of: scopes) { one throws(HTTPContentError) in
            try takeScope(one)
        }
    }

    private func takeScope(_ given: Range<Int>) throws(HTTPContentError) {
        let members = try pieces.members(["scope", "logRecords"], of: given)
        scope = []
        if let object = members[0] {
            let parts = try pieces.members(["name", "version", "attributes"], of: object)
            scope = OTLPRecord.scope(
                name: try string(parts[0]), version: try string(parts[1]),
                attributes: try attributes(parts[2]))
        }
        try OTLPLimits.check(shared: scope)
        guard let records = members[1] else { return }
        try pieces.forEachElement(of: records) { one throws(HTTPContentError) in
            try takeRecord(one)
        }
    }

    private func takeRecord(_ given: Range<Int>) throws(HTTPContentError) {
        let members = try pieces.members(Self.names, of: given)
        var record = OTLPRecord()
        record.time = try integer(members[0])
        record.observedTime = try integer(members[1])
        record.severity = try integer(members[2])
        record.severityText = try string(members[3])
        if let body = members[4] { try appendValue(body, to: &record.body) }
        record.attributes = try attributes(members[5])
        record.droppedAttributes = try integer(members[6])
        record.flags = try integer(members[7])
        record.traceID = try string(members[8])
        record.spanID = try string(members[9])
        record.eventName = try string(members[10])
        let start = found.bytes.count
        record.append(scope: scope, resource: resource, to: &found.bytes)
        try found.add(madeFrom: start)
    }

    private static let names: [StaticString] = [
        "timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "body",
        "attributes", "droppedAttributesCount", "flags", "traceId", "spanId", "eventName",
    ]

    // MARK: Values

    private func string(_ value: Range<Int>?) throws(HTTPContentError) -> [UInt8] {
        guard let value else { return [] }
        _ = try pieces.string(value)
        return Array(pieces.bytes[value])
    }

    private func integer<T: FixedWidthInteger>(
        _ value: Range<Int>?
    ) throws(HTTPContentError) -> T {
        guard let value else { return 0 }
        return try pieces.integer(value, as: T.self)
    }

    // Values nest, and each is read once, whatever it nests in: a text of 32 MiB in sixteen of them
    // costs what it costs alone.

    /// A list of keys and values as an object; empty without a list.
    private func attributes(_ list: Range<Int>?) throws(HTTPContentError) -> [UInt8] {
        guard let list else { return [] }
        var out: [UInt8] = []
        try pieces.scan(list) { token, scanner throws(HTTPContentError) in
            try appendList(token, &scanner, to: &out, isObject: true)
        }
        return out
    }

    private func appendValue(
        _ given: Range<Int>, to out: inout [UInt8]
    ) throws(HTTPContentError) {
        try pieces.scan(given) { token, scanner throws(HTTPContentError) in
            try appendValue(token, &scanner, to: &out)
        }
    }

    /// Appends the `AnyValue` that begins with `token`.
    private func appendValue(
        _ token: JSONScanner.Token, _ scanner: inout JSONScanner, to out: inout [UInt8]
    ) throws(HTTPContentError) {
        let start = pieces.start(of: token, scanner)
        var isFound = false
        try pieces.forEachMember(Self.kinds, of: token, &scanner) {
            kind, token, scanner throws(HTTPContentError) in
            guard !isFound else { throw pieces.unexpected("one value", start) }
            isFound = true
            switch kind {
            case 5, 6: try appendValues(token, &scanner, to: &out, isObject: kind == 6)
            default: try append(kind, try pieces.value(token, &scanner), to: &out)
            }
        }
        if !isFound { out.append(utf8: "null") }
    }

    /// Appends a value that nothing nests in.
    private func append(
        _ kind: Int, _ value: Range<Int>, to out: inout [UInt8]
    ) throws(HTTPContentError) {
        switch kind {
        case 0, 1: out += try string(value)
        case 2:
            let isBool = bytesAre("true", value) || bytesAre("false", value)
            guard isBool else { throw pieces.unexpected("true or false", value.lowerBound) }
            out += pieces.bytes[value]
        case 3: out.appendDecimal(try pieces.integer(value, as: Int64.self))
        default: try appendDouble(value, to: &out)
        }
    }

    /// Appends the `ArrayValue` or `KeyValueList` that begins with `token`.
    private func appendValues(
        _ token: JSONScanner.Token, _ scanner: inout JSONScanner, to out: inout [UInt8],
        isObject: Bool
    ) throws(HTTPContentError) {
        var isFound = false
        try pieces.forEachMember(["values"], of: token, &scanner) {
            _, token, scanner throws(HTTPContentError) in
            isFound = true
            try appendList(token, &scanner, to: &out, isObject: isObject)
        }
        if !isFound { out.append(utf8: isObject ? "{}" : "[]") }
    }

    /// Appends the list of values, or of keys and values, that begins with `token`.
    private func appendList(
        _ token: JSONScanner.Token, _ scanner: inout JSONScanner, to out: inout [UInt8],
        isObject: Bool
    ) throws(HTTPContentError) {
        let start = pieces.start(of: token, scanner)
        guard case .beginArray = token else { throw pieces.unexpected("an array", start) }
        out.append(UInt8(ascii: isObject ? "{" : "["))
        let first = out.count
        while true {
            let token = try pieces.next(&scanner)
            if case .endArray = token { break }
            if out.count > first { out.append(UInt8(ascii: ",")) }
            if isObject {
                try appendMember(token, &scanner, to: &out)
            } else {
                try appendValue(token, &scanner, to: &out)
            }
        }
        out.append(UInt8(ascii: isObject ? "}" : "]"))
    }

    /// Appends the `KeyValue` that begins with `token`.
    private func appendMember(
        _ token: JSONScanner.Token, _ scanner: inout JSONScanner, to out: inout [UInt8]
    ) throws(HTTPContentError) {
        let start = pieces.start(of: token, scanner)
        var hasKey = false
        var hasValue = false
        // A value that stands before its key.
        var early: [UInt8] = []
        try pieces.forEachMember(["key", "value"], of: token, &scanner) {
            part, token, scanner throws(HTTPContentError) in
            if part == 0 {
                hasKey = true
                out += try string(try pieces.value(token, &scanner))
                out.append(UInt8(ascii: ":"))
                out += early
                return
            }
            hasValue = true
            if hasKey {
                try appendValue(token, &scanner, to: &out)
            } else {
                try appendValue(token, &scanner, to: &early)
            }
        }
        guard hasKey else { throw pieces.unexpected("a key", start) }
        if !hasValue { out.append(utf8: "null") }
    }

    private static let kinds: [StaticString] = [
        "stringValue", "bytesValue", "boolValue", "intValue", "doubleValue", "arrayValue",
        "kvlistValue",
    ]

    /// A number, or one of the names of what JSON has no number for.
    private func appendDouble(
        _ value: Range<Int>, to out: inout [UInt8]
    ) throws(HTTPContentError) {
        let first = pieces.bytes[value.lowerBound]
        let isNamed = ["\"NaN\"", "\"Infinity\"", "\"-Infinity\""].contains {
            bytesAre($0, value)
        }
        guard isNamed || first == UInt8(ascii: "-") || first &- 0x30 <= 9 else {
            throw pieces.unexpected("a number", value.lowerBound)
        }
        out += pieces.bytes[value]
    }

    private func bytesAre(_ text: String, _ range: Range<Int>) -> Bool {
        pieces.bytes[range].elementsEqual(text.utf8)
    }
}

/// What both encodings of OTLP are held to.
enum OTLPLimits {
    /// What stands in each record of a request again must not be long.
    static func check(shared text: [UInt8]) throws(HTTPContentError) {
        guard text.count <= Limits.shipperSharedBytesMax else {
            throw HTTPContentError(.badRequest, "a resource or scope is too long")
        }
    }
}
