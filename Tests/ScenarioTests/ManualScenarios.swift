import Foundation
import Testing

/// Pages for man(1).
@Suite("manual pages")
struct ManualScenarios {
    @Test("of every command, in both languages, and nothing in them is an error")
    func pages() throws {
        let folder = try Scratch()
        for language in ["en", "ja"] {
            let made = try Program.hisui(
                "manual", "--lang", language, "--date", "2026-03-31", folder.path)
            #expect(made.status == 0, "\(made.errors)")
        }
        for place in ["man1", "ja/man1"] {
            let pages = try FileManager.default.contentsOfDirectory(
                atPath: folder.path + "/" + place)
            #expect(pages.count > 20)
            #expect(pages.contains("hisui.1") && pages.contains("hisui-alerts-show.1"))
            #expect(!pages.contains("hisui-manual.1") && !pages.contains("hisui-help.1"))
            for page in pages {
                let path = "\(folder.path)/\(place)/\(page)"
                let shown = try Program.run(
                    "man", ["--warnings", "-E", "UTF-8", "-l", path],
                    environment: ["MANWIDTH": "80", "LC_ALL": "C.UTF-8"])
                #expect(shown.status == 0 && shown.errors.isEmpty, "\(page): \(shown.errors)")
                // Its advice on style is for pages that people write.
                let linted = try Program.run("mandoc", ["-Tlint", "-Wwarning", path])
                #expect(linted.status == 0, "\(page): \(linted.text)")
            }
        }
    }

    @Test("the page of a command has what its help says")
    func search() throws {
        let folder = try Scratch()
        func shown(_ language: String, _ place: String) throws -> String {
            _ = try Program.hisui("manual", "--lang", language, folder.path)
            return try Program.run(
                "man", ["-E", "UTF-8", "-l", "\(folder.path)/\(place)/hisui-search.1"],
                environment: ["MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""]
            ).text.replacing(/.\u{8}/, with: "")
        }
        let english = try shown("en", "man1")
        #expect(english.contains("hisui search --store dir [options] query"))
        #expect(english.contains("-o, --fields names"))
        #expect(
            english.contains(
                #"--store var/store '"Failed password" | stats by (source.ip) count()'"#
            ))
        #expect(english.contains("EXIT STATUS") && english.contains("Wrong usage."))
        #expect(english.contains("(default: 256)") && english.contains("hisui(1)"))
        let japanese = try shown("ja", "ja/man1")
        #expect(japanese.contains("終了コード") && japanese.contains("LogsQL で事象を検索します"))
        #expect(japanese.contains("--since 昨日 --format csv --bom '*' > y.csv"))
        let refused = try Program.hisui("manual", folder.path + "/man1/hisui.1/x")
        #expect(refused.status == 3)
    }
}
