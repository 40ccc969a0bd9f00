import HisuiBytes

/// One log record of OpenTelemetry, and the JSON text that is its record here:
///
///     {"otlp":{"timeUnixNano":"1700000000000000000","severityNumber":9,"severityText":"INFO",
///              "body":"text","attributes":{"k":"v"},"traceId":"…","spanId":"…",
///              "scope":{"name":"lib"},"resource":{"service.name":"app","host.name":"web1"}}}
///
/// Attributes become members: a list of keys and values, as the protocol has it, would have no
/// names that could be searched. What is zero or empty is left out, as the protocol's default is,
/// except for the number of the severity. Both encodings of the protocol give the same text.
struct OTLPRecord {
    var time: UInt64 = 0
    var observedTime: UInt64 = 0
    var severity: Int32 = 0
    var droppedAttributes: UInt32 = 0
    var flags: UInt32 = 0
    // JSON texts; empty: none.
    var severityText: [UInt8] = []
    var body: [UInt8] = []
    var attributes: [UInt8] = []
    var eventName: [UInt8] = []
    /// Strings of hexadecimal digits, in quotes.
    var traceID: [UInt8] = []
    var spanID: [UInt8] = []

    /// Appends the record.
    ///
    /// - Parameters:
    ///   - scope: what wrote it, as a JSON text; empty: not known.
    ///   - resource: attributes of where it was written, likewise.
    func append(scope: [UInt8], resource: [UInt8], to out: inout [UInt8]) {
        out.append(utf8: #"{"otlp":{"#)
        Self.append(time: time, "timeUnixNano", to: &out)
        Self.append(time: observedTime, "observedTimeUnixNano", to: &out)
        out.append(utf8: #""severityNumber":\#(severity)"#)
        Self.append(severityText, "severityText", to: &out)
        Self.append(eventName, "eventName", to: &out)
        Self.append(body, "body", to: &out)
        Self.append(attributes, "attributes", to: &out)
        if droppedAttributes > 0 {
            out.append(utf8: #","droppedAttributesCount":\#(droppedAttributes)"#)
        }
        if flags > 0 { out.append(utf8: #","flags":\#(flags)"#) }
        Self.append(traceID, "traceId", to: &out)
        Self.append(spanID, "spanId", to: &out)
        Self.append(scope, "scope", to: &out)
        Self.append(resource, "resource", to: &out)
        out.append(utf8: "}}")
    }

    /// What wrote records, as a JSON text; empty if nothing is known of it.
    ///
    /// The parts are JSON texts themselves, or empty.
    static func scope(name: [UInt8], version: [UInt8], attributes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        append(name, "name", to: &out)
        append(version, "version", to: &out)
        append(attributes, "attributes", to: &out)
        guard !out.isEmpty else { return [] }
        out[0] = UInt8(ascii: "{")
        out.append(UInt8(ascii: "}"))
        return out
    }

    private static func append(time: UInt64, _ name: StaticString, to out: inout [UInt8]) {
        if time > 0 { out.append(utf8: #""\#(name)":"\#(time)","#) }
    }

    private static func append(_ text: [UInt8], _ name: StaticString, to out: inout [UInt8]) {
        guard !text.isEmpty, text != emptyString, text != emptyObject else { return }
        out.append(utf8: #","\#(name)":"#)
        out += text
    }

    private static let emptyString = Array("\"\"".utf8)
    private static let emptyObject = Array("{}".utf8)
}
