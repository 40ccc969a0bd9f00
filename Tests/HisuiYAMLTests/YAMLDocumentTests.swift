import Testing

@testable import HisuiYAML

func parse(_ text: String) throws(YAMLError) -> [YAMLNode] {
    try YAMLDocument.parse(Array(text.utf8), file: "f.yaml")
}

/// The message with which `text` is refused, or "accepted".
func refusal(_ text: String) -> String {
    refusal(Array(text.utf8))
}

func refusal(_ bytes: [UInt8]) -> String {
    do {
        _ = try YAMLDocument.parse(bytes, file: "f.yaml")
        return "accepted"
    } catch {
        return error.description
    }
}

@Suite struct YAMLDocumentTests {
    @Test func positionsCountLinesAndCodePointsFromOne() throws {
        let root = try #require(
            try parse("# 設定\n領域: 住民\n一覧:\n  - 甲\n  - {乙: 丙, 'd': \"e\"}\n").first)
        #expect(root.line == 2 && root.column == 1)
        let zone = try #require(root["領域"])
        #expect(zone.text == "住民" && zone.line == 2 && zone.column == 5)
        let list = try #require(root["一覧"]?.sequence)
        #expect(list[0].line == 4 && list[0].column == 5)
        let pairs = try #require(list[1].mapping)
        #expect(pairs.map(\.key.text) == ["乙", "d"])
        #expect(pairs[0].value.line == 5 && pairs[0].value.column == 9)
        #expect(pairs[1].key.column == 12 && pairs[1].value.column == 17)
    }

    @Test func everyDocumentIsRead() throws {
        let roots = try parse("a: 1\n---\nb: 2\n...\n---\n- c\n")
        #expect(roots.count == 3)
        #expect(roots[1]["b"]?.int == 2 && roots[1].line == 3)
        #expect(roots[2].sequence?.first?.text == "c")
        #expect(try parse("").isEmpty)
        #expect(try parse("# nothing\n").isEmpty)
        #expect(try parse("---\n").first?.isNull == true)
    }

    @Test func aSingleDocumentMustBeTheOnlyOne() throws {
        #expect(try YAMLDocument.parseSingle(Array("a: 1".utf8), file: "f").line == 1)
        #expect(throws: YAMLError.self) { try YAMLDocument.parseSingle([], file: "f") }
        do {
            _ = try YAMLDocument.parseSingle(Array("a: 1\n---\nb: 2\n".utf8), file: "f")
            Issue.record("two documents accepted")
        } catch {
            #expect(error.description.hasPrefix("f:3:1: a second document begins"))
        }
    }

    @Test func blockScalarsQuotesAndCRLF() throws {
        let root = try #require(
            try parse(
                "a: |\r\n  x\r\n  y\r\nb: >-\r\n  x\r\n  y\r\nc: 'it''s'\r\nd: \"\\x41\\t\"\r\n"
            )
            .first)
        #expect(root["a"]?.text == "x\ny\n")
        #expect(root["b"]?.text == "x y")
        #expect(root["c"]?.text == "it's" && root["c"]?.line == 7)
        #expect(root["d"]?.text == "A\t")
    }

    @Test func aByteOrderMarkIsNoText() throws {
        let root = try #require(
            try YAMLDocument.parse([0xEF, 0xBB, 0xBF] + Array("a: 1".utf8), file: "f").first)
        #expect(root.column == 1 && root["a"]?.column == 4)
    }

    @Test func duplicateKeysAreRefusedWithBothPlaces() {
        #expect(
            refusal("m:\n  a: 1\n  b: 2\n  \"a\": 3\n")
                == "f.yaml:4:3: the key `a` stands twice, first at line 2, column 3 "
                + "(remove one of them)")
        #expect(refusal("{名: 1, 名: 2}").contains("f.yaml:1:8: the key `名` stands twice"))
        #expect(refusal("a: {x: 1}\nb: {x: 1}\n") == "accepted")
    }

    @Test func keysAreScalars() {
        #expect(refusal("? [a]\n: 1\n").contains("f.yaml:1:3: a list stands where a key"))
        #expect(refusal("{{a: 1}: 2}").contains("a mapping stands where a key"))
    }

    @Test func syntaxErrorsHaveAPlace() {
        #expect(
            refusal("a: 1\n\tb: 2\n")
                == "f.yaml:2:1: this is no YAML: found a tab character that violates indentation, "
                + "while scanning a plain scalar begun at line 1 (indent with spaces, not tabs)")
        #expect(refusal("a: [1, 2\n").hasPrefix("f.yaml:2:1: this is no YAML"))
        #expect(refusal("a: [/x-[0-9].log]\n").contains("put text that holds brackets"))
        #expect(refusal("a: b: c\n").hasPrefix("f.yaml:1:5: this is no YAML: mapping values"))
        #expect(refusal("a: \"x\n").contains("found unexpected end of stream"))
        #expect(refusal("a: %x\n").contains("put text that begins with @"))
    }

    @Test func tagsBeyondTheCoreSchemaAreRefused() throws {
        #expect(
            refusal("a: !!python/object x\n").contains("f.yaml:1:4: the tag `tag:yaml.org,2002:py"))
        #expect(refusal("!!set {a}\n").contains("is not supported"))
        let root = try #require(try parse("a: !!str 5\nb: !!map {c: !!int 5}\n").first)
        #expect(root["a"]?.string == "5")
        #expect(root["b"]?["c"]?.int == 5)
    }
}
