import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Messages of mail, taken apart.
@Suite struct MailMessageTests {
    private func message(_ text: String) -> MailMessage {
        MailMessage(Array(text.replacing("\n", with: "\r\n").utf8))
    }

    private func records(_ message: MailMessage) -> [String] {
        MailRecord.records(of: message).map { String(decoding: $0, as: UTF8.self) }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func aPlainMessageIsOneRecord() {
        let message = message(
            """
            From: =?UTF-8?B?55yMU09D?= <soc@pref.example>
            To: joho@city.example
            Date: Sat, 28 Nov 2026 10:00:00 +0900 (JST)
            Subject: =?ISO-2022-JP?B?GyRCIVo9RU1XIVsbKEI=?= =?ISO-2022-JP?B?GyRCOCFDTiRON28bKEI=?=
            Message-ID: <1@pref.example>
            Authentication-Results: mx.city.example; dkim=pass
             header.d=pref.example
            Content-Type: text/plain; charset=utf-8

            検知しました。
            ■検知日時：2026/11/28 09:58:12
            【重要度】高
            Source IP: 192.0.2.7
            URL：https://example.jp/a
            参照 https://example.jp/b
            10:00 まで

            """)
        #expect(
            records(message) == [
                "{\"mail\":{\"from\":\"県SOC <soc@pref.example>\","
                    + "\"from_address\":\"soc@pref.example\",\"to\":\"joho@city.example\","
                    + "\"date\":\"2026-11-28T10:00:00+09:00\",\"subject\":\"【重要】検知の件\","
                    + "\"message_id\":\"<1@pref.example>\",\"authentication\":"
                    + "\"mx.city.example; dkim=pass header.d=pref.example\",\"text\":"
                    + "\"検知しました。\\r\\n■検知日時：2026/11/28 09:58:12\\r\\n【重要度】高\\r\\n"
                    + "Source IP: 192.0.2.7\\r\\nURL：https://example.jp/a\\r\\n"
                    + "参照 https://example.jp/b\\r\\n10:00 まで\\r\\n\"},"
                    + "\"items\":{\"検知日時\":\"2026/11/28 09:58:12\",\"重要度\":\"高\","
                    + "\"Source IP\":\"192.0.2.7\",\"URL\":\"https://example.jp/a\"}}"
            ])
    }

    @Test func reportsOfOneMessageAreRecordsOfTheirOwn() {
        let found = records(
            message(
                """
                Subject: alerts

                検知日時: 2026/11/28 09:00
                重要度: 高
                重要度: 低

                検知日時: 2026/11/28 09:01
                重要度: 中
                """))
        #expect(found.count == 2)
        #expect(found[0].contains("\"items\":{\"検知日時\":\"2026/11/28 09:00\",\"重要度\":\"高\"}"))
        #expect(found[1].contains("\"part\":2},\"items\":{\"検知日時\":\"2026/11/28 09:01\""))
        #expect(!found[1].contains("\"text\"") && found[1].contains("\"subject\":\"alerts\""))
    }

