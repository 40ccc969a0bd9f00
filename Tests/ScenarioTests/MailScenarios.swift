import Foundation
import Testing

/// What a prefectural security cloud or a SOC sends by mail, written by Python's email package.
@Suite("mail of a security cloud", .serialized)
struct MailScenarios {
    /// Writes messages into the folder of the first argument, each under its final name at once.
    private static let writer = """
        import email.message, email.policy, os, sys
        from email.mime.message import MIMEMessage
        from email.mime.multipart import MIMEMultipart
        from email.mime.text import MIMEText
        from email.header import Header
        folder = sys.argv[1]

        def deliver(name, message):
            part = os.path.join(folder, '..', 'part')
            with open(part, 'wb') as file: file.write(message.as_bytes())
            os.rename(part, os.path.join(folder, name))

        def head(message, number, subject):
            message['From'] = 'SOC <soc@pref.example>'
            message['To'] = 'joho@city.example'
            message['Date'] = 'Sat, 28 Nov 2026 10:00:00 +0900'
            message['Message-ID'] = f'<{number}@pref.example>'
            message['Subject'] = subject
            return message

        alert = '検知しました。\\n■検知日時：2026/11/28 09:58:12\\n【重要度】高\\n■検知名：不審な外部通信\\n' \\
            '■アラートID：M-1\\n■送信元IP：192.0.2.7\\n■端末名：SOUMU-PC2\\n'
        subject = Header('【重要】検知', 'iso-2022-jp')
        deliver('1', head(MIMEText(alert, 'plain', 'iso-2022-jp'), 1, subject))
        # The reminder, as HTML, and forwarded.
        html = '<p>' + alert.replace('\\n', '<br>') + '</p>'
        inner = head(MIMEText(html, 'html', 'utf-8'), 2, '再送')
        outer = head(MIMEMultipart(), 3, 'Fwd')
        outer.attach(MIMEMessage(inner))
        deliver('2', outer)
        # Tables.
        rows = ''.join(
            f'T-{n},2026/11/28 09:{n % 60:02},中,検知 {n},,192.0.2.{n % 250},,,,,PC{n},,県SOC,\\r\\n'
            for n in range(int(sys.argv[2])))
        columns = '検知ID,検知日時,重要度,検知名,分類,送信元IP,送信元ポート,宛先IP,宛先ポート,' \\
            'プロトコル,ホスト名,利用者,検知元,対応\\r\\n'
        daily = email.message.EmailMessage(policy=email.policy.SMTP)
        head(daily, 4, '検知一覧（日次）')
        daily.set_content('添付のとおりです。\\n')
        daily.add_attachment((columns + rows).encode('cp932'), maintype='application',
            subtype='octet-stream', filename='検知一覧_1128.csv')
        daily.add_attachment('読むだけ'.encode(), maintype='text', subtype='plain',
            filename='readme.txt')
        deliver('3', daily)
        """

    private func acts(_ daemon: RunningDaemon, _ kind: String) throws -> [[String: Any]] {
        try Program.hisui(
            "search", "--store", daemon.store, "--acts", "--format", "jsonl", "act:=\(kind)"
        ).lines.compactMap { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
    }

    @Test("alerts of mails and of tables in them are findings of the SOC, each once")
    func alerts() throws {
        let daemon = try RunningDaemon(sources: [
            """
            mail-folder: { path: FOLDER/mail }
                id: soc
                encoding: cp932
                parser: feed.alerts
            """
        ])
        let folder = daemon.folder.path + "/mail"
        try Program.shell("mkdir '\(folder)'; chmod 755 '\(daemon.folder.path)' '\(folder)'")
        let script = daemon.folder.path + "/write.py"
        try Self.writer.write(toFile: script, atomically: true, encoding: .utf8)
        try daemon.start()
        let written = try Program.run(try Program.find("python3"), [script, folder, "3000"])
        try #require(written.status == 0, "\(written.errors)")
        // Killed while the table is taken and looked at.
        for _ in 0..<3 {
            usleep(150_000)
            daemon.kill9()
            try daemon.start()
        }
        try eventually("all alerts") { try daemon.count("event.action:=alert-report") == 3002 }
        try eventually("all findings") { try acts(daemon, "finding").count >= 3001 }
        #expect(try daemon.stop() == 0)

        let findings = try acts(daemon, "finding")
        #expect(findings.count == 3001)
        #expect(Set(findings.compactMap { $0["detector.alert"] as? String }).count == 3001)
        let mailed = try #require(findings.first { $0["detector.alert"] as? String == "M-1" })
        #expect(mailed["detector.name"] as? String == "soc@pref.example")
        #expect(mailed["rule.title_ja"] as? String == "外部の検知: 不審な外部通信")
        #expect(mailed["rule.level"] as? String == "high")
        let listed = try #require(findings.first { $0["detector.alert"] as? String == "T-2999" })
        #expect(listed["detector.name"] as? String == "県SOC")
        #expect(listed["rule.level"] as? String == "medium")

        let shown = try Program.hisui(
            "alerts", "show", try #require(listed["finding.id"] as? String), "--store",
            daemon.store, "--lang", "ja", "--format", "table")
        #expect(shown.text.contains("県SOC") && shown.text.contains("T-2999"))

        // Three messages, 3,000 rows and their line of names.
        #expect(try daemon.count("hisui.source:=soc") == 3004)
        #expect(try daemon.count("source.ip:=192.0.2.7 host.name:=SOUMU-PC2") == 2)
        #expect(try daemon.count("email.subject:検知一覧（日次） event.action:=mail-receive") == 1)
        #expect(try daemon.count("event.id:=M-1 _time:2026-11-28T00:58:12Z") == 2)
        let files = try acts(daemon, "file")
        let paths = Set(files.compactMap { ($0["file.path"] as? String) })
        #expect(paths == Set(["1", "2", "3", "3/検知一覧_1128.csv"].map { folder + "/" + $0 }))
        try expectEquation(daemon.store)
    }
}
