import HisuiEvent
import Testing

/// Acts as JSON, and back; and bytes that are no acts.
@Suite struct ActTests {
    private static let actor = Actor(
        .operator, user: "佐藤", uid: 1000, loginUID: 1000, sudoUser: "sato", terminal: "/dev/pts/3",
        sshClient: "192.0.2.7", pid: 4242, program: "hisui 0.1.0")

    private static func text(_ act: Act) -> String {
        var bytes: [UInt8] = []
        act.append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decoded(_ text: String) throws(ActFailure) -> Act {
        try Act(decoding: Array(text.utf8).span)
    }

    @Test func anActIsOneFlatObjectInTheOrderOfTheFormat() {
        let act = Act(
            .search, time: Timestamp(nanoseconds: 1_700_000_000_000_000_001), zone: "lgwan",
            actor: Self.actor,
            fields: [
                ("query", .text("a \"b\"\n\u{1B}[31m")), ("rows", .integer(-3)),
                ("follow", .boolean(true)), ("zones", .list(["a", "b\\"])), ("none", .list([])),
            ])
        #expect(
            Self.text(act)
                == #"{"time":"2023-11-14T22:13:20.000000001Z","act":"search","#
                + #""zone.name":"lgwan","actor.kind":"operator","actor.user":"佐藤","#
                + #""actor.uid":1000,"actor.loginuid":1000,"actor.sudo_user":"sato","#
                + #""actor.tty":"/dev/pts/3","actor.ssh_client":"192.0.2.7","actor.pid":4242,"#
                + #""actor.program":"hisui 0.1.0","query":"a \"b\"\n\u001b[31m","rows":-3,"#
                + #""follow":true,"zones":["a","b\\"],"none":[],"#
                + #""message":"sato searched a \"b\"\n\u001b[31m: -3 rows"}"#)
    }

    @Test func everyKindReadsBack() throws {
        let texts = [
            "", "a", "\u{0}\u{85}\u{2028}\"\\/", "翡翠🀄", String(repeating: "x", count: 9000),
        ]
        for (number, kind) in Act.Kind.allCases.enumerated() {
            var act = Act(
                kind, time: Timestamp(nanoseconds: Int64(number) * 1_000_000_007),
                zone: number % 2 == 0 ? nil : "z\(number)", actor: Self.actor,
                fields: texts.enumerated().map { ("field.\($0)", .text($1)) })
            act.fields.append(("least", .integer(.min)))
            act.fields.append(("list", .list(texts)))
            if number % 3 == 0 { act.actor = Actor(.daemon) }
            #expect(try Self.decoded(Self.text(act)) == act)
            #expect(Act.kind(ofRecord: Array(Self.text(act).utf8).span) == kind)
        }
    }

    @Test func fieldsAreFoundByName() {
        let act = Act(
            .finding, time: .none, actor: Actor(.daemon),
            fields: [("a", .text("x")), ("b", .integer(7)), ("c", .list(["p", "q"]))])
        #expect(act.text("a") == "x" && act.integer("b") == 7 && act.list("c") == ["p", "q"])
        #expect(act.list("a") == ["x"] && act.text("b") == nil && act["d"] == nil)
    }

    private static let start = #"{"time":"2026-01-02T03:04:05Z","act":"stop","actor.kind":"daemon""#

    /// Records that are refused; `+` stands for the beginning of a sound one.
    private static let refused: [(record: String, why: String)] = [
        ("", "expected a value"), ("[]", "no JSON object"), (#"{"act":"stop"}"#, "no 'time'"),
        (#"{"time":"2026-01-02T03:04:05+09:00","act":"stop"}"#, "no 'time'"),
        (#"{"time":5,"act":"stop"}"#, "'time' is no text"),
        (#"{"time":"2026-01-02T03:04:05Z","act":"dance"}"#, "'act' is no kind"),
        (#"{"time":"2026-01-02T03:04:05Z","act":"stop"}"#, "no 'actor.kind'"),
        ("+", "expected"), ("+} {}", "expected the end"),
        (#"+,"x":null}"#, "a value that no act has"),
        (#"+,"x":{"y":1}}"#, "a value that no act has"),
        (#"+,"x":1.5}"#, "a number is no integer"),
        (#"+,"x":99999999999999999999}"#, "a number is no integer"),
        (#"+,"x":["a",1,"b"]}"#, "a list of other things"),
        (#"+,"x":["a",{"b":1}]}"#, "expected at most 2"),
        (#"+,"x":["a"}"#, "expected"), (#"+,"x":1,"x":2}"#, "a name stands twice"),
        (#"+,"actor.uid":-1}"#, "'actor.uid' is out of range"),
        (#"+,"actor.uid":"0"}"#, "'actor.uid' is no integer"),
    ]

    @Test func whatIsNoActSaysWhy() {
        for (record, why) in Self.refused {
            let whole = record.first == "+" ? Self.start + record.dropFirst() : record
            expectRefusal(whole, why)
        }
    }

    private func expectRefusal(_ record: String, _ why: String) {
        do throws(ActFailure) {
            let act = try Self.decoded(record)
            Issue.record("read as \(act)")
        } catch {
            #expect(error.what.hasPrefix(why), "\(error) for \(record)")
        }
    }

    @Test func tooManyFieldsAndValuesAreRefused() {
        let fields = (0...Limits.actFieldsMax).map { #","f\#($0)":1"# }.joined()
        #expect(throws: ActFailure.self) { try Self.decoded(Self.start + fields + "}") }
        let values = [String](repeating: #""v""#, count: Limits.actListMax + 1)
        #expect(throws: ActFailure.self) {
            try Self.decoded(Self.start + #","l":[\#(values.joined(separator: ","))]}"#)
        }
    }

    @Test func bytesThatAreNoTextAreReplacedAndNeverTrap() throws {
        var bytes = Array((Self.start + #","x":""#).utf8)
        bytes += [0xFF, 0xC3]
        bytes += Array(#""}"#.utf8)
        #expect(try Act(decoding: bytes.span).text("x") == "\u{FFFD}\u{FFFD}")
        // Every cut and every changed byte of an act is read or refused.
        let whole = Array(Self.text(Act(.key, time: .none, actor: Self.actor)).utf8)
        for end in 0..<whole.count { _ = try? Act(decoding: whole.span.extracting(0..<end)) }
        for place in whole.indices {
            for value: UInt8 in [0, 0x22, 0x5C, 0x7B, 0xFF] {
                var changed = whole
                changed[place] = value
                _ = try? Act(decoding: changed.span)
                _ = Act.kind(ofRecord: changed.span)
            }
        }
    }
}