    @Test func attachmentsAreFoundWhateverTheyAreCalled() {
        let message = message(
            """
            Content-Type: multipart/mixed; boundary="a b"

            preamble
            --a b
            Content-Type: multipart/alternative; boundary=c

            --c
            Content-Type: text/html

            <p>html</p>
            --c
            Content-Type: text/plain; charset=iso-2022-jp
            Content-Transfer-Encoding: 7bit

            \u{1B}$B8!CN\u{1B}(B
            --c--
            --a b
            Content-Type: text/csv; name="=?utf-8?Q?=E8=A1=A8.csv?="; charset=cp932
            Content-Transfer-Encoding: base64
            Content-Disposition: attachment

            YSxiCjEs
            Mgo=
            --a b
            Content-Type: application/octet-stream
            Content-Disposition: attachment; filename*0*=UTF-8''%E8%AD%A6;
             filename*1=-2026; filename*2*=%2Ecsv
            Content-Transfer-Encoding: quoted-printable

            a=3Db,=
            c\u{20}
            d
            --a b
            Content-Type: message/rfc822

            Subject: inner
            Content-Type: multipart/mixed; boundary=d

            --d
            Content-Disposition: attachment; filename="..\\\\x\\\\in.csv"

            inner
            --d--
            --a b--
            epilogue
            """)
        #expect(text(message.text) == "検知")
        #expect(message.attachments.map { text($0.name) } == ["表.csv", "警-2026.csv", "in.csv"])
        #expect(message.attachments.map(\.charset) == ["cp932", "", ""])
        #expect(
            message.attachments.map { text(message.content(of: $0)) }
                == ["a,b\n1,2\n", "a=b,c\r\nd", "inner"])
        #expect(!message.isOdd)
    }

    @Test func aMessageOnlyInHTMLHasItsWords() {
        let message = message(
            """
            Content-Type: text/html; charset=UTF-8

            <html><head><title>t</title><style>p { a: b }</style></head><body><!-- x > y -->
            <table><tr><td>重要度：</td><td>高&amp;中&nbsp;&#x9AD8;</td></tr>
            <tr><td>検知名:</td><td>ET &lt;TROJAN&gt;</td></tr></table><script>x: y</script>
            </body></html>
            """)
        let found = records(message)[0]
        #expect(found.contains("\"items\":{\"重要度\":\"高&中 高\",\"検知名\":\"ET <TROJAN>\"}"))
        #expect(!found.contains("script") && !found.contains("a: b"))
    }

    @Test func whatIsBrokenIsAMessageToo() {
        for text in [
            "", "\n", ":", " x", "Subject", "Content-Type: multipart/mixed; boundary=\"", "--",
            "Content-Type: multipart/mixed; boundary=a\n\n--a",
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n--a--\n--a\nx",
            "Subject: =?utf-8?B?\n\n", "Subject: =?=?=?=?utf-8?Q?=?=", "Content-Type: ;;=;x*=",
        ] {
            let message = message(text)
            #expect(records(message).count == 1, "\(text)")
        }
        let open = message(
            "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/csv\n\n1,2")
        #expect(open.isOdd && open.attachments.count == 1)
        #expect(text(open.content(of: open.attachments[0])) == "1,2")
        #expect(records(open)[0].contains("\"odd\":true"))
    }

    @Test func howDeepAndHowManyPartsAreBounded() {
        var deep = ""
        for level in 0..<40 {
            deep += "Content-Type: multipart/mixed; boundary=b\(level)\n\n--b\(level)\n"
        }
        let nested = message(deep + "Content-Type: text/csv\n\nx")
        #expect(nested.isOdd && nested.attachments.isEmpty)
        let part = "--a\nContent-Type: text/csv\n\nx\n"
        let wide = message(
            "Content-Type: multipart/mixed; boundary=a\n\n"
                + String(repeating: part, count: 1000) + "--a--\n")
        #expect(wide.isOdd && wide.attachments.count == Limits.mailPartsMax - 1)
        let longest = message(
            "Subject: " + String(repeating: "\u{1}", count: 60_000) + "\n\n"
                + String(repeating: "\u{1}", count: 100_000))
        #expect(MailRecord.records(of: longest)[0].count < Limits.recordBytesMax)
        #expect(records(longest)[0].contains("\"truncated\":true"))
    }

    @Test func wordsThatWereCutWithinACharacterAreWhole() {
        let words = "=?utf-8?B?5qQ=?= =?utf-8?B?nOefpQ==?=\n x =?us-ascii?Q?a_b?="
        let message = message("Subject: " + words + "\n\n")
        #expect(records(message)[0].contains("\"subject\":\"検知 x a b\""))
    }

    @Test(arguments: [
        ("Sat, 28 Nov 2026 10:00:00 +0900", "2026-11-28T10:00:00+09:00"),
        ("8 Nov 2026 10:00 GMT", "2026-11-08T10:00:00Z"),
        ("Sun,  8 Nov 2026 01:02:03 -0500 (EST)", "2026-11-08T01:02:03-05:00"),
        ("yesterday", "yesterday"), ("Sat, 31 Feb 2026 10:00:00 +0900", nil),
    ])
    func datesAreThoseOfRecords(given: String, expected: String?) {
        #expect(text(MailRecord.date(Array(given.utf8))) == expected ?? given)
    }
}
