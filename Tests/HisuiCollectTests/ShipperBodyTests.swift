import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Bodies of shippers' requests, as records.
@Suite struct ShipperBodyTests {
    private func read(_ form: ShipperForm, _ text: String) throws -> ShipperRecords {
        try ShipperBody.read(form, Array(text.utf8))
    }

    // MARK: Bulk requests

    @Test func documentsOfABulkRequestAreTheirLines() throws {
        let found = try read(
            .bulk,
            """
            {"create":{"_index":"logs-a"}}
            { "@timestamp" : "2026-11-27T01:00:00Z", "message":"a \\u0041", "message": "b" }\r

            {"index":{}}
            {"message":"c"}

            """)
        #expect(
            found.texts == [
                #"{ "@timestamp" : "2026-11-27T01:00:00Z", "message":"a \u0041", "message": "b" }"#,
                #"{"message":"c"}"#,
            ])
        #expect(
            String(decoding: found.bulkAnswer, as: UTF8.self)
                == #"{"took":0,"errors":false,"items":[{"create":{"status":201}},"#
                + #"{"index":{"status":201}}]}"#)
        #expect(found.bulkRemark.isEmpty)
    }

    @Test func eachDocumentOfABulkRequestHasItsOwnStatus() throws {
        let found = try read(
            .bulk,
            """
            {"create":{}}
            {"n":1}
            {"create":{}}
            {"n":
            {"update":{"_id":"7"}}
            {"doc":{}}
            {"delete":{"_id":"7"}}
            {"create":{}}
            7
            {"index":{}}
            {"n":2}

            """)
        #expect(found.texts == [#"{"n":1}"#, #"{"n":2}"#])
        let answer = String(decoding: found.bulkAnswer, as: UTF8.self)
        #expect(answer.hasPrefix(#"{"took":0,"errors":true,"items":[{"create":{"status":201}},"#))
        #expect(answer.hasSuffix(#",{"index":{"status":201}}]}"#))
        let reasons = [
            "expected a value at byte 5", "documents are not changed", "documents are not deleted",
            "it is no JSON object",
        ]
        #expect(found.outcomes.compactMap(\.problem) == reasons)
        #expect(found.bulkRemark == "4 of 6 documents: expected a value at byte 5")
        #expect(answer.ranges(of: "\"status\":400").count == 4)
    }

    @Test func aBulkRequestThatCannotBeReadGivesNothing() {
        let good = "{\"create\":{}}\n{\"n\":1}\n"
        #expect(problem(.bulk, "") == "400 request body is required")
        #expect(problem(.bulk, "\n\n") == "400 request body is required")
        #expect(
            problem(.bulk, good + "{\"create\":{}}\n")
                == "400 line [3] has no document behind it")
        let unterminated = "400 The bulk request must be terminated by a newline [\\n]"
        #expect(problem(.bulk, good + "{\"create\":{}}") == unterminated)
        #expect(problem(.bulk, good + "{\"create\":{}}\n{\"n\":2}") == unterminated)
        for line in [
            "x", "{}", "[]", "{\"create\":7}", "{\"other\":{}}", "{\"create\":{}} x",
            "{\"create\":{},\"index\":{}}", "{\"create\":{\"_id\":\"7\"}", "\u{0}",
        ] {
            #expect(
                problem(.bulk, good + line + "\n{}\n")
                    == "400 Malformed action/metadata line [3], expected create or index",
                "\(line)")
        }
    }

    @Test func answersOfBulkRequestsAreBounded() throws {
        func body(_ count: Int, _ document: String) -> String {
            String(repeating: "{\"create\":{}}\n\(document)\n", count: count)
        }
        let most = try read(.bulk, body(Limits.bulkItemsMax - Limits.bulkRefusedMax, "{}"))
        #expect(most.records.count == Limits.bulkItemsMax - Limits.bulkRefusedMax)
        let worst = try read(
            .bulk,
            body(Limits.bulkRefusedMax, String(repeating: " ", count: 70) + "{\"\u{1}")
                + body(Limits.bulkItemsMax - Limits.bulkRefusedMax, "{}"))
        #expect(worst.bulkAnswer.count + 4096 < Limits.unsentBytesMax)
        let tooMany = "413 more than 32768 documents, or 1024 that are not taken"
        #expect(problem(.bulk, body(Limits.bulkItemsMax + 1, "{}")) == tooMany)
        #expect(problem(.bulk, body(Limits.bulkRefusedMax + 1, "7")) == tooMany)
    }

    // MARK: Lines

    @Test func linesAreKeptAsTheyAre() throws {
        let lines = [
            #"{"_time":"2026-11-27T01:00:00Z","_msg":"x","_msg":"y"}"#,
            "{\"a\": \"\u{3042}\\u0000\" , \"b\":[1,{\"c\":null}]}", "  {\"d\":1.50e3}",
        ]
        let found = try read(.lines, "\n" + lines.joined(separator: "\r\n") + "\n \n")
        #expect(found.texts == lines)
        #expect(try read(.lines, "{}").texts == ["{}"])
        #expect(try read(.lines, "").records.isEmpty)
        // Bytes that are no text are kept: a shipper that sends them has nothing better.
        let bytes = Array("{\"a\":\"".utf8) + [0x82, 0xA0, 0xFF] + Array("\"}\n".utf8)
        let kept = try ShipperBody.read(.lines, bytes)
        #expect(Array(kept.bytes[kept.records[0].range]) == Array(bytes.dropLast()))
    }

    @Test func oneLineThatIsNoObjectRefusesAll() {
        let nested =
            String(repeating: "{\"a\":", count: 65) + "1" + String(repeating: "}", count: 65)
        for (line, reason) in [
            ("[]", "it is no JSON object"), ("plain text", "expected a value at byte 0"),
            ("{\"a\":\"x", "expected '\"' at byte 7"),
            ("{\"a\":1}{}", "expected the end at byte 7"),
            ("{\"a\":\"\u{0}\"}", "expected no control character in a string at byte 6"),
            (nested, "expected at most 64 open brackets at byte 320"),
        ] {
            #expect(problem(.lines, "{}\n\n\(line)\n{}") == "400 line 3: \(reason)")
        }
    }

    @Test func longRecordsAreCutAndTooManyRefused() throws {
        let long = "{\"a\":\"" + String(repeating: "x", count: Limits.recordBytesMax) + "\"}"
        let found = try read(.lines, "{}\n" + long)
        #expect(found.records.map(\.range.count) == [2, Limits.recordBytesMax])
        #expect(found.records.map(\.flags) == [[], .truncated])
        let line = String(repeating: "x", count: Limits.recordBytesMax)
        let made = try read(
            .loki, "{\"streams\":[{\"stream\":{},\"values\":[[\"1\",\"\(line)\"],[\"2\",\"y\"]]}]}")
        #expect(made.records.map(\.flags) == [.truncated, []])
        #expect(made.records[0].range.count == Limits.recordBytesMax)
        #expect(made.texts[1] == #"{"loki":{"time":"2","line":"y","labels":{}}}"#)
        let many = String(repeating: "{}\n", count: Limits.shipperRecordsMax + 1)
        #expect(problem(.lines, many) == "413 more than 262144 records")
    }

    // MARK: Loki

    @Test func eachLineOfAStreamHasItsLabels() throws {
        let found = try read(
            .loki,
            #"""
            { "other": [1], "streams": [
                { "values": [ ["1700000000000000001", "a \"q\" \u8868"],
                    ["1700000000000000002", "b", { "trace_id": "0 \\", "x" : "y" } ] ],
                  "stream": { "app": "web", "host" : "w 1" } },
                { "stream": {}, "values": [] },
                { "stream": {"job":"x"}, "values": [["1","c"]] } ] }
            """#)
        let labels = #""labels":{"app":"web","host":"w 1"}"#
        #expect(
            found.texts == [
                #"{"loki":{"time":"1700000000000000001","line":"a \"q\" \u8868",\#(labels)}}"#,
                #"{"loki":{"time":"1700000000000000002","line":"b",\#(labels),"#
                    + #""metadata":{"trace_id":"0 \\","x":"y"}}}"#,
                #"{"loki":{"time":"1","line":"c","labels":{"job":"x"}}}"#,
            ])
    }

    @Test func whatIsNoPushRequestIsRefused() {
        let good = #"{"stream":{},"values":[["1","a"]]}"#
        for bad in [
            "", "[]", "{}", #"{"streams":{}}"#, #"{"streams":[{}]}"#,
            #"{"streams":[\#(good),{"stream":{"a":1},"values":[]}]}"#,
            #"{"streams":[\#(good),{"stream":{},"values":[["1"]]}]}"#,
            #"{"streams":[\#(good),{"stream":{},"values":[[1,"a"]]}]}"#,
            #"{"streams":[\#(good),{"stream":{},"values":[["x","a"]]}]}"#,
            #"{"streams":[\#(good),{"stream":{},"values":[["1",7]]}]}"#,
            #"{"streams":[\#(good),{"stream":{},"values":[["1","a",7]]}]}"#,
            #"{"streams":[\#(good),{"stream":{},"values":[["1","a",{},{}]]}]}"#,
            #"{"streams":[\#(good),{"stream":{},"stream":{},"values":[]}]}"#,
            #"{"streams":[\#(good)]"#, #"{"streams":[\#(good)]} x"#,
            #"{"streams":[{"stream":{},"values":[["1","\#u{0}"]]}]}"#,
        ] { #expect(problem(.loki, bad)?.hasPrefix("400 ") == true, "\(bad)") }
        let label = String(repeating: "x", count: Limits.shipperSharedBytesMax)
        #expect(
            problem(.loki, #"{"streams":[{"stream":{"a":"\#(label)"},"values":[]}]}"#)
                == "400 the labels of a stream are too long")
    }

    /// Labels are in each record: a small request must not become a large one without bound.
    @Test func whatIsRepeatedIsBounded() {
        let label = String(repeating: "x", count: 60_000)
        let values = Array(repeating: #"["1","a"]"#, count: 1200).joined(separator: ",")
        #expect(
            problem(.loki, #"{"streams":[{"stream":{"a":"\#(label)"},"values":[\#(values)]}]}"#)
                == "413 its records have more than 64 MiB")
    }
}
