import Glibc
import HisuiBytes
import HisuiCollect
import HisuiEvent
import Testing

extension HTTPClient {
    /// Sends a request with a body of known length.
    func post(_ path: String, _ type: String, _ body: [UInt8], _ fields: String = "") {
        raw(
            "POST \(path) HTTP/1.1\r\nHost: h\r\nContent-Type: \(type)\r\n"
                + "Content-Length: \(body.count)\r\n\(fields)\r\n")
        raw(body)
    }

    func post(_ path: String, _ type: String, _ body: String) {
        post(path, type, Array(body.utf8))
    }

    /// Sends a request without a body.
    func ask(_ method: String, _ path: String) {
        raw("\(method) \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
    }
}

/// The listener for shippers, over real sockets.
@Suite(.serialized) struct ShipperTests {
    private func collector(
        tokens: HTTPTokens = HTTPTokens(), limits: StreamLimits = StreamLimits()
    ) throws -> HTTPCollector {
        try HTTPCollector(
            .shippers, address: "127.0.0.1", port: 0, limits: limits, tokens: tokens)
    }

    private static let json = "application/json"
    private static let bulk =
        "{\"create\":{\"_index\":\"x\"}}\n{\"a\":1}\n{\"index\":{}}\n{\"a\":2}\n"

    @Test func eachProtocolIsAnsweredWhenItsRecordsAreDurable() throws {
        let collector = try collector()
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        let otlp = #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9}]}]}]}"#
        let loki = #"{"streams":[{"stream":{"a":"b"},"values":[["1","x"],["2","y"]]}]}"#
        let protobuf = ProtobufMessage.make {
            $0.field(1) { $0.field(2) { $0.field(2) { $0.varint(2, 9) } } }
        }
        for (path, type, body, status, answer) in [
            ("/_bulk", "application/x-ndjson", Array(Self.bulk.utf8), 200, "\"errors\":false"),
            ("/logs-app-default/_bulk?x=y", Self.json, Array(Self.bulk.utf8), 200, "\"items\":["),
            ("/insert/jsonline?_stream_fields=a", "text/plain", Array("{\"a\":3}".utf8), 200, "OK"),
            ("/loki/api/v1/push", Self.json, Array(loki.utf8), 204, ""),
            ("/v1/logs", Self.json, Array(otlp.utf8), 200, "{}"),
            ("/v1/logs", "application/x-protobuf", protobuf, 200, ""),
        ] {
            let before = sink.count
            client.post(path, type, body)
            eventually("records of \(path)") { sink.count > before }
            usleep(20_000)
            #expect(client.hasNoAnswer, "\(path)")
            sink.sync()
            let found = try #require(client.answer())
            #expect(found.status == status && found.body.contains(answer), "\(path): \(found)")
            #expect(found.head.contains("X-Elastic-Product") == path.contains("_bulk"))
        }
        running.end()
        let severity = #"{"otlp":{"severityNumber":9}}"#
        #expect(
            sink.texts == [
                "{\"a\":1}", "{\"a\":2}", "{\"a\":1}", "{\"a\":2}", "{\"a\":3}",
                #"{"loki":{"time":"1","line":"x","labels":{"a":"b"}}}"#,
                #"{"loki":{"time":"2","line":"y","labels":{"a":"b"}}}"#, severity, severity,
            ])
        let id = "shippers:127.0.0.1:\(collector.port)/127.0.0.1"
        #expect(sink.now.records.allSatisfy { $0.source == id && $0.sender == "127.0.0.1" })
        #expect(collector.counts.refusals.total == 0)
    }

