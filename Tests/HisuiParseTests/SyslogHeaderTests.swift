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
        (
            "<189>: sw01: Nov 23 01:02:03: %SYS-5-CONFIG_I: x",
            "<{priority:189}>: {host:sw01}: {time:Nov 23 01:02:03}: |%SYS-5-CONFIG_I: x"
        ),
        (
            "<189>: 2026 Nov 23 01:02:03 JST: %DAEMON-3-SYSTEM_MSG: x",
            "<{priority:189}>: {time:2026 Nov 23 01:02:03} JST: |%DAEMON-3-SYSTEM_MSG: x"
        ),
        (
            "<190>30: sw1: 6340004: *Nov 23 01:02:03.123 JST: %LINK-3-UPDOWN: x",
            "<{priority:190}>{integer:30}: {host:sw1}: {integer:6340004}: "
                + "*{time:Nov 23 01:02:03.123} JST: |%LINK-3-UPDOWN: x"
        ),
        (
            "<132>wlc1: *spamApTask1: Nov 23 01:02:03.958: %CAPWAP-4-DISC_INTF_ERR2: x",
            "<{priority:132}>{host:wlc1}: {word:*spamApTask1}: {time:Nov 23 01:02:03.958}: "
                + "|%CAPWAP-4-DISC_INTF_ERR2: x"
        ),
        (
            "<190>29: r1 RP/0/RSP0/CPU0:Nov 23 01:02:03.123 : SSHD_[65935]: %SECURITY-SSHD-6-X : x",
            "<{priority:190}>{integer:29}: {host:r1} {word:RP/0/RSP0/CPU0}:"
                + "{time:Nov 23 01:02:03.123} : {program:SSHD_}[{pid:65935}]: "
                + "|%SECURITY-SSHD-6-X : x"
        ),
        (
            "<190>29: r1: Nov 23 01:02:03.123 UTC+07:30: %A-6-X: x",
            "<{priority:190}>{integer:29}: {host:r1}: {time:Nov 23 01:02:03.123} UTC+07:30: "
                + "|%A-6-X: x"
        ),
        (
            "<191>29: r1: Nov 23 01:02:03.123: NTP Core (NOTICE): x",
            "<{priority:191}>{integer:29}: {host:r1}: {time:Nov 23 01:02:03.123}: "
                + "|NTP Core (NOTICE): x"
        ),
        (
            "<191>r1: Nov 23 01:02:03.123: NTP Core (NOTICE): x",
            "<{priority:191}>|r1: Nov 23 01:02:03.123: NTP Core (NOTICE): x"
        ),
        (
            "<166>: %ASA-auth-6-113005: x",
            "<{priority:166}>: |%ASA-auth-6-113005: x"
        ),
        (
            "<134>Nov 23 01:02:03 slot1/lb1 notice tmsh[16322]: x",
            "<{priority:134}>{time:Nov 23 01:02:03} {host:slot1/lb1} {word:notice} "
                + "{program:tmsh}[{pid:16322}]: |x"
        ),
        (
            "<134>Nov 23 01:02:03 lb1 ASM:CEF:0|F5|ASM|11.3.0|x|x|2|",
            "<{priority:134}>{time:Nov 23 01:02:03} {host:lb1} {program:ASM}:"
                + "|CEF:0|F5|ASM|11.3.0|x|x|2|"
        ),
        (
            "<190>29: r1: Nov 23 01:02:03.123 UTC+1: %A-6-X: x",
            "<{priority:190}>{integer:29}: {host:r1}: {time:Nov 23 01:02:03.123} UTC+1: |%A-6-X: x"
        ),
        (
            "<189>3525: RP/0/RSP0/CPU0:Nov 23 01:02:03.123 JST: config[65539]: "
                + "%MGBL-SYS-5-CONFIG_I : x",
            "<{priority:189}>{integer:3525}: {word:RP/0/RSP0/CPU0}:{time:Nov 23 01:02:03.123} JST: "
                + "{program:config}[{pid:65539}]: |%MGBL-SYS-5-CONFIG_I : x"
        ),
        (
            "<189>290692:  :Nov 23 01:02:03 : SSHD_[65935]: %SECURITY-SSHD-6-INFO_USER_LOGOUT : x",
            "<{priority:189}>{integer:290692}:  :{time:Nov 23 01:02:03} : "
                + "{program:SSHD_}[{pid:65935}]: |%SECURITY-SSHD-6-INFO_USER_LOGOUT : x"
        ),
        (
            "<189>30: sw1: 3d04h: %SYS-5-CONFIG_I: x",
            "<{priority:189}>{integer:30}: {host:sw1}: {text:3d04h}: |%SYS-5-CONFIG_I: x"
        ),
        (
            "<189>sw1: 00:01:01: %SYS-5-CONFIG_I: x",
            "<{priority:189}>{host:sw1}: {text:00:01:01}: |%SYS-5-CONFIG_I: x"
        ),
        (
            "<189>101 21: %SYS-5-CONFIG_I: x",
            "<{priority:189}>{text:101 21}: |%SYS-5-CONFIG_I: x"
        ),
        (
            "<189>30: %SYS-5-CONFIG_I: x", "<{priority:189}>{integer:30}: |%SYS-5-CONFIG_I: x"
        ),
        // F5: a level before the program
        (
            "<133>Nov 23 01:02:03 bigip1 notice tmm[123]: 01230140:5: x",
            "<{priority:133}>{time:Nov 23 01:02:03} {host:bigip1} {word:notice} "
                + "{program:tmm}[{pid:123}]: |01230140:5: x"
        ),
        (
            "Nov 23 01:02:03 bigip err mcpd[123]: 01070638:5: x",
            "{time:Nov 23 01:02:03} {host:bigip} {word:err} {program:mcpd}[{pid:123}]: "
                + "|01070638:5: x"
        ),
        (
            "<133>Nov 23 01:02:03 notice tmm[123]: 01230140:5: x",
            "<{priority:133}>{time:Nov 23 01:02:03} {word:notice} {program:tmm}[{pid:123}]: "
                + "|01230140:5: x"
        ),
        // BusyBox: facility and level before the program, FreeBSD's syslogd: behind the time
        (
            "Nov 23 01:02:03 ap1 authpriv.warn dropbear[123]: x",
            "{time:Nov 23 01:02:03} {host:ap1} {word:authpriv.warn} {program:dropbear}[{pid:123}]: "
                + "|x"
        ),
        (
            "Nov 23 01:02:03 ap1 user.notice root: x",
            "{time:Nov 23 01:02:03} {host:ap1} {word:user.notice} {program:root}: |x"
        ),
        (
            "Nov 23 01:02:03 <mail.notice> mx1 sm-mta[123]: x",
            "{time:Nov 23 01:02:03} {word:<mail.notice>} {host:mx1} {program:sm-mta}[{pid:123}]: |x"
        ),
        (
            "Nov 23 01:02:03 <4.6> mx1 sshd[123]: x",
            "{time:Nov 23 01:02:03} {word:<4.6>} {host:mx1} {program:sshd}[{pid:123}]: |x"
        ),
        (
            "Nov 23 01:02:03 mail.info sshd[123]: x",
            "{time:Nov 23 01:02:03} {host:mail.info} {program:sshd}[{pid:123}]: |x"
        ),
        // Bare hosts
        (
            "Nov 23 01:02:03 rtx [INSPECT] LAN2[out][101100] TCP x",
            "{time:Nov 23 01:02:03} {host:rtx} |[INSPECT] LAN2[out][101100] TCP x"
        ),
        ("Nov 23 01:02:03 info [main] x", "{time:Nov 23 01:02:03} |info [main] x"),
        ("<6> CEF:0|A10|x", "<{priority:6}> |CEF:0|A10|x"),
        // Not a header
        ("<13>sw1: Nov 23 01:02:03: hello", "<{priority:13}>|sw1: Nov 23 01:02:03: hello"),
        ("<13>sw1: 3d04h: hello", "<{priority:13}>|sw1: 3d04h: hello"),
        ("<13>sw1: %d items", "<{priority:13}>|sw1: %d items"),
        (
            "<13>1: 2: 3: Nov 23 01:02:03: %SYS-5-X: x",
            "<{priority:13}>|1: 2: 3: Nov 23 01:02:03: %SYS-5-X: x"
        ),
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

    /// A relay's header before the device's own: host and time are the relay's.
    static let relayed: [(line: String, expected: String)] = [
        (
            "Nov 23 01:02:03 relay <166>Nov 23 2026 01:02:04 fw1 : %ASA-6-302013: Built",
            "{time:Nov 23 01:02:03} {host:relay} <{priority:166}>{text:Nov 23 2026 01:02:04} "
                + "{word:fw1} : |%ASA-6-302013: Built"
        ),
        (
            "<13>Nov 23 01:02:03 relay <38>Nov 23 01:02:04 web01 sshd[7]: x",
            "<{priority:13}>{time:Nov 23 01:02:03} {host:relay} <{integer:38}>"
                + "{text:Nov 23 01:02:04} {word:web01} {program:sshd}[{pid:7}]: |x"
        ),
        (
            "Nov 23 01:02:03 relay <189>[INSPECT] x",
            "{time:Nov 23 01:02:03} {host:relay} <{priority:189}>|[INSPECT] x"
        ),
        (
            "<189>Nov 23 01:02:03 192.0.2.7 30: sw1: *Nov 23 01:02:04.123 JST: %LINK-3-UPDOWN: x",
            "<{priority:189}>{time:Nov 23 01:02:03} {host:192.0.2.7} {integer:30}: {word:sw1}: "
                + "*{text:Nov 23 01:02:04.123} JST: |%LINK-3-UPDOWN: x"
        ),
        (
            "Nov 23 01:02:03 192.0.2.7 sw1: *Nov 23 01:02:04: %LINK-3-UPDOWN: x",
            "{time:Nov 23 01:02:03} {host:192.0.2.7} {word:sw1}: *{text:Nov 23 01:02:04}: "
                + "|%LINK-3-UPDOWN: x"
        ),
        (
            "Nov 23 01:02:03 fw : Nov 23 01:02:04 JST: %ASA-6-302013: x",
            "{time:Nov 23 01:02:03} {host:fw} : {text:Nov 23 01:02:04} JST: |%ASA-6-302013: x"
        ),
        (
            "2026-11-23T01:02:03Z relay 1 2026-11-23T01:02:04Z esx1 Hostd 9 ID - x",
            "{time:2026-11-23T01:02:03Z} {host:relay} 1 {text:2026-11-23T01:02:04Z} {word:esx1} "
                + "{program:Hostd} {pid:9} {word:ID} - |x"
        ),
        (
            "Nov 23 01:02:03 relay 2026-11-23T01:02:04.004Z esx1 Hostd: info hostd[2099] x",
            "{time:Nov 23 01:02:03} {host:relay} {text:2026-11-23T01:02:04.004Z} {word:esx1} "
                + "{program:Hostd}: |info hostd[2099] x"
        ),
        // A program in the relay's header: what it says is a message, whatever it looks like.
        (
            "Nov 23 01:02:03 web01 app[3]: <38>Nov 23 01:02:04 web02 sshd[7]: x",
            "{time:Nov 23 01:02:03} {host:web01} {program:app}[{pid:3}]: "
                + "|<38>Nov 23 01:02:04 web02 sshd[7]: x"
        ),
        (
            "Nov 23 01:02:03 web01 tanaka: Nov 23 01:02:04 web02 sshd[7]: x",
            "{time:Nov 23 01:02:03} {host:web01} {program:tanaka}: "
                + "|Nov 23 01:02:04 web02 sshd[7]: x"
        ),
        (
            "Nov 23 01:02:03 web01 tanaka: 1 2026-11-23T01:02:04Z esx1 Hostd 9 ID - x",
            "{time:Nov 23 01:02:03} {host:web01} {program:tanaka}: "
                + "|1 2026-11-23T01:02:04Z esx1 Hostd 9 ID - x"
        ),
        // A message that begins with its time
        (
            "Nov 23 01:02:03 web01 2026-11-23 01:02:04,123 INFO main: starting",
            "{time:Nov 23 01:02:03} {host:web01} |2026-11-23 01:02:04,123 INFO main: starting"
        ),
        (
            "Nov 23 01:02:03 web01 2026-11-23T01:02:04Z starting",
            "{time:Nov 23 01:02:03} {host:web01} |2026-11-23T01:02:04Z starting"
        ),
    ]

    @Test(arguments: relayed)
    func relay(_ variant: (line: String, expected: String)) {
        #expect(header(variant.line) == variant.expected)
    }

    @Test(arguments: relayed)
    func nothingBehindARelaysHeaderChangesHostAndTime(_ variant: (line: String, expected: String)) {
        let parsed = parse(variant.line)
        #expect(["relay", "192.0.2.7", "fw", "web01"].contains(parsed.value("host.name")))
        let time = text(of: parsed.rows.rows[0].time)
        #expect(["2026-11-23T01:02:03+09:00", "2026-11-23T10:02:03+09:00"].contains(time))
    }

    @Test func theHostOfTheDevicesOwnHeaderHasANameOfItsOwn() {
        let own = "log.syslog.hostname"
        let asa = parse("Nov 23 01:02:03 relay <166>Nov 23 2026 01:02:04 fw1 : %ASA-6-1: x")
        #expect(asa.value(own) == "fw1")
        #expect(asa.value("log.syslog.severity.code") == "6")
        let ios = parse("<189>Nov 23 01:02:03 192.0.2.7 30: sw1: *Nov 23 01:02:04: %L-3-U: x")
        #expect(ios.value(own) == "sw1")
        let esx = parse(
            "Nov 23 01:02:03 relay <14>1 2026-11-23T01:02:04Z esx1 Hostd - ID [a@1 b=\"c\"] x")
        #expect(esx.value(own) == "esx1")
        #expect(esx.value("log.syslog.msgid") == "ID")
        #expect(esx.value("log.syslog.structured_data.a@1.b") == "c")
        let level = parse("Nov 23 01:02:03 bigip notice tmm[1]: x")
        #expect(level.value(own) == nil)
        #expect(level.value("host.name") == "bigip")
    }

    /// A word of letters may be the host or begin the message: it is the host if a rule knows what
    /// follows it, and none the whole.
    @Test func aWordIsTheHostWhereARuleKnowsWhatFollows() {
        let definitions = TestRules.set(
            [
                try? TemplateParser.parse("Login succeeded for {_:word}"),
                try? TemplateParser.parse("router went {_:word}"),
            ].compactMap { $0 })
        let lines = [
            ("rtx Login succeeded for HTTP", "rtx", "Login succeeded for HTTP"),
            ("router went down", nil, "router went down"),
            ("rtx Login failed", nil, "rtx Login failed"),
            ("info Login succeeded for x", nil, "info Login succeeded for x"),
            ("a b Login succeeded for x", nil, "a b Login succeeded for x"),
        ]
        for (line, host, message) in lines {
            let record = Array("Nov 23 01:02:03 \(line)".utf8)
            let parsed = parse([record], definitions: definitions)
            #expect(parsed.value("host.name") == host, "\(line)")
            #expect(parsed.message() == message, "\(line)")
            #expect(parsed.record(0) == record)
        }
    }

    @Test func timesOfNamedZones() {
        let times = [
            ("<1>: 2026 Nov 23 01:02:03 UTC: %A-1-B: x", "2026-11-23T10:02:03+09:00"),
            ("<1>5: *Nov 23 01:02:03 JST: %A-1-B: x", "2026-11-23T01:02:03+09:00"),
            ("Nov 23 2026 01:02:03 PST: %A-1-B: x", "2026-11-23T18:02:03+09:00"),
            // Several zones are called so.
            ("Nov 23 2026 01:02:03 CST: %A-1-B: x", "2026-11-23T01:02:03+09:00"),
            ("<1>3d04h: %A-1-B: x", "none"),
        ]
        for (line, expected) in times { #expect(headerTime(line) == expected, "\(line)") }
        // A program, no zone.
        #expect(header("Nov 23 01:02:03 UTC: x") == "{time:Nov 23 01:02:03} {program:UTC}: |x")
    }

    @Test(arguments: variants)
    func variant(_ variant: (line: String, expected: String)) {
        #expect(header(variant.line) == variant.expected)
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
