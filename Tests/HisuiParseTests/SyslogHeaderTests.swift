import HisuiEvent
import Testing

@testable import HisuiParse

@Suite struct SyslogHeaderTests {
    /// Header variants and what is a slot in each; the message begins at the bar.
    static let variants: [(line: String, expected: String)] = [
        // RFC 3164
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
            "<{priority:34}>{time:Oct 11 22:14:15} {host:mymachine} {program:su}: |'su root' failed"
        ),
        (
            "<38>Nov  3 01:02:03 web01 sshd[4711]: Accepted publickey",
            "<{priority:38}>{time:Nov  3 01:02:03} {host:web01} {program:sshd}[{pid:4711}]: "
                + "|Accepted publickey"
        ),
        (
            "Nov 23 01:02:03 web-01.example.jp CRON[99]: (root) CMD (true)",
            "{time:Nov 23 01:02:03} {host:web-01.example.jp} {program:CRON}[{pid:99}]: "
                + "|(root) CMD (true)"
        ),
        (
            "Nov 23 01:02:03 mail postfix/smtpd[1]: connect",
            "{time:Nov 23 01:02:03} {host:mail} {program:postfix/smtpd}[{pid:1}]: |connect"
        ),
        (
            "Nov 23 01:02:03 h (systemd)[7]: x",
            "{time:Nov 23 01:02:03} {host:h} {program:(systemd)}[{pid:7}]: |x"
        ),
        (
            "Nov 23 01:02:03 h rtkit-daemon[7]: x",
            "{time:Nov 23 01:02:03} {host:h} {program:rtkit-daemon}[{pid:7}]: |x"
        ),
        (
            "Nov 23 01:02:03 h gdm-password][1234]: x",
            "{time:Nov 23 01:02:03} {host:h} {program:gdm-password]}[{pid:1234}]: |x"
        ),
        (
            "Nov 23 01:02:03 h sudo:   tanaka : TTY=pts/0",
            "{time:Nov 23 01:02:03} {host:h} {program:sudo}: |  tanaka : TTY=pts/0"
        ),
        (
            "Nov 23 01:02:03 h kernel: [12.345] eth0: link up",
            "{time:Nov 23 01:02:03} {host:h} {program:kernel}: |[12.345] eth0: link up"
        ),
        (
            "<13>Nov 23 01:02:03 fe80::1 prog: x",
            "<{priority:13}>{time:Nov 23 01:02:03} {host:fe80::1} {program:prog}: |x"
        ),
        (
            "<13>Nov 23 01:02:03 192.0.2.7 prog: x",
            "<{priority:13}>{time:Nov 23 01:02:03} {host:192.0.2.7} {program:prog}: |x"
        ),
        (
            "<13>Nov 23 01:02:03\tweb01\tprog:\tx",
            "<{priority:13}>{time:Nov 23 01:02:03}\t{host:web01}\t{program:prog}:\t|x"
        ),
        (
            "<13> Nov 23 01:02:03 web01 prog: x",
            "<{priority:13}> {time:Nov 23 01:02:03} {host:web01} {program:prog}: |x"
        ),
        // No host
        (
            "<13>Nov 23 01:02:03 tanaka: hello there",
            "<{priority:13}>{time:Nov 23 01:02:03} {program:tanaka}: |hello there"
        ),
        (
            "<30>Nov 23 01:02:03 dhcpd[12]:lease",
            "<{priority:30}>{time:Nov 23 01:02:03} {program:dhcpd}[{pid:12}]:|lease"
        ),
        // No program
        (
            "<13>Nov 23 01:02:03 web01 -- MARK --",
            "<{priority:13}>{time:Nov 23 01:02:03} {host:web01} |-- MARK --"
        ),
        (
            "Nov 23 01:02:03 last message repeated 3 times",
            "{time:Nov 23 01:02:03} |last message repeated 3 times"
        ),
        // ISO and RFC 3339
        (
            "2026-11-23T01:02:03.123456+09:00 web01 sshd[1]: x",
            "{time:2026-11-23T01:02:03.123456+09:00} {host:web01} {program:sshd}[{pid:1}]: |x"
        ),
        (
            "<86>2026-11-23T01:02:03Z web01 systemd-logind[1]: New session",
            "<{priority:86}>{time:2026-11-23T01:02:03Z} {host:web01} "
                + "{program:systemd-logind}[{pid:1}]: |New session"
        ),
        (
            "2026-11-23T01:02:03Z INFO starting",
            "{time:2026-11-23T01:02:03Z} |INFO starting"
        ),
        (
            "2026-11-23 01:02:03,123 INFO main: starting",
            "{time:2026-11-23 01:02:03,123} |INFO main: starting"
        ),
        (
            "2026-11-23 01:02:03 ERROR: no",
            "{time:2026-11-23 01:02:03} |ERROR: no"
        ),
        (
            "2026-11-23 01:02:03 status installed libc6:amd64 2.36",
            "{time:2026-11-23 01:02:03} |status installed libc6:amd64 2.36"
        ),
        // Years
        (
            "2026 Nov 23 01:02:03 web01 prog: x",
            "{time:2026 Nov 23 01:02:03} {host:web01} {program:prog}: |x"
        ),
        (
            "Nov 23 2026 01:02:03 web01 prog: x",
            "{time:Nov 23 2026 01:02:03} {host:web01} {program:prog}: |x"
        ),
        // No time
        (
            "<189>[INSPECT] PP[01][out][200080] TCP 192.0.2.1:1 > 192.0.2.2:80",
            "<{priority:189}>|[INSPECT] PP[01][out][200080] TCP 192.0.2.1:1 > 192.0.2.2:80"
        ),
        ("<189>LAN1: PORT1 link up", "<{priority:189}>|LAN1: PORT1 link up"),
        (
            "<30>dhcpd[12]: DHCPACK",
            "<{priority:30}>{program:dhcpd}[{pid:12}]: |DHCPACK"
        ),
        (
            "<189>date=2026-11-23 time=01:02:03 devname=\"fw\"",
            "<{priority:189}>|date=2026-11-23 time=01:02:03 devname=\"fw\""
        ),
        (
            "<14>1,2026/11/23 01:02:03,012801000000,TRAFFIC,end,2560,2026/11/23 01:02:01,192.0.2.1",
            "<{priority:14}>|1,2026/11/23 01:02:03,012801000000,TRAFFIC,end,2560,"
                + "2026/11/23 01:02:01,192.0.2.1"
        ),
        (
            "<14>Nov 23 01:02:03 PA-220 1,2026/11/23 01:02:03,012801000000,TRAFFIC,end,2560",
            "<{priority:14}>{time:Nov 23 01:02:03} {host:PA-220} "
                + "|1,2026/11/23 01:02:03,012801000000,TRAFFIC,end,2560"
        ),
        (
            "<189>LAN1(port3) Rejected at IN(4) filter: 02:00:5e:00:00:01 192.0.2.9",
            "<{priority:189}>|LAN1(port3) Rejected at IN(4) filter: 02:00:5e:00:00:01 192.0.2.9"
        ),
        // Allied Telesis
        (
            "<134>2026 Nov 23 01:02:03 awplus EPSR[830]: port1.0.1 is blocking",
            "<{priority:134}>{time:2026 Nov 23 01:02:03} {host:awplus} {program:EPSR}[{pid:830}]: "
                + "|port1.0.1 is blocking"
        ),
        (
            "<134>Nov 23 01:02:03 awplus IMI: Login accepted for manager",
            "<{priority:134}>{time:Nov 23 01:02:03} {host:awplus} {program:IMI}: "
                + "|Login accepted for manager"
        ),
        // Cisco
        ("<166>%ASA-6-302013: Built", "<{priority:166}>|%ASA-6-302013: Built"),
        (
            "<166>Nov 23 2026 01:02:03: %ASA-6-302013: Built",
            "<{priority:166}>{time:Nov 23 2026 01:02:03}: |%ASA-6-302013: Built"
        ),
        (
            "<166>Nov 23 2026 01:02:03 asa : %ASA-6-302013: Built",
            "<{priority:166}>{time:Nov 23 2026 01:02:03} {host:asa} : |%ASA-6-302013: Built"
        ),
        (
            "<166>:Nov 23 01:02:03 JST: %ASA-6-302013: Built",
            "<{priority:166}>:{time:Nov 23 01:02:03} JST: |%ASA-6-302013: Built"
        ),
        (
            "<189>123: *Nov 23 01:02:03.123: %SYS-5-CONFIG_I: Configured",
            "<{priority:189}>{integer:123}: *{time:Nov 23 01:02:03.123}: "
                + "|%SYS-5-CONFIG_I: Configured"
        ),
        (
            "<189>123: router1: .Nov 23 01:02:03.123 JST: %SYS-5-CONFIG_I: x",
            "<{priority:189}>{integer:123}: {host:router1}: .{time:Nov 23 01:02:03.123} JST: "
                + "|%SYS-5-CONFIG_I: x"
        ),
        // Not a header
        ("hello: world", "|hello: world"),
        ("sshd[1]: x", "|sshd[1]: x"),
        ("<192>Nov 23 01:02:03 h p: x", "|<192>Nov 23 01:02:03 h p: x"),
        ("<>x", "|<>x"),
        ("<1", "|<1"),
        ("<13>", "<{priority:13}>|"),
        ("<html>", "|<html>"),
        ("", "|"),
        ("Nov 23 01:02:03x h p: x", "|Nov 23 01:02:03x h p: x"),
        ("Nov 31 01:02:03 h p: x", "|Nov 31 01:02:03 h p: x"),
        ("Nov 23 01:02:03", "{time:Nov 23 01:02:03}|"),
        ("Nov 23 01:02:03 ", "{time:Nov 23 01:02:03}| "),
        ("20261123", "|20261123"),
        ("Nov 23 01:02:03 web01", "{time:Nov 23 01:02:03} |web01"),
        (
            "Nov 23 01:02:03 12345: x",
            "{time:Nov 23 01:02:03} |12345: x"
        ),
        (
            "Nov 23 01:02:03 h http://x.example/: y",
            "{time:Nov 23 01:02:03} |h http://x.example/: y"
        ),
    ]

    @Test(arguments: variants)
    func variant(_ variant: (line: String, expected: String)) {
        #expect(header(variant.line) == variant.expected)
    }

    static let rfc5424: [(line: String, expected: String)] = [
        (
            "<165>1 2026-11-23T01:02:03.003Z web01 app 8710 ID47 - Hello",
            "<{priority:165}>1 {time:2026-11-23T01:02:03.003Z} {host:web01} {program:app} "
                + "{pid:8710} {word:ID47} - |Hello"
        ),
        ("<165>1 - - - - - -", "<{priority:165}>1 - - - - - -|"),
        ("<165>1 - - - - - - x", "<{priority:165}>1 - - - - - - |x"),
        (
            #"<165>1 - h a p m [a@1 x="1" y="q\"\]\\"][b z=""] msg"#,
            #"<{priority:165}>1 - {host:h} {program:a} {word:p} {word:m} "#
                + #"[a@1 x="{text:1}" y="{text:q\"\]\\}"][b z="{text:}"] |msg"#
        ),
        (
            "<165>1 - h a 1 - [id] \u{FEFF}日本語",
            "<{priority:165}>1 - {host:h} {program:a} {pid:1} - [id] \u{FEFF}|日本語"
        ),
        // As rsyslog passes on what came with a tag: one blank more, that of the tag.
        ("<165>1 - h sshd 1 - -  x", "<{priority:165}>1 - {host:h} {program:sshd} {pid:1} - -  |x"),
        (
            "<165>1 - h sudo - - -    tanaka : x",
            "<{priority:165}>1 - {host:h} {program:sudo} - - -  |  tanaka : x"
        ),
        // Not well formed: a message as a whole behind the priority.
        ("<165>1 - h a 1 - [id x=1] m", "<{priority:165}>|1 - h a 1 - [id x=1] m"),
        ("<165>1 - h a 1 - [id x=\"1] m", "<{priority:165}>|1 - h a 1 - [id x=\"1] m"),
        ("<165>1 - h a 1 -", "<{priority:165}>|1 - h a 1 -"),
        ("<165>1 ", "<{priority:165}>|1 "),
    ]

    @Test(arguments: rfc5424)
    func headersOfRFC5424(_ variant: (line: String, expected: String)) {
        #expect(header(variant.line) == variant.expected)
    }

    @Test func structuredDataBecomesFields() {
        let parsed = parse(
            #"<165>1 2026-11-23T01:02:03Z h app 12 ID [ex@1 iut="3" ev="a\"b" iut="4"][o] go"#)
        #expect(parsed.value("log.syslog.structured_data.ex@1.iut") == "3")
        #expect(parsed.value("log.syslog.structured_data.ex@1.iut.2") == "4")
        #expect(parsed.value("log.syslog.structured_data.ex@1.ev") == "a\"b")
        #expect(parsed.value("log.syslog.msgid") == "ID")
        #expect(parsed.value("process.pid") == "12")
        #expect(parsed.message() == "go")
        let text = parse("<165>1 - - app worker-a ID - go")
        #expect(text.value("log.syslog.procid") == "worker-a")
        #expect(text.value("log.syslog.msgid") == "ID")
        #expect(text.value("process.pid") == nil)
        #expect(text.value("host.name") == nil)
    }

    @Test func tooManyParametersAreOneSlot() {
        let many = (0..<80).map { #" n\#($0)="\#($0)""# }.joined()
        let parsed = parse("<165>1 - h a 1 - [x\(many)] go")
        #expect(parsed.value("log.syslog.structured_data") == "[x\(many)]")
        #expect(parsed.message() == "go")
    }

    @Test func fieldsOfTheHeader() {
        let parsed = parse("<38>Nov 23 01:02:03 web01 sshd[4711]: hello")
        #expect(parsed.value("log.syslog.priority") == "38")
        #expect(parsed.value("log.syslog.facility.code") == "4")
        #expect(parsed.value("log.syslog.severity.code") == "6")
        #expect(parsed.value("host.name") == "web01")
        #expect(parsed.value("process.name") == "sshd")
        #expect(parsed.value("log.syslog.appname") == "sshd")
        #expect(parsed.value("process.pid") == "4711")
        #expect(parsed.message() == "hello")
        #expect(parse("Nov 23 01:02:03 web01 p: x").value("log.syslog.severity.code") == nil)
    }

    @Test func timesAndTheirFlags() {
        #expect(headerTime("<1>Nov 23 11:00:00 h p: x") == "2026-11-23T11:00:00+09:00")
        #expect(headerTime("2026-11-23T01:02:03Z h p: x") == "2026-11-23T10:02:03+09:00")
        #expect(headerTime("2026-11-23T01:02:03-0130 h p: x") == "2026-11-23T11:32:03+09:00")
        #expect(headerTime("2026 Feb 29 01:02:03 h p: x") == "none")
        #expect(headerTime("2025 Jan  1 01:02:03 h p: x") == "2025-01-01T01:02:03+09:00")
        #expect(headerTime("<1>1 - - - - - - x") == "none")
        let fortigate = "<189>date=2026-11-23 time=01:02:03 devname=\"fw1\""
        #expect(headerTime(fortigate) == "2026-11-23T01:02:03+09:00")
        #expect(headerTime(fortigate + " tz=\"-0130\" logid=\"1\"") == "2026-11-23T11:32:03+09:00")
        #expect(headerTime("<189>date=2026-13-23 time=01:02:03 devname=\"fw1\"") == "none")
        #expect(headerTime("<189>date=2026-11-23 tame=01:02:03 devname=\"fw1\"") == "none")
        #expect(
            headerTime("<14>1,2026/11/23 01:02:03,012801000000,SYSTEM")
                == "2026-11-23T01:02:03+09:00")
        #expect(headerTime("<14>1,2026/11/23 01:02:03 012801000000,SYSTEM") == "none")
        let inferred = parse("Nov 23 01:02:03 h p: x").rows.rows[0]
        #expect(inferred.flags == .yearInferred)
        let none = parse("hello").rows.rows[0]
        #expect(none.flags == .timeInferred)
        #expect(none.time == noon)
        #expect(parse("Nov 23 2026 01:02:03 h p: x").rows.rows[0].flags == [])
    }

    /// The second that was read last is remembered: what follows it must be read all the same.
    @Test func rememberedSeconds() {
        let lines = [
            "2026-11-23T01:02:03.5+09:00 h p: x", "2026-11-23T01:02:03.25Z h p: x",
            "2026-11-23T01:02:03-01:30 h p: x", "2026-11-23T01:02:03 h p: x",
            "2026-11-23T01:02:03+0900 h p: x", "2026-11-23T01:02:03.123456789123Z h p: x",
            "2026-11-23T01:02:03+24:00 h p: x", "2026-11-23T01:02:03z h p: x",
        ]
        let whole = parse(lines.map { Array($0.utf8) })
        for (row, line) in lines.enumerated() {
            let alone = parse(line)
            #expect(whole.rows.rows[row].time == alone.rows.rows[0].time, "\(line)")
            #expect(whole.slotTexts(row) == alone.slotTexts(), "\(line)")
        }
    }
}
