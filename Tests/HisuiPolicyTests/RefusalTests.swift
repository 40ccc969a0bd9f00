import HisuiPolicy
import Testing

/// Every way in which a configuration without contradictions can be wrong.
@Suite struct RefusalTests {
    @Test func theBaseOfTheseTestsIsRight() {
        #expect(problems([:]) == [])
    }

    @Test func syntaxAndShape() {
        #expect(problems("").first == "1:1: the file holds no value")
        #expect(
            problems("- a\n") == [
                "1:1: the configuration must be a mapping of keys to values, not a list"
            ])
        #expect(problems("a: [\n").count == 1)
        #expect(
            problems(text() + "zone: b\n") == [
                "6:1: the key `zone` stands twice, first at line 2, column 1 (remove one of them)"
            ])
        #expect(problems(text() + "---\na: 1\n")[0].hasPrefix("7:1: a second document begins"))
    }

    @Test func allIsToldAtOnce() {
        #expect(
            problems("zone: 5\nstore: var\nzoens: []\n") == [
                "1:1: the configuration needs the key `organisation`",
                "1:1: the configuration needs the key `zones`",
                "1:1: the configuration needs the key `sources`",
                "1:7: `zone` must be text, not the number `5` (put it in quotes)",
                "2:8: the store `var` is no absolute path (begin it with /)",
                "3:1: unknown key `zoens` in the configuration (did you mean `zones`?)",
            ])
    }

    @Test func organisation() {
        #expect(
            problems(["organisation": "City"]) == [
                "1:15: the organisation must be a mapping of keys to values, not the text `City`"
            ])
        #expect(
            problems(["organisation": "{nmae: City}"]) == [
                "1:15: the organisation needs the key `name`",
                "1:16: unknown key `nmae` in the organisation (did you mean `name`?)",
            ])
        #expect(problems(["organisation": "{name: ''}"]) == ["1:22: the name is empty"])
        #expect(
            problems(["organisation": "{name: \"a\\eb\"}"]) == [
                "1:22: the name `a\\u{1b}b` holds a control character"
            ])
        #expect(
            problems(["organisation": "{name: \(String(repeating: "市", count: 86))}"]) == [
                "1:22: the name has 258 bytes (at most 256)"
            ])
        #expect(
            problems(["organisation": "{name: A, name_ja: 1}"]) == [
                "1:34: `name_ja` must be text, not the number `1` (put it in quotes)"
            ])
    }

    @Test func zones() {
        #expect(problems(["zones": "[]"]) == ["3:8: `zones` is empty (give at least one)"])
        #expect(problems(["zones": "a"]) == ["3:8: `zones` must be a list, not the text `a`"])
        #expect(
            problems(["zones": "[a]", "zone": "a"]) == [
                "3:9: a zone must be a mapping of keys to values, not the text `a`"
            ])
        #expect(
            problems(["zones": "[{id: A_b, name: A}]"]) == [
                "3:14: `A_b` is no id for a zone (1 to 63 of a-z, 0-9 and -, the first no -)"
            ])
        #expect(
            problems(["zones": "[{id: a, name: A, class: isolate}]"]) == [
                "3:33: unknown class `isolate` (did you mean `isolated`?)"
            ])
        #expect(
            problems(["zones": "[{id: a, name: A, adresses: []}]"]) == [
                "3:26: unknown key `adresses` in a zone (did you mean `addresses`?)"
            ])
    }

    @Test func addresses() {
        func addresses(_ list: String) -> [String] {
            problems(["zones": "[{id: a, name: A, addresses: [\(list)]}]"])
        }
        #expect(addresses("10.0.0.0/8, 'fd00::/8', 192.0.2.1") == [])
        #expect(
            addresses("10.0.0.0/33") == [
                "3:38: `10.0.0.0/33` is no address range "
                    + "(write it like 10.1.0.0/16, 2001:db8::/32 or 192.0.2.7)"
            ])
        #expect(
            addresses("10.1.2.3/8") == [
                "3:38: the address range `10.1.2.3/8` has bits beyond its length "
                    + "(did you mean `10.0.0.0/8`?)"
            ])
        #expect(
            addresses("10.0") == [
                "3:38: an element of `addresses` must be text, not the number `10.0` "
                    + "(put it in quotes)"
            ])
    }

    @Test func paths() {
        #expect(
            problems(["store": "/"]) == ["4:8: the store needs a directory of its own"])
        #expect(
            problems(["store": "/a/../b"]) == [
                "4:8: the store `/a/../b` has a part `..` (write the path without it)"
            ])
        #expect(
            problems(["store": "/a//b"]) == [
                "4:8: the store `/a//b` has a part `` (write the path without it)"
            ])
        #expect(
            problems(["store": "\"/a\\0\""]) == [
                "4:8: the store `/a\\u{0}` holds a control character (remove it)"
            ])
        #expect(problems(["store": "/" + String(repeating: "a", count: 4095)]).count == 1)
        #expect(loaded(text(["store": "/a/b/"]))?.store == "/a/b")
        #expect(
            problems([:], extra: "subject_keys: keys\n") == [
                "6:15: the file of keys for pseudonyms `keys` is no absolute path (begin it "
                    + "with /)"
            ])
        #expect(
            problems([:], extra: "parsers: [/p, q, /p/]\n") == [
                "6:15: a directory of parsers `q` is no absolute path (begin it with /)",
                "6:18: the directory `/p` is already at line 6, column 11 (remove one of them)",
            ])
    }

    @Test func timeZones() {
        #expect(
            problems([:], extra: "time_zone: Asia/Tokio\n") == [
                "6:12: the time zone `Asia/Tokio` is unknown (an IANA name such as Asia/Tokyo, "
                    + "UTC, or an offset such as +09:00; other names need the package tzdata)"
            ])
        #expect(problems([:], extra: "time_zone: \"+09:00\"\n") == [])
        #expect(problems([:], extra: "time_zone: ../../etc/passwd\n").count == 1)
        #expect(
            sourceProblems("{syslog: {udp: 127.0.0.1:1}, time_zone: JTS}")[0].hasPrefix(
                "6:43: the time zone `JTS` is unknown"))
    }

    @Test func service() {
        #expect(
            problems(
                [:],
                extra: "service: {commit_ms: 0, segment_rows: 262145, segment_age_seconds: 1h, "
                    + "queue_bytes_max: 1.5, comit_ms: 1}\n")
                == [
                    "6:22: `commit_ms` is 0 (give a number from 1 to 1000)",
                    "6:39: `segment_rows` is 262145 (give a number from 1 to 262144)",
                    "6:68: `segment_age_seconds` must be a whole number, not the text `1h`",
                    "6:89: `queue_bytes_max` must be a whole number, not the number `1.5`",
                    "6:94: unknown key `comit_ms` in the service (did you mean `commit_ms`?)",
                ])
        #expect(
            problems(
                [:], extra: "service: {spill_path: spill, spill_bytes_max: 1048576}\n")
                == [
                    "6:23: the spill ring `spill` is no absolute path (begin it with /)",
                    "6:47: `spill_bytes_max` is 1048576 "
                        + "(give a number from 16777216 to 1099511627776)",
                ])
        #expect(
            problems([:], extra: "service:\n") == [
                "6:9: `service` has no value (give it one or remove the key)"
            ])
    }

    @Test func sourcesNeedOneKind() {
        #expect(problems(["sources": "[]"]) == ["5:10: `sources` is empty (give at least one)"])
        #expect(
            sourceProblems("{id: x, time_zone: UTC}") == [
                "6:3: a source needs one of the keys `journal`, `syslog`, `http`, "
                    + "`files`, `csv-folder`, `mail-folder`, `audit`"
            ])
        #expect(
            sourceProblems("{sylog: {udp: 127.0.0.1:1}, time_zone: UTC}") == [
                "6:3: a source needs one of the keys `journal`, `syslog`, `http`, "
                    + "`files`, `csv-folder`, `mail-folder`, `audit`",
                "6:4: unknown key `sylog` in a source (did you mean `syslog`?)",
            ])
        #expect(
            sourceProblems("{journal: {local: true}, files: {paths: [/a]}}") == [
                "6:28: a source is either `journal` or `files`, not both (make it two sources)"
            ])
        #expect(
            sourceProblems("{journal: {local: true}, id: 'a b'}") == [
                "6:32: `a b` is no id for a source (1 to 64 of a-z A-Z 0-9 . _ : / @ -)"
            ])
    }

    @Test func journals() {
        #expect(
            sourceProblems("{journal: {}}") == [
                "6:13: `journal` needs one of the keys `local`, `directory`, `files`"
            ])
        #expect(
            sourceProblems("{journal: {local: true, directory: /j}}") == [
                "6:27: `journal` takes only one of the keys `local`, `directory`, `files` "
                    + "(make it two sources)"
            ])
        #expect(
            sourceProblems("{journal: {local: false}}") == [
                "6:21: `local` is false (remove the source)"
            ])
        #expect(
            sourceProblems("{journal: {local: yes}}") == [
                "6:21: `local` must be true or false, not the text `yes` "
                    + "(write true or false, without quotes)"
            ])
        #expect(
            sourceProblems("{journal: {directory: j}}") == [
                "6:25: the directory `j` is no absolute path (begin it with /)"
            ])
        #expect(
            sourceProblems("{journal: {files: []}}") == [
                "6:21: `files` is empty (give at least one)"
            ])
        #expect(
            sourceProblems("{journal: {local: true}, namespace: a/b}") == [
                "6:39: `a/b` is no journal namespace (1 to 64 of a-z A-Z 0-9 . _ -)"
            ])
    }

    @Test func listeners() {
        let hint = "(write it like \"127.0.0.1:514\" or \"[::1]:514\")"
        #expect(
            sourceProblems("{syslog: {udp: 127.0.0.1}}") == [
                "6:18: `127.0.0.1` has no port \(hint)"
            ])
        #expect(
            sourceProblems("{syslog: {udp: localhost:514}}") == [
                "6:18: `localhost` is no address to listen on \(hint)"
            ])
        #expect(
            sourceProblems("{syslog: {udp: '*:514'}}") == [
                "6:18: `*` is no address to listen on "
                    + "(write 0.0.0.0 or [::] for all addresses of this machine)"
            ])
        #expect(sourceProblems("{syslog: {udp: '::1'}}") == ["6:18: `::1` has no port \(hint)"])
        #expect(
            sourceProblems("{syslog: {tcp: 'fe80::1:zz'}}") == [
                "6:18: `fe80::1` is no address to listen on \(hint)"
            ])
        for port in ["0", "65536", "+5", "", "99999999999999999999"] {
            #expect(
                sourceProblems("{syslog: {udp: '127.0.0.1:\(port)'}}") == [
                    "6:18: `\(port)` is no port (a number from 1 to 65535)"
                ])
        }
        #expect(
            sourceProblems("{syslog: {unix: /\(String(repeating: "a", count: 107))}}") == [
                "6:19: the socket's path has 108 bytes (the kernel takes 107)"
            ])
        #expect(
            sourceProblems("{syslog: {upd: 127.0.0.1:1}}") == [
                "6:12: `syslog` needs one of the keys `udp`, `tcp`, `unix`, "
                    + "`unix_stream`, `relp`",
                "6:13: unknown key `upd` in `syslog` (did you mean `udp`?)",
            ])
        #expect(
            sourceProblems("syslog: {udp: [::1]:514}").count == 1, "unquoted, so YAML refuses it")
    }

    @Test func optionsOfOtherKinds() {
        #expect(
            sourceProblems("{journal: {local: true}, from: end, time_zone: UTC}") == [
                "6:28: `from` is no key of a journal source (it belongs to files)",
                "6:39: `time_zone` is no key of a journal source (it belongs to syslog, files, "
                    + "csv-folder and mail-folder)",
            ])
        #expect(
            sourceProblems("{syslog: {udp: 127.0.0.1:1}, connections_max: 5, formm: end}") == [
                "6:32: `connections_max` has no meaning for udp (it belongs to tcp, unix_stream "
                    + "and relp)",
                "6:52: unknown key `formm` in a source "
                    + "(valid: id, journal, http, files, csv-folder, mail-folder, audit, "
                    + "silence_seconds, spill_class, time_zone, encoding, receive_buffer_bytes, "
                    + "connections_max, idle_seconds, connections_per_sender_max, "
                    + "records_per_second_max, bytes_per_second_max, window, tls, syslog)",
            ])
        #expect(
            sourceProblems("{syslog: {tcp: 127.0.0.1:1}, receive_buffer_bytes: 5000}") == [
                "6:32: `receive_buffer_bytes` has no meaning for tcp (it belongs to udp and unix)"
            ])
    }

    @Test func aUnixSocketWithConnectionsHasNeitherTLSNorQuota() {
        let found = sourceProblems(
            "{syslog: {unix_stream: /l}, records_per_second_max: 5, tls: {certificate: /c, "
                + "key: /k}, receive_buffer_bytes: 5000}")
        let why = "has no meaning for unix_stream (it belongs to"
        #expect(
            found == [
                "6:31: `records_per_second_max` \(why) udp, tcp and relp)",
                "6:58: `tls` \(why) tcp and relp)",
                "6:91: `receive_buffer_bytes` \(why) udp and unix)",
            ])
    }

    @Test func listenersThatPeersConnectTo() {
        let tls = "certificate: /c, key: /k"
        #expect(
            sourceProblems("{syslog: {udp: 127.0.0.1:1}, tls: {\(tls)}, window: 5}") == [
                "6:32: `tls` has no meaning for udp (it belongs to tcp and relp)",
                "6:65: `window` has no meaning for udp (it belongs to relp)",
            ])
        #expect(
            sourceProblems("{syslog: {tcp: 127.0.0.1:1}, tls: {key: /k}}") == [
                "6:37: `tls` needs the key `certificate`"
            ])
        #expect(
            sourceProblems("{syslog: {tcp: 127.0.0.1:1}, tls: {\(tls), clients: required}}") == [
                "6:73: nothing says which certificates of clients are good "
                    + "(give `authorities`, or fingerprints in `permitted`)"
            ])
        #expect(
            sourceProblems("{syslog: {tcp: 127.0.0.1:1}, tls: {\(tls), permitted: [web]}}") == [
                "6:75: a name in a certificate means nothing without `authorities` "
                    + "(give them, or fingerprints instead of names)"
            ])
        #expect(
            sourceProblems(
                "{syslog: {tcp: 127.0.0.1:1}, tls: {\(tls), permitted: ['sha256:12']}}") == [
                    "6:76: `sha256:12` is no peer "
                        + "(a name, `*.` and a name, or sha256: and 64 hexadecimal digits)"
                ])
    }

    @Test func listenersForHTTP() {
        #expect(
            sourceProblems("{http: {journal: 127.0.0.1:1, shippers: 127.0.0.1:2}}") == [
                "6:33: `http` takes only one of the keys `journal`, `shippers` "
                    + "(make it two sources)"
            ])
        #expect(
            sourceProblems("{http: {}, window: 5}") == [
                "6:10: `http` needs one of the keys `journal`, `shippers`",
                "6:14: `window` is no key of a http source (it belongs to syslog)",
            ])
        #expect(
            sourceProblems(
                "{syslog: {tcp: 127.0.0.1:1}}", "{http: {journal: 127.0.0.1:1}}"
            ) == [
                "7:20: tcp `127.0.0.1:1` is already listened on at line 6, column 18 "
                    + "(choose another port or remove one of them)"
            ])
        let digest = "sha256:" + String(repeating: "0", count: 64)
        #expect(
            sourceProblems("{http: {journal: 10.0.0.1:1}, tokens: {a: '\(digest)'}}") == [
                "6:41: whoever listens to the network reads tokens without TLS "
                    + "(give `tls`, or listen at 127.0.0.1)"
            ])
        #expect(
            sourceProblems(
                "{http: {journal: 127.0.0.1:1}, tokens: {a: secret, b: '\(digest)', "
                    + "c: '\(digest)', 'd e': '\(digest)'}}"
            ).map { $0.split(separator: "(")[0] } == [
                "6:46: `secret` is no digest of a token ",
                "6:135: this token is that of `b`, too",
                "6:210: `d e` is no name for a sender ",
            ])
        #expect(
            sourceProblems("{http: {journal: 127.0.0.1:1}, tokens: {}}") == [
                "6:42: `tokens` is empty (give at least one)"
            ])
    }

    @Test func files() {
        #expect(sourceProblems("{files: {}}") == ["6:11: `files` needs the key `paths`"])
        #expect(
            sourceProblems("{files: {paths: /a}}") == [
                "6:19: `paths` must be a list, not the text `/a`"
            ])
        #expect(
            sourceProblems("{files: {paths: [log/*.log]}}") == [
                "6:20: the pattern `log/*.log` is no absolute path (begin it with /)"
            ])
        #expect(
            sourceProblems("{files: {paths: [/a]}, from: beginning}") == [
                "6:32: unknown from `beginning` (valid: start, end)"
            ])
        #expect(
            sourceProblems("{files: {paths: [/a]}, parser: 'x y'}") == [
                "6:34: `x y` is no id of a parser definition (such as linux.sshd)"
            ])
    }
}
