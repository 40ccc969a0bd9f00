import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Rows of tables whose columns their file names, and records in encodings that do not keep ASCII.
@Suite struct TableTests {
    private struct Row {
        var shape: Shape
        var values: [String: String]
        var row: RowBatch.Row
        var record: [UInt8]
    }

    private func parse(
        _ records: [[UInt8]], _ parser: inout Parser, table: RecordTable? = nil,
        encoding: TextEncoding? = nil
    ) -> [Row] {
        var batch = batch(records, form: .line)
        batch.table = table
        batch.encoding = encoding
        let rows = parser.parse(batch)
        let parsed = Parsed(rows: rows, shapes: parser.shapes)
        return rows.rows.indices.map { number in
            let shape = parsed.shape(number)
            var values: [String: String] = [:]
            for field in shape.fields { values[field.name] = parsed.value(field.name, number) }
            return Row(
                shape: shape, values: values, row: rows.rows[number],
                record: parsed.record(number))
        }
    }

    private func parser(_ set: DefinitionSet = .empty) -> Parser {
        Parser(definitions: set, timeZone: .tokyo)
    }

    private func table(_ columns: [String], isNamed: Bool = true) -> RecordTable {
        RecordTable(columns: columns, delimiter: 0x2C, isNamed: isNamed)
    }

    private func lines(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    private var shipped: DefinitionSet {
        DefinitionSet.compile(files: ShippedFiles.definitions, schema: ShippedFiles.schema).set
    }

    private func only(_ name: String) -> DefinitionSet {
        let files = ShippedFiles.definitions.filter {
            String(decoding: $0.bytes, as: UTF8.self).contains("parser: \(name)\n")
        }
        return DefinitionSet.compile(files: files, schema: ShippedFiles.schema).set
    }

    @Test func columnsAreFieldsAndOneOfThemIsTheTime() {
        var parser = parser(shipped)
        let found = parse(
            lines([
                "日時,端末名,_msg", "2026/11/23 12:00:00,PC1,\"a\n\"\"b\"\"\"", "x,PC2,c", "1,2",
                "日時,端末名,x",
            ]), &parser, table: table(["日時", "端末名", "_msg"]))
        // The line of names is no row.
        #expect(found[0].values == [:])
        #expect(found[1].values["端末名"] == "PC1")
        // A name that Hisui gives a meaning of its own is shown behind `record.`.
        #expect(found[1].values["record._msg"] == "a\n\"b\"")
        #expect(found[1].row.time == noon && !found[1].row.flags.contains(.timeInferred))
        #expect(found[2].values["端末名"] == "PC2" && found[2].row.flags.contains(.timeInferred))
        // A row with another number of values is kept as text.
        #expect(found[3].values == [:] && found[3].record == Array("1,2".utf8))
        #expect(found[4].values["端末名"] == "端末名")
    }

    /// The fixed text of two tables may be the same: what their values are called is not.
    @Test func rowsOfDifferentTablesAreNeverTakenForEachOther() {
        var parser = parser()
        for _ in 0..<2 {
            for columns in [["a", "b"], ["b", "a"], ["c", "d"]] {
                let one = parse(lines(["1,2"]), &parser, table: table(columns))[0]
                #expect(one.values == [columns[0]: "1", columns[1]: "2"])
            }
            #expect(parse(lines(["1,2"]), &parser)[0].values == [:])
        }
        for number in 0..<Limits.tablesRememberedMax + 10 {
            let one = parse(lines(["1,2"]), &parser, table: table(["a\(number)", "b"]))[0]
            #expect(one.values["a\(number)"] == "1")
        }
    }

    @Test func aDefinitionReadsColumnsWhateverTheirOrder() {
        var parser = parser(only("asset.filelog"))
        let columns = [
            "操作", "日時", "端末名", "ユーザー", "ドメイン", "ファイルパス", "移動先", "外部デバイス", "製造番号",
            "プロセス", "サイズ", "部署",
        ]
        let one = parse(
            lines(["削除,2026/11/23 12:00:00,PC,u,D,C:\\表.xlsx,,,,explorer.exe,0,総務"]), &parser,
            table: table(columns))[0]
        #expect(one.shape.parser == "asset.filelog" && one.shape.rule == "delete")
        #expect(one.values["file.path"] == "C:\\表.xlsx" && one.values["部署"] == "総務")
        #expect(one.row.time == noon)
        // Without a line of names the definition's own count.
        let numbered = (1...11).map { "column\($0)" }
        let other = parse(
            lines(["2026/11/23 12:00:00,PC,u,D,削除,C:\\x,,,,e,0"]), &parser,
            table: table(numbered, isNamed: false))[0]
        #expect(other.shape.rule == "delete")
    }

    @Test func aDateAndATimeAreOneTime() {
        var parser = parser(shipped)
        let one = parse(
            lines(["2026/11/23,12:00:00,x"]), &parser, table: table(["日付", "時刻", "操作"]))[0]
        #expect(one.row.time == noon)
    }

    private func encoded(_ text: String, _ encoding: TextEncoding) -> [UInt8] {
        text.utf16.flatMap { unit -> [UInt8] in
            let bytes = [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
            return encoding == .utf16LittleEndian ? bytes : bytes.reversed()
        }
    }

    @Test(arguments: [TextEncoding.utf16LittleEndian, .utf16BigEndian])
    func rulesReadTheTextOfWideRecords(encoding: TextEncoding) {
        var parser = parser(shipped)
        let line =
            "Nov 23 12:00:00 host sshd[77]: Failed password for root from 192.0.2.7 port 9 ssh2"
        let records = ["\u{FEFF}" + line, line, "業務 12 表示", "{\"利用者\":\"佐藤\",\"n\":5}"]
            .map { encoded($0, encoding) }
        let found = parse(records, &parser, encoding: encoding)
        for (number, one) in found.enumerated() { #expect(one.record == records[number]) }
        for one in found[..<2] {
            #expect(one.values["user.name"] == "root" && one.values["source.ip"] == "192.0.2.7")
            #expect(one.values["host.name"] == "host" && one.values["process.pid"] == "77")
            #expect(one.row.time == noon)
        }
        #expect(found[3].values["利用者"] == "佐藤" && found[3].values["n"] == "5")
        #expect(found.allSatisfy { $0.shape.encoding == encoding })
        #expect(found.allSatisfy { !$0.row.flags.contains(.charsetLossy) })
    }

    @Test func rulesReadTheTextOfEscapedRecords() {
        var parser = parser(shipped)
        let records = lines([
            "2026/11/23 12:00:00 \u{1B}$B6HL3\u{1B}(B user=\u{1B}$B:4F#\u{1B}(B n=5",
            "{\"user\":\"\u{1B}$B:4F#\u{1B}(B\",\"n\":5}", "ascii only 5", "\u{1B}$B:4F#",
            "cut \u{1B}$B:",
        ])
        let found = parse(records, &parser, encoding: .iso2022JP)
        for (number, one) in found.enumerated() { #expect(one.record == records[number]) }
        #expect(found[1].values["user"] == "佐藤" && found[1].values["n"] == "5")
        #expect(
            found.map { $0.row.flags.contains(.charsetLossy) } == [
                false, false, false, false, true,
            ])
    }
}
