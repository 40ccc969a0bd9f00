import HisuiYAML
import Testing

@Suite struct MappingReaderTests {
    /// Reads `text` as a mapping called "thing" and returns what was reported, sorted by place.
    func reports(_ text: String, _ read: (inout MappingReader) -> Void) throws -> [String] {
        let root = try #require(try parse(text).first)
        let log = Diagnostics { word, valid in valid.first { $0.first == word.first } }
        if var reader = MappingReader(root, "thing", log) {
            read(&reader)
            reader.finish()
        }
        return log.sorted.map(\.description)
    }

    @Test func everythingRightReportsNothing() throws {
        let reports = try reports(
            "s: x\ni: 5\nb: true\nl: [1]\nt: [a, b]\none: a\nm: {k: v}\nc: red\n"
        ) {
            #expect($0.string("s", required: true) == "x")
            #expect($0.int("i", in: 0...9) == 5)
            #expect($0.bool("b") == true)
            #expect($0.list("l")?.first?.int == 1)
            #expect($0.strings("t")?.map(\.text) == ["a", "b"])
            #expect($0.strings("one", orOne: true)?.map(\.text) == ["a"])
            #expect($0.choice("c", of: ["red", "blue"]) == "red")
            var inner = $0.mapping("m")
            #expect(inner?.string("k") == "v")
            inner?.finish()
            #expect($0.string("absent") == nil && $0.int("none", in: 0...1) == nil)
        }
        #expect(reports == [])
    }

    @Test func everyMistakeIsReportedAtItsPlace() throws {
        let reports = try reports(
            """
            text: 5
            whole: "5"
            far: 50
            truth: yes
            list: a
            texts: [a, 7, {}]
            inner: [x]
            colour: rid
            gone:
            """
        ) {
            #expect($0.string("text") == nil)
            #expect($0.int("whole", in: 0...9) == nil)
            #expect($0.int("far", in: 0...9) == nil)
            #expect($0.bool("truth") == nil)
            #expect($0.list("list") == nil)
            #expect($0.strings("texts")?.map(\.text) == ["a"])
            #expect($0.mapping("inner") == nil)
            #expect($0.choice("colour", of: ["red", "blue"]) == nil)
            #expect($0.string("gone") == nil)
            #expect($0.string("needed", required: true) == nil)
        }
        #expect(
            reports == [
                "f.yaml:1:1: thing needs the key `needed`",
                "f.yaml:1:7: `text` must be text, not the number `5` (put it in quotes)",
                "f.yaml:2:8: `whole` must be a whole number, not the text `5`",
                "f.yaml:3:6: `far` is 50 (give a number from 0 to 9)",
                "f.yaml:4:8: `truth` must be true or false, not the text `yes` "
                    + "(write true or false, without quotes)",
                "f.yaml:5:7: `list` must be a list, not the text `a`",
                "f.yaml:6:12: an element of `texts` must be text, not the number `7` "
                    + "(put it in quotes)",
                "f.yaml:6:15: an element of `texts` must be text, not a mapping",
                "f.yaml:7:8: `inner` must be a mapping of keys to values, not a list",
                "f.yaml:8:9: unknown colour `rid` (did you mean `red`?)",
                "f.yaml:9:6: `gone` has no value (give it one or remove the key)",
            ])
    }

    @Test func unknownKeysNameTheNearest() throws {
        let reports = try reports("nmae: x\nzzz: y\n") { _ = $0.string("name") }
        #expect(
            reports == [
                "f.yaml:1:1: unknown key `nmae` in thing (did you mean `name`?)",
                "f.yaml:2:1: unknown key `zzz` in thing (valid: name)",
            ])
    }

    @Test func whatIsNoMappingIsReportedOnce() throws {
        #expect(
            try reports("- a\n") { _ in Issue.record("no reader expected") }
                == ["f.yaml:1:1: thing must be a mapping of keys to values, not a list"])
    }

    @Test func theNumberOfReportsIsBounded() throws {
        let log = Diagnostics()
        let node = try #require(try parse("a").first)
        for _ in 0..<150 { log.report(node, "wrong") }
        #expect(log.list.count == Diagnostics.countMax && log.omitted == 50)
    }
}
