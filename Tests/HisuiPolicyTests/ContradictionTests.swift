import HisuiPolicy
import Testing

/// Every contradiction, one test each.
@Suite struct ContradictionTests {
    @Test func aZoneWithoutDefinition() {
        #expect(
            problems(["zone": "lgwn", "zones": "[{id: lgwan, name: L}]"]) == [
                "2:7: unknown zone `lgwn` (did you mean `lgwan`?)"
            ])
    }

    @Test func twoZonesOfOneID() {
        #expect(
            problems(["zones": "[{id: a, name: A}, {id: a, name: B}]"]) == [
                "3:32: the zone `a` is already at line 3, column 14 (remove one of them)"
            ])
    }

    @Test func addressesOfTwoZones() {
        let zones = "\n- {id: a, name: A, addresses: [10.0.0.0/8, 10.1.0.0/16]}\n"
        #expect(
            problems(["zones": zones + "- {id: b, name: B, addresses: ['::/0', 10.2.0.0/16]}"]) == [
                "5:40: the address range `10.2.0.0/16` of zone `b` overlaps `10.0.0.0/8` of zone "
                    + "`a` at line 4, column 32 (an address belongs to one zone)"
            ])
        #expect(
            problems(["zones": zones + "- {id: b, name: B, addresses: [0.0.0.0/0]}"]).count == 1)
        #expect(problems(["zones": zones + "- {id: b, name: B, addresses: [11.0.0.0/8]}"]) == [])
    }

    @Test func streamsAgainstEachOther() {
        #expect(
            problems(
                [:],
                extra: """
                    streams:
                    - {name: a, sources: [x]}
                    - {name: a, class: b, sources: [y]}
                    - {name: c, class: a, sources: [z]}
                    """)
                == [
                    "8:10: the stream `a` is already at line 7, column 10 (remove one of them)",
                    "9:20: the retention class `a` is already at line 7, column 10 "
                        + "(remove one of them)",
                ])
    }

    @Test func aStreamThatTakesNothing() {
        let hint = "(give it `sources`, a list of patterns for ids of sources)"
        #expect(
            problems([:], extra: "streams: [{name: a}, {name: b, sources: []}]") == [
                "6:11: the stream `a` takes no source \(hint)",
                "6:41: `sources` is empty (give at least one)",
            ])
    }

    @Test func theDefaultStreamChoosesNothing() {
        #expect(
            problems([:], extra: "streams: [{name: default, sources: [x]}]") == [
                "6:36: the stream `default` takes what no other stream takes "
                    + "(remove `sources` here)"
            ])
    }

    @Test func tooManyStreams() {
        func streams(_ count: Int) -> String {
            "streams:\n" + (1...count).map { "- {name: s\($0), sources: [x]}\n" }.joined()
        }
        #expect(problems([:], extra: streams(7)) == [])
        #expect(
            problems([:], extra: streams(8)) == [
                "7:1: 9 streams, `default` counted (at most 8)"
            ])
        #expect(problems([:], extra: streams(7) + "- {name: default}\n") == [])
    }

    @Test func twoSourcesOfOneID() {
        #expect(
            sourceProblems(
                "{journal: {local: true}, id: x}", "{files: {paths: [/a]}, id: x}")
                == ["7:30: the id `x` is already at line 6, column 32 (ids of sources are unique)"])
        #expect(
            sourceProblems("{files: {paths: [/a/*]}}", "{files: {paths: [/a/?]}}") == [
                "7:3: the id `files-a-_` is already at line 6, column 3 "
                    + "(it was derived; give this source an `id`)"
            ])
    }

    @Test func oneJournalTwice() {
        #expect(
            sourceProblems("{journal: {local: true}}", "{journal: {local: true}, id: again}") == [
                "7:14: this journal is already read by the source at line 6, column 14 "
                    + "(remove one of them: its entries would be stored twice)"
            ])
        #expect(
            sourceProblems("{journal: {local: true}}", "{journal: {local: true}, namespace: n}")
                == [])
        #expect(
            sourceProblems("{journal: {directory: /j}}", "{journal: {directory: /j/}, id: x}") == [
                "7:25: `/j` is already read through `/j` at line 6, column 25 "
                    + "(remove one of them: its records would be stored twice)"
            ])
    }

    @Test func aNamespaceOfADirectory() {
        #expect(
            sourceProblems("{journal: {directory: /j}, namespace: n}") == [
                "6:41: `namespace` chooses among this machine's own journals "
                    + "(use it with `local: true` or remove it)"
            ])
    }

    @Test func twoListenersOfOnePort() {
        #expect(
            sourceProblems("{syslog: {udp: 127.0.0.1:514}}", "{syslog: {udp: 127.0.0.1:514}}") == [
                "7:18: udp `127.0.0.1:514` is already listened on at line 6, column 18 "
                    + "(choose another port or remove one of them)"
            ])
        #expect(
            sourceProblems("{syslog: {tcp: 0.0.0.0:514}}", "{syslog: {tcp: 127.0.0.1:514}}") == [
                "7:18: tcp `127.0.0.1:514` is taken by `0.0.0.0:514` at line 6, column 18 "
                    + "(choose another port or remove one of them)"
            ])
        #expect(
            sourceProblems("{syslog: {tcp: '[::1]:514'}}", "{syslog: {tcp: '[0:0::1]:514'}}").count
                == 1)
        #expect(
            sourceProblems(
                "{syslog: {udp: 127.0.0.1:514}}", "{syslog: {tcp: 127.0.0.1:514}}",
                "{syslog: {udp: 127.0.0.1:515}}", "{syslog: {udp: 127.0.0.2:514}}",
                "{syslog: {udp: '[::1]:514'}}") == [])
        #expect(
            sourceProblems("{syslog: {unix: /run/l}}", "{syslog: {unix: /run/l}, id: x}") == [
                "7:19: `/run/l` is already read through `/run/l` at line 6, column 19 "
                    + "(remove one of them: its records would be stored twice)"
            ])
        #expect(
            sourceProblems("{syslog: {unix: /run/l}}", "{syslog: {unix_stream: /run/l}}") == [
                "7:26: `/run/l` is already read through `/run/l` at line 6, column 19 "
                    + "(remove one of them: its records would be stored twice)"
            ])
    }

    @Test func listeningToTheNetworkIsAllowed() {
        #expect(sourceProblems("{syslog: {udp: 0.0.0.0:514}}", "{syslog: {udp: '[::]:514'}}") == [])
    }

    @Test func oneFileTwice() {
        let hint = "(remove one of them: its records would be stored twice)"
        #expect(
            sourceProblems("{files: {paths: [/a/*.log]}}", "{files: {paths: [/a/b.log]}}") == [
                "7:20: `/a/b.log` is already read through `/a/*.log` at line 6, column 20 \(hint)"
            ])
        #expect(
            sourceProblems("{files: {paths: [/a/b.log, /a/*.log]}}") == [
                "6:30: `/a/*.log` is already read through `/a/b.log` at line 6, column 20 \(hint)"
            ])
        #expect(
            sourceProblems("{files: {paths: [/a/*.log]}}", "{files: {paths: [/a/*.log], }, id: x}")
                == [
                    "7:20: `/a/*.log` is already read through `/a/*.log` at line 6, column "
                        + "20 \(hint)"
                ])
        #expect(sourceProblems("{files: {paths: [/a/*.log, /b/*.log]}}") == [])
    }

    @Test(arguments: ["/s/x.log", "/s/*", "/s/**/x", "/*/x.log", "/**", "/**/x.log", "/[r-t]/a"])
    func aPatternIntoTheStore(pattern: String) {
        #expect(
            sourceProblems("{files: {paths: ['\(pattern)']}}") == [
                "6:20: the pattern `\(pattern)` reaches into the store `/s` "
                    + "(Hisui would read what it writes; choose a narrower pattern)"
            ])
    }

    @Test(arguments: ["/*.log", "/s", "/st/x.log", "/t/**", "/[a-c]/x"])
    func aPatternBesideTheStore(pattern: String) {
        #expect(sourceProblems("{files: {paths: ['\(pattern)']}}") == [])
    }

    @Test func socketsAndJournalsInTheStore() {
        #expect(
            sourceProblems("{syslog: {unix: /s/log}}", "{journal: {directory: /s}}") == [
                "6:19: `/s/log` is inside the store `/s` "
                    + "(nothing but Hisui writes there; choose another place)",
                "7:25: `/s` is inside the store `/s` "
                    + "(nothing but Hisui writes there; choose another place)",
            ])
    }

    @Test func hostileNumbersOfThings() {
        let zones = (0..<300).map { "{id: z\($0), name: Z}" }.joined(separator: ", ")
        #expect(
            problems(["zones": "[\(zones)]"]) == ["3:8: `zones` has 300 zones (at most 256)"])
        let ranges = (0..<2100).map { "10.\($0 / 256).\($0 % 256).0/24" }.joined(separator: ", ")
        #expect(
            problems(["zones": "[{id: a, name: A, addresses: [\(ranges)]}]"]).first?.hasSuffix(
                "more than 2048 ranges (use shorter prefixes)") == true)
        let sources = (0..<300).map { "{files: {paths: [/f/\($0)]}}" }.joined(separator: ", ")
        #expect(
            problems(["sources": "[\(sources)]"]) == [
                "5:10: `sources` has 300 sources (at most 256)"
            ])
    }
}