    @Test func whoSendsAByteNowAndThenIsTurnedAway() throws {
        let collector = try collector(limits: StreamLimits(requestSeconds: 1))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        client.post("/insert/jsonline", "text/plain", "{\"a\":1}")
        #expect(try #require(client.answer()).status == 200)
        client.raw("POST /insert/jsonline HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
        var sent = 0
        while client.hasNoAnswer, sent < 1000 {
            client.raw("{")
            sent += 1
            usleep(20_000)
        }
        #expect(try #require(client.answer()).status == 408)
        eventually("it is counted") { collector.counts.refusals.total == 1 }
        running.end()
        #expect(sink.count == 1 && sent < 1000)
    }

    @Test func whatShippersAskFirstIsAnswered() throws {
        let collector = try collector()
        let running = Running(collector, into: TestSink())
        let client = HTTPClient(port: collector.port)
        client.ask("GET", "/")
        let about = try #require(client.answer())
        #expect(about.status == 200 && about.body.contains(#""number":"8.17.0""#))
        #expect(about.head.contains("\r\nX-Elastic-Product: Elasticsearch"))
        #expect(about.head.contains("\r\nContent-Type: application/json"))
        for path in [
            "/_license?human=false", "/_xpack", "/_cluster/health", "/_nodes/http",
            "/_ilm/policy/filebeat", "/_index_template/filebeat-8.17.0", "/_data_stream/filebeat",
            "/_ingest/pipeline/x", "/_alias/filebeat", "/_component_template/x", "/_template/x",
        ] {
            client.ask("GET", path)
            let found = try #require(client.answer())
            #expect(found.status == 200 && found.body.hasPrefix("{"), "\(path)")
        }
        client.raw(
            "PUT /_ilm/policy/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
        #expect(client.answer()?.body == #"{"acknowledged":true}"#)
        client.ask("GET", "/ready")
        #expect(client.answer()?.status == 200)
        #expect(collector.counts.refusals.total == 0)
        for (method, path, status) in [
            ("GET", "/_search", 404), ("DELETE", "/_ilm/policy/x", 405), ("GET", "/_bulk", 405),
            ("PUT", "/insert/jsonline", 405), ("POST", "/upload", 404),
            ("POST", "/_x/_bulk", 404), ("POST", "/a/b/_bulk", 404),
        ] {
            client.ask(method, path)
            #expect(client.answer()?.status == status, "\(method) \(path)")
        }
        // A HEAD has no body behind its length.
        client.ask("HEAD", "/")
        client.ask("GET", "/ready")
        usleep(100_000)
        running.end()
        #expect(collector.counts.refusals[.request] == 7)
    }

    @Test func ofABrokenRequestNothingIsStoredAndTheNextOneIsTaken() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        for (path, type, body, words) in [
            ("/insert/jsonline", "text/plain", "{\"a\":1}\n{\"a\":", "line 2: expected a value"),
            ("/_bulk", Self.json, Self.bulk + "x\n", "Malformed action/metadata line [5]"),
            ("/loki/api/v1/push", Self.json, "{\"streams\":7}", "expected an array at byte 11"),
            ("/v1/logs", Self.json, "{\"resourceLogs\":[7]}", "expected an object at byte 17"),
            ("/v1/logs", "application/x-protobuf", "x", "it is no ExportLogsServiceRequest"),
        ] {
            client.post(path, type, body)
            let found = try #require(client.answer())
            #expect(found.status == 400 && found.body.contains(words), "\(path): \(found)")
        }
        #expect(collector.counts.refusals[.body] == 5)
        #expect(
            collector.counts.refusals.entries[.body]?.detail
                == "it is no ExportLogsServiceRequest at byte 1")
        client.post("/_bulk", Self.json, "{\"create\":{}}\n7\n" + Self.bulk)
        let partly = try #require(client.answer())
        #expect(partly.status == 200 && partly.body.contains("\"errors\":true"))
        #expect(sink.texts == ["{\"a\":1}", "{\"a\":2}"])
        #expect(
            collector.counts.refusals.entries[.body]?.detail
                == "1 of 3 documents: it is no JSON object")
        client.post("/loki/api/v1/push", "application/x-protobuf", "x")
        #expect(client.answer()?.status == 415)
        running.end()
        #expect(sink.count == 2)
    }

    @Test(arguments: ["gzip", "zstd"])
    func bodiesMayBeCompressedAndExpandOnlySoFar(coding: String) throws {
        let folder = TestDirectory()
        folder.append("lines", "{\"a\":1}\n{\"a\":2}\n")
        shell("yes '{}' | head -c 40000000 | \(coding) -c > '\(folder.path("bomb"))'")
        let packed = shell("\(coding) -c '\(folder.path("lines"))'").output
        let bomb = shell("cat '\(folder.path("bomb"))'").output
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        let field = "Content-Encoding: \(coding)\r\n"
        client.post("/insert/jsonline", Self.json, packed, field)
        #expect(client.answer()?.status == 200)
        client.post("/insert/jsonline", Self.json, Array(packed.dropLast(5)), field)
        #expect(client.answer()?.status == 400)
        let other = HTTPClient(port: collector.port)
        other.post("/insert/jsonline", Self.json, bomb, field)
        #expect(other.answer()?.status == 413)
        running.end()
        #expect(sink.texts == ["{\"a\":1}", "{\"a\":2}"])
        #expect(collector.counts.refusals[.body] == 2)
    }

    @Test func tooLargeABodyIsNotBegunWithOrEndsWhereItIs() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let known = HTTPClient(port: collector.port)
        known.raw(
            "POST /_bulk HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                + "Content-Length: 10000000000\r\n\r\n")
        let refused = try #require(known.answer())
        #expect(refused.status == 413 && refused.body.contains("the body has more than 32 MiB"))
        let endless = HTTPClient(port: collector.port)
        endless.raw(
            "POST /insert/jsonline HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        let line = Array("{\"a\":\"".utf8) + [UInt8](repeating: 0x78, count: 65_000)
        for _ in 0..<520 { endless.chunk(line + Array("\"}\n".utf8)) }
        #expect(endless.answer()?.status == 413)
        running.end()
        #expect(sink.count == 0 && collector.counts.refusals[.body] == 2)
    }

    /// A request may have more records than a batch.
    @Test func aLargeRequestIsAnsweredWhenAllItsBatchesAreDurable() throws {
        let collector = try collector()
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        let count = Limits.batchRecordsMax * 2 + 7
        let body = (0..<count).map { "{\"n\":\($0)}\n" }.joined()
        client.post("/insert/jsonline", Self.json, body)
        eventually("all but the last") { sink.count >= Limits.batchRecordsMax }
        sink.sync()
        eventually("all") { sink.count == count }
        usleep(20_000)
        #expect(client.hasNoAnswer)
        sink.sync()
        #expect(client.answer()?.status == 200)
        running.end()
        #expect(sink.texts == (0..<count).map { "{\"n\":\($0)}" })
    }

    @Test func aTokenIsAskedForBeforeAnythingElse() throws {
        let digest = SHA256.of(Array("secret".utf8).span)
        let collector = try collector(tokens: HTTPTokens([digest: "web1"]))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        client.ask("GET", "/")
        #expect(client.answer()?.status == 401)
        client.post(
            "/_bulk", Self.json, Array(Self.bulk.utf8), "Authorization: Basic eDpzZWNyZXQ=\r\n")
        #expect(client.answer()?.status == 200)
        running.end()
        let id = "shippers:127.0.0.1:\(collector.port)/token:web1"
        #expect(sink.now.records.map(\.source) == [id, id])
    }
}
