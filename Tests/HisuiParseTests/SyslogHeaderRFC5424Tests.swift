import HisuiEvent
import Testing

@testable import HisuiParse

/// Headers by RFC 5424, and what senders write in place of them.
@Suite struct SyslogHeaderRFC5424Tests {
    /// Header variants and what is a slot in each; the message begins at the bar.
    static let variants: [(line: String, expected: String)] = [
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
        // The process in the name of the program, as in the old header
        (
            "<165>1 - h sshd[77] - - - x",
            "<{priority:165}>1 - {host:h} {program:sshd}[{pid:77}] - - - |x"
        ),
        (
            "<165>1 - - postfix/smtpd[1234567890] - ID47 - x",
            "<{priority:165}>1 - - {program:postfix/smtpd}[{pid:1234567890}] - {word:ID47} - |x"
        ),
        (
            #"<165>1 - h sshd[77] - m [a@1 x="1"] msg"#,
            #"<{priority:165}>1 - {host:h} {program:sshd}[{pid:77}] - {word:m} "#
                + #"[a@1 x="{text:1}"] |msg"#
        ),
        (
            "<165>1 - h sshd[77] 78 - - x",
            "<{priority:165}>1 - {host:h} {program:sshd}[{integer:77}] {pid:78} - - |x"
        ),
        (
            "<165>1 - h sshd[77] worker-a m - x",
            "<{priority:165}>1 - {host:h} {program:sshd}[{pid:77}] {word:worker-a} {word:m} - |x"
        ),
        ("<165>1 - h [ - - - x", "<{priority:165}>1 - {host:h} {program:[} - - - |x"),
        ("<165>1 - h ] - - - x", "<{priority:165}>1 - {host:h} {program:]} - - - |x"),
        ("<165>1 - h [] - - - x", "<{priority:165}>1 - {host:h} {program:[]} - - - |x"),
        ("<165>1 - h [77] - - - x", "<{priority:165}>1 - {host:h} {program:[77]} - - - |x"),
        ("<165>1 - h a[] - - - x", "<{priority:165}>1 - {host:h} {program:a[]} - - - |x"),
        ("<165>1 - h a[b] - - - x", "<{priority:165}>1 - {host:h} {program:a[b]} - - - |x"),
        ("<165>1 - h a[7]b - - - x", "<{priority:165}>1 - {host:h} {program:a[7]b} - - - |x"),
        ("<165>1 - h 7[7] - - - x", "<{priority:165}>1 - {host:h} {program:7[7]} - - - |x"),
        (
            "<165>1 - h a[7][8] - - - x",
            "<{priority:165}>1 - {host:h} {program:a[7][8]} - - - |x"
        ),
        (
            "<165>1 - h a[12345678901234567890] - - - x",
            "<{priority:165}>1 - {host:h} {program:a[12345678901234567890]} - - - |x"
        ),
        // Times of other kinds
        (
            "<165>1 Nov 23 01:02:03 h a 1 - - x",
            "<{priority:165}>1 {time:Nov 23 01:02:03} {host:h} {program:a} {pid:1} - - |x"
        ),
        (
            "<165>1 2026-11-23 01:02:03 h a 1 - - x",
            "<{priority:165}>1 {time:2026-11-23 01:02:03} {host:h} {program:a} {pid:1} - - |x"
        ),
        // No structured data, as some devices leave it away or write their own
        (
            #"<134>1 2026-11-23T01:02:03Z h CheckPoint 7 - [action:"Accept"; x:"1"]"#,
            "<{priority:134}>1 {time:2026-11-23T01:02:03Z} {host:h} {program:CheckPoint} {pid:7} "
                + #"- |[action:"Accept"; x:"1"]"#
        ),
        (
            "<134>1 2026-11-23T01:02:03Z h a 7 - hello there",
            "<{priority:134}>1 {time:2026-11-23T01:02:03Z} {host:h} {program:a} {pid:7} "
                + "- |hello there"
        ),
        (
            "<134>1 2026-11-23T01:02:03Z these are words of a sentence",
            "<{priority:134}>|1 2026-11-23T01:02:03Z these are words of a sentence"
        ),
        // Not well formed: a message as a whole behind the priority.
        ("<165>1 - h a 1 - [id x=1] m", "<{priority:165}>|1 - h a 1 - [id x=1] m"),
        ("<165>1 - h a 1 - [id x=\"1] m", "<{priority:165}>|1 - h a 1 - [id x=\"1] m"),
        ("<165>1 - h a 1 -", "<{priority:165}>|1 - h a 1 -"),
        ("<165>1 ", "<{priority:165}>|1 "),
    ]

    @Test(arguments: variants)
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

    @Test func aProcessInTheNameOfTheProgramIsItsProcess() {
        let line = "<38>1 2026-11-23T01:02:03Z web01 sshd[77] - ID47 [ex@1 iut=\"3\"] go"
        let parsed = parse(line)
        #expect(parsed.value("process.name") == "sshd")
        #expect(parsed.value("log.syslog.appname") == "sshd")
        #expect(parsed.value("process.pid") == "77")
        #expect(parsed.value("log.syslog.msgid") == "ID47")
        #expect(parsed.value("log.syslog.structured_data.ex@1.iut") == "3")
        #expect(parsed.message() == "go")
        #expect(parsed.record(0) == Array(line.utf8))
        // PROCID counts, where it says one too.
        #expect(parse("<38>1 - h sshd[77] 78 ID47 - go").value("process.pid") == "78")
        #expect(parse("<38>1 - h sshd[77] 78 ID47 - go").value("log.syslog.msgid") == "ID47")
        let text = parse("<38>1 - h sshd[77] worker-a ID47 - go")
        #expect(text.value("process.pid") == "77")
        #expect(text.value("log.syslog.procid") == "worker-a")
        #expect(text.value("log.syslog.msgid") == "ID47")
    }

    @Test(arguments: ["sshd[77] -", "sshd 77", "sshd[77] 77"])
    func rulesForAProgramReadItsMessagesWhereverItsProcessStands(_ ids: String) throws {
        let set = TestRules.set(
            try TemplateParser.parse("hello {user.name:word}"),
            program: .exact(Array("sshd".utf8)))
        let lines = ["<38>1 - h \(ids) - - hello tanaka", "<38>1 - h sshd[b] - - - hello tanaka"]
        let parsed = parse(lines.map { Array($0.utf8) }, definitions: set)
        #expect(parsed.value("user.name", 0) == "tanaka")
        #expect(parsed.value("process.pid", 0) == "77")
        #expect(parsed.record(0) == Array(lines[0].utf8))
        #expect(parsed.value("user.name", 1) == nil)
    }

    @Test func tooManyParametersAreOneSlot() {
        let many = (0..<80).map { #" n\#($0)="\#($0)""# }.joined()
        let parsed = parse("<165>1 - h a 1 - [x\(many)] go")
        #expect(parsed.value("log.syslog.structured_data") == "[x\(many)]")
        #expect(parsed.message() == "go")
    }
}
