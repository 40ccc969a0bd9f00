import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Writes messages in protobuf's wire format.
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    private mutating func tag(_ number: UInt64, _ type: UInt64) {
        bytes.appendVarint(number << 3 | type)
    }

    mutating func varint(_ number: UInt64, _ value: UInt64) {
        tag(number, 0)
        bytes.appendVarint(value)
    }

    mutating func fixed64(_ number: UInt64, _ value: UInt64) {
        tag(number, 1)
        bytes.appendLittleEndian(value)
    }

    mutating func fixed32(_ number: UInt64, _ value: UInt32) {
        tag(number, 5)
        bytes.appendLittleEndian(value)
    }

    mutating func field(_ number: UInt64, _ value: [UInt8]) {
        tag(number, 2)
        bytes.appendVarint(UInt64(value.count))
        bytes += value
    }

    mutating func field(_ number: UInt64, _ value: String) { field(number, Array(value.utf8)) }

    mutating func field(_ number: UInt64, _ make: (inout ProtobufMessage) -> Void) {
        field(number, Self.make(make))
    }

    /// A `KeyValue`.
    mutating func pair(
        _ number: UInt64, _ key: String, _ value: (inout ProtobufMessage) -> Void
    ) {
        field(number) {
            $0.field(1, key)
            $0.field(2, value)
        }
    }

    static func make(_ make: (inout ProtobufMessage) -> Void) -> [UInt8] {
        var message = ProtobufMessage()
        make(&message)
        return message.bytes
    }
}

/// OpenTelemetry's log records, in both encodings.
@Suite struct OTLPTests {
    private func texts(_ form: ShipperForm, _ body: [UInt8]) throws -> [String] {
        try ShipperBody.read(form, body).texts
    }

