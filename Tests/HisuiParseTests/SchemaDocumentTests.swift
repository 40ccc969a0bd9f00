import Glibc
import Testing

@testable import HisuiParse

/// `docs/schema.md` is what `hisui parsers schema` prints. `HISUI_UPDATE=1` writes it anew.
@Suite struct SchemaDocumentTests {
    @Test func thePageIsThatOfTheSchema() {
        let text = SchemaDocument(ShippedFiles.schema).text
        let path = ShippedFiles.directory + "/../docs/schema.md"
        // Safe: the environment is only read, and the text copied at once.
        if unsafe getenv("HISUI_UPDATE") != nil { write(text, path) }
        let page = String(decoding: ShippedFiles.contents("../docs/schema.md"), as: UTF8.self)
        #expect(page == text, "run this test with HISUI_UPDATE=1")
    }

    @Test func everyFieldActionAndClassHasARow() {
        let text = SchemaDocument(ShippedFiles.schema).text
        let schema = ShippedFiles.schema
        for field in schema.fields { #expect(text.contains("\n| `\(field.name)` | ")) }
        for action in schema.actions { #expect(text.contains("\n| `\(action.name)` | ")) }
        for name in schema.classes.keys { #expect(text.contains("\n| `\(name)` | ")) }
        #expect(
            text.contains(
                "| `event.outcome` | keyword | yes | Whether it succeeded | 結果 | "
                    + "`success` `failure` `unknown` |"))
        #expect(text.contains("| `authentication/logon` | 3002 | 1 | 300201 |"))
        #expect(text.contains("`日付+時刻`"))
    }

    private func write(_ text: String, _ path: String) {
        guard let file = unsafe fopen(path, "w") else { return }
        let bytes = Array(text.utf8)
        // Safe: the file is open until it is closed here, and fwrite reads the array's bytes.
        unsafe fwrite(bytes, 1, bytes.count, file)
        unsafe fclose(file)
    }
}
