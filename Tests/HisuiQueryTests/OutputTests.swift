import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery

@Suite struct OutputTests {
    private func written(
        _ text: String, _ writer: some RowWriter, _ lines: [String] = someLines,
        options: QueryOptions = QueryOptions()
    ) throws -> String {
        var writer = writer
        var out: [UInt8] = []
        try QueryRunner(
            blocks: [block(lines)], query: parsed(text, zone: .utc), options: options
        ).run { row in
            writer.write(row, to: &out)
            return true
        }
        writer.finish(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func jsonLines() throws {
        #expect(
            try written("* | fields _time, size, _msg | offset 4", JSONLinesWriter()) == """
                {"_time":"2025-11-23T00:00:04Z","size":"x","_msg":"login ok"}
                {"_time":"2025-11-23T00:00:05Z","size":1000,"_msg":"ログイン失敗"}

                """)
        let odd = ["h\u{1B}[1m u 007 a\u{2028}\"b\"\u{7}"]
        #expect(
            try written("* | fields host.name, size, _msg", JSONLinesWriter(), odd)
                == "{\"host.name\":\"h\\u001b[1m\",\"size\":\"007\""
                + ",\"_msg\":\"a\\u2028\\\"b\\\"\\u0007\"}\n"
        )
        #expect(
            try written("* | stats by (user.name) count() n | limit 1", JSONLinesWriter())
                == "{\"user.name\":\"hanako\",\"n\":1}\n")
    }

    @Test func rawIsTheRecord() throws {
        #expect(try written("logout", RawWriter(), options: .raw) == "web1 taro 30 logout\n")
        #expect(
            try written("logout | fields size", RawWriter(), options: .raw)
                == "web1 taro 30 logout\n")
        #expect(
            try written("logout | delete event*", RawWriter(), options: .raw)
                == "web1 taro 30 logout\n")
        #expect(try written("* | stats count()", RawWriter(), options: .raw) == "")
    }

    @Test func eventsAsTable() throws {
        let writer = EventTableWriter(timeZone: .tokyo, isColoured: false, columnsMax: nil)
        #expect(
            try written("login* | limit 2", writer) == """
                2025-11-23 09:00:00.000  web1                login ok
                2025-11-23 09:00:01.000  web2                login failed

                """)
        let narrow = EventTableWriter(timeZone: .tokyo, isColoured: false, columnsMax: 55)
        let line = try written("ログイン", narrow)
        #expect(line == "2025-11-23 09:00:05.000  web2                ログイン…\n")
        let width = line.dropLast().unicodeScalars.reduce(0) { $0 + TerminalText.width($1.value) }
        #expect(width <= 55)
    }

    @Test func nothingSteersTheTerminal() throws {
        let lines = ["h\u{1B}]0;x\u{7} u\u{202E} 3 \u{1B}[2J\u{9B}31m\r\u{202E}\u{7F} end"]
        let event = EventTableWriter(timeZone: .utc, isColoured: false, columnsMax: nil)
        let column = ColumnTableWriter(timeZone: .utc, isColoured: false)
        for text in [
            try written("*", event, lines),
            try written("* | fields host*, user*, _msg", column, lines),
        ] {
            let scalars = text.unicodeScalars.filter { $0 != "\n" }
            #expect(scalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
            #expect(!scalars.contains("\u{202E}"))
            #expect(text.contains("end"))
        }
    }

    @Test func figuresAsTable() throws {
        let writer = ColumnTableWriter(timeZone: .tokyo, isColoured: false)
        #expect(
            try written("* | stats by (user.name) count() n, sum(size) total", writer) == """
                user.name  n  total
                hanako     1    200
                root       2   1005
                taro       3     40

                """)
        #expect(
            try written("* | stats by (_time:3s) count() n", writer) == """
                _time                n
                2025-11-23 09:00:00  3
                2025-11-23 09:00:03  3

                """)
    }

    @Test func wideCharactersTakeTwoColumns() throws {
        let writer = ColumnTableWriter(timeZone: .utc, isColoured: false)
        #expect(
            try written("* | fields user.name, host.name", writer, ["h1 日本 1 x", "h2 ab 2 y"])
                == """
                user.name  host.name
                日本       h1
                ab         h2

                """)
    }

    /// RFC 4180, and cells that a spreadsheet would run.
    @Test func tablesForSpreadsheets() throws {
        let lines = [
            "h1 =cmd 1 a,b", "h2 @x -5 say \"hi\"", "h3 +1.5 x two\nlines", "h4 日本 9 \tx",
        ]
        let columns = ["host.name", "user.name", "size", "_msg", "missing"]
        let writer = CSVWriter(columns: columns, timeZone: .tokyo, hasMark: true)
        let text = try written("*", writer, lines)
        #expect(
            text == """
                \u{FEFF}host.name,user.name,size,_msg,missing\r
                h1,'=cmd,1,"a,b",\r
                h2,'@x,-5,"say ""hi""\u{22},\r
                h3,+1.5,x,"two
                lines",\r
                h4,日本,9,'\tx,\r

                """)
    }

    @Test func columnsOfASpreadsheetAreThoseOfTheFirstRows() throws {
        let writer = CSVWriter(columns: nil, timeZone: .tokyo, hasMark: false)
        #expect(
            try written("* | stats by (_time:3s) count() n", writer)
                == "_time,n\r\n2025-11-23T09:00:00+09:00,3\r\n2025-11-23T09:00:03+09:00,3\r\n")
        #expect(try written("nothing | fields a", writer) == "")
        let chosen = CSVWriter(columns: ["a", "b"], timeZone: .tokyo, hasMark: false)
        #expect(try written("nothing | fields a", chosen) == "a,b\r\n")
    }
}