    private static let json = #"""
        {"resourceLogs":[{"resource":{"attributes":[
            {"key":"service.name","value":{"stringValue":"shop"}},
            {"key":"host.name","value":{"stringValue":"web1"}}]},"unknown":{"a":[1]},
          "scopeLogs":[{"scope":{"name":"lib","version":"1.2","attributes":[
              {"key":"k","value":{"boolValue":true}}]},
            "logRecords":[
            {"timeUnixNano":"1700000000000000000","observedTimeUnixNano":1700000000000000001,
             "severityNumber":17,"severityText":"Error","body":{"stringValue":"a \"b\" \u8868"},
             "attributes":[
               {"key":"n","value":{"intValue":"-9007199254740993"}},
               {"key":"d","value":{"doubleValue":1.5}},
               {"key":"inf","value":{"doubleValue":"-Infinity"}},
               {"key":"bytes","value":{"bytesValue":"AP8="}},
               {"key":"list","value":{"arrayValue":{"values":[
                  {"intValue":1},{"boolValue":false}]}}},
               {"key":"map","value":{"kvlistValue":{"values":[
                  {"key":"x","value":{"stringValue":"y"}},{"key":"z","value":{}}]}}},
               {"key":"none"}],
             "droppedAttributesCount":2,"flags":1,"traceId":"5b8efff798038103d269b633813fc60c",
             "spanId":"eee19b7ec3c1b174","eventName":"e"},
            {"body":{"kvlistValue":{"values":[{"key":"only","value":{"intValue":7}}]}}}]}]},
          {"scopeLogs":[{"logRecords":[{"body":{"stringValue":"bare"},"severityNumber":9}]}]}]}
        """#

    private static let protobuf = ProtobufMessage.make { request in
        request.field(1) { resource in
            // Behind what was written in it, where it may stand, too.
            resource.field(2) { scope in
                scope.field(2) { takeFull(&$0) }
                scope.field(2) { record in
                    record.field(5) { $0.field(6) { $0.pair(1, "only") { $0.varint(3, 7) } } }
                }
                scope.field(1) {
                    $0.field(1, "lib")
                    $0.field(2, "1.2")
                    $0.pair(3, "k") { $0.varint(2, 1) }
                }
                scope.field(3, "https://schema.example")
            }
            resource.field(1) {
                $0.pair(1, "service.name") { $0.field(1, "shop") }
                $0.pair(1, "host.name") { $0.field(1, "web1") }
                $0.varint(2, 3)
            }
        }
        request.field(1) { resource in
            resource.field(2) { scope in
                scope.field(2) {
                    $0.varint(2, 9)
                    $0.field(5) { $0.field(1, "bare") }
                }
            }
        }
        request.field(99, "unknown")
    }

    private static func takeFull(_ record: inout ProtobufMessage) {
        record.fixed64(1, 1_700_000_000_000_000_000)
        record.fixed64(11, 1_700_000_000_000_000_001)
        record.varint(2, 17)
        record.field(3, "Error")
        record.field(5) { $0.field(1, "a \"b\" 表") }
        record.pair(6, "n") { $0.varint(3, UInt64(bitPattern: -9_007_199_254_740_993)) }
        record.pair(6, "d") { $0.fixed64(4, (1.5).bitPattern) }
        record.pair(6, "inf") { $0.fixed64(4, (-Double.infinity).bitPattern) }
        record.pair(6, "bytes") { $0.field(7, [0, 0xFF]) }
        record.pair(6, "list") {
            $0.field(5) {
                $0.field(1) { $0.varint(3, 1) }
                $0.field(1) { $0.varint(2, 0) }
            }
        }
        record.pair(6, "map") {
            $0.field(6) {
                $0.pair(1, "x") { $0.field(1, "y") }
                $0.pair(1, "z") { _ in }
            }
        }
        record.field(6) { $0.field(1, "none") }
        record.varint(7, 2)
        record.fixed32(8, 1)
        record.field(9, HexText.bytes("5b8efff798038103d269b633813fc60c".utf8) ?? [])
        record.field(10, HexText.bytes("eee19b7ec3c1b174".utf8) ?? [])
        record.field(12, "e")
    }

    private static let shared =
        #","scope":{"name":"lib","version":"1.2","attributes":{"k":true}},"#
        + #""resource":{"service.name":"shop","host.name":"web1"}}}"#
    private static let full =
        #"{"otlp":{"timeUnixNano":"1700000000000000000","#
        + #""observedTimeUnixNano":"1700000000000000001","severityNumber":17,"#
        + #""severityText":"Error","eventName":"e","body":"a \"b\" TABLE","#
        + #""attributes":{"n":-9007199254740993,"d":1.5,"inf":"-Infinity","bytes":"AP8=","#
        + #""list":[1,false],"map":{"x":"y","z":null},"none":null},"#
        + #""droppedAttributesCount":2,"flags":1,"traceId":"5b8efff798038103d269b633813fc60c","#
        + #""spanId":"eee19b7ec3c1b174""# + shared
    private static let rest = [
        #"{"otlp":{"severityNumber":0,"body":{"only":7}"# + shared,
        #"{"otlp":{"severityNumber":9,"body":"bare"}}"#,
    ]

    @Test func recordsHaveTheirResourceAndScope() throws {
        let found = try texts(.otlpJSON, Array(Self.json.utf8))
        // Strings of JSON stay as they were written.
        #expect(found == [Self.full.replacing("TABLE", with: #"\u8868"#)] + Self.rest)
    }

    @Test func bothEncodingsGiveTheSameRecords() throws {
        let found = try texts(.otlpProtobuf, Self.protobuf)
        #expect(found == [Self.full.replacing("TABLE", with: "表")] + Self.rest)
    }

    @Test func emptyRequestsAreGoodAndHaveNoRecords() throws {
        #expect(try texts(.otlpProtobuf, []) == [])
        #expect(try texts(.otlpJSON, Array("{}".utf8)) == [])
        #expect(try texts(.otlpJSON, Array(#"{"resourceLogs":[{"scopeLogs":[{}]}]}"#.utf8)) == [])
    }

    @Test func aProtobufBodyThatIsCutOffAnywhereIsRefusedOrEndsBetweenFields() throws {
        let whole = try texts(.otlpProtobuf, Self.protobuf)
        for count in 0..<Self.protobuf.count {
            let cut = Array(Self.protobuf[..<count])
            if problem(.otlpProtobuf, cut) == nil {
                let found = try texts(.otlpProtobuf, cut)
                #expect(found == Array(whole[..<found.count]))
            }
        }
        #expect(problem(.otlpProtobuf, Array(Self.protobuf.dropLast())) != nil)
    }

    @Test func whatBreaksTheWireFormatIsRefused() {
        func request(_ make: (inout ProtobufMessage) -> Void) -> [UInt8] {
            ProtobufMessage.make { $0.field(1) { $0.field(2) { $0.field(2, make) } } }
        }
        #expect(problem(.otlpProtobuf, request { $0.varint(1, 7) }) != nil, "another type")
        #expect(problem(.otlpProtobuf, request { $0.field(2, "x") }) != nil)
        #expect(problem(.otlpProtobuf, request { $0.varint(5, 1) }) != nil)
        #expect(
            problem(
                .otlpProtobuf,
                request {
                    $0.field(5) { $0.field(1, "a") }
                    $0.field(5) { $0.field(1, "b") }
                }) != nil, "two bodies")
        for bytes: [UInt8] in [
            [0x0B], [0x0C], [0x00, 0x00], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x0A, 0x01],
            [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02], [0x09, 1, 2],
            [0x0A, 0x01, 0xFF], [0x80],
        ] {
            #expect(problem(.otlpProtobuf, bytes)?.hasPrefix("400 ") == true, "\(bytes)")
        }
        // More bytes than a number needs are none the worse.
        #expect(problem(.otlpProtobuf, [0x98, 0x06, 0x81, 0x80, 0x00]) == nil)
    }

    @Test func valuesInValuesAreBounded() {
        func value(_ depth: Int) -> [UInt8] {
            ProtobufMessage.make { message in
                guard depth > 0 else { return message.varint(3, 1) }
                message.field(5) { $0.field(1, value(depth - 1)) }
            }
        }
        func request(_ depth: Int) -> [UInt8] {
            ProtobufMessage.make {
                $0.field(1) { $0.field(2) { $0.field(2) { $0.field(5, value(depth)) } } }
            }
        }
        #expect(problem(.otlpProtobuf, request(Limits.otlpDepthMax - 1)) == nil)
        #expect(
            problem(.otlpProtobuf, request(Limits.otlpDepthMax))
                == "400 values are nested too deep")
        let open = String(repeating: #"{"arrayValue":{"values":["#, count: 22)
        let close = String(repeating: "]}}", count: 22)
        let body = #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":"#
        let deep = Array("\(body)\(open)\(close)}]}]}]}".utf8)
        #expect(problem(.otlpJSON, deep)?.contains("at most 64 open brackets") == true)
    }

    @Test func textThatIsNoTextIsReplacedAndFlagged() throws {
        let body = ProtobufMessage.make { request in
            request.field(1) { resource in
                resource.field(2) { scope in
                    scope.field(2) { $0.field(5) { $0.field(1, [0x61, 0xFF, 0x00]) } }
                    scope.field(2) { $0.field(5) { $0.field(1, "good") } }
                }
            }
        }
        let found = try ShipperBody.read(.otlpProtobuf, body)
        #expect(found.records.map(\.flags) == [.charsetLossy, []])
        #expect(
            try texts(.otlpProtobuf, body)[0]
                == "{\"otlp\":{\"severityNumber\":0,\"body\":\"a\u{FFFD}\\u0000\"}}")
    }

    @Test func whatRecordsShareFlagsThem() throws {
        func request(resource: [UInt8], scope: [UInt8]) -> [UInt8] {
            ProtobufMessage.make { request in
                request.field(1) { logs in
                    logs.field(1) { $0.pair(1, "a") { $0.field(1, resource) } }
                    for name in [scope, Array("lib".utf8)] {
                        logs.field(2) {
                            $0.field(1) { $0.field(1, name) }
                            $0.field(2) { _ in }
                        }
                    }
                }
            }
        }
        func flags(_ resource: [UInt8], _ scope: [UInt8]) throws -> [RowFlags] {
            try ShipperBody.read(.otlpProtobuf, request(resource: resource, scope: scope))
                .records.map(\.flags)
        }
        #expect(try flags([0x61], [0x62]) == [[], []])
        #expect(try flags([0x61], [0xFF]) == [.charsetLossy, []])
        #expect(try flags([0xFF], [0x62]) == [.charsetLossy, .charsetLossy])
    }

    @Test func whatIsNoRequestInJSONIsRefused() {
        func record(_ text: String) -> [UInt8] {
            Array(
                #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{\#(text)}]}]}]}"#.utf8)
        }
        for bad in [
            #""timeUnixNano":"x""#, #""timeUnixNano":"18446744073709551616""#,
            #""timeUnixNano":-1"#, #""severityText":7"#, #""body":"x""#,
            #""body":{"intValue":1,"stringValue":"x"}"#, #""body":{"intValue":"1.5"}"#,
            #""body":{"boolValue":1}"#, #""body":{"doubleValue":"1"}"#, #""attributes":{}"#,
            #""attributes":[{"value":{}}]"#, #""body":{},"body":{}"#, #""body":{"#,
        ] { #expect(problem(.otlpJSON, record(bad))?.hasPrefix("400 ") == true, "\(bad)") }
        #expect(problem(.otlpJSON, record(#""timeUnixNano":null,"body":null"#)) == nil)
    }
}
