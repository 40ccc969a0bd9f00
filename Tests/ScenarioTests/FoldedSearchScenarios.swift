import Foundation
import Testing

/// Searches that do not mind width, case, and how a converter read a wave or a minus.
@Suite("folded searches, over UTF-8 and CP932")
struct FoldedSearchScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }

    private static let lines = [
        "2026-04-01T09:00:00+09:00 jumin1 app: 職員１２３４　ﾛｸﾞｲﾝ失敗（３回目）",
        "2026-04-01T09:00:01+09:00 jumin1 app: 職員1234がログイン失敗、個人番号は照会せず",
        "2026-04-01T09:00:02+09:00 jumin1 app: ＬＧＷＡＮ接続 資産税課の端末から ERROR",
        "2026-04-01T09:00:03+09:00 jumin1 app: ﾏｲﾅﾝﾊﾞｰ照会、住民税課、受付9時～17時、残高－1200円",
        "2026-04-01T09:00:04+09:00 jumin1 app: マイナンバーカードの交付、㈱東京システム ｅｒｒｏｒ",
    ]

    init() throws {
        folder = try Scratch()
        let utf8 = folder.path + "/utf8.log"
        try Data((Self.lines.joined(separator: "\n") + "\n").utf8)
            .write(to: URL(fileURLWithPath: utf8))
        try Program.shell("iconv -f UTF-8 -t CP932 '\(utf8)' > '\(folder.path)/cp932.log'")
        for (zone, file, options) in [
            ("new", "utf8.log", []), ("old", "cp932.log", ["--encoding", "cp932"]),
        ] {
            let loaded = try Program.run(
                Program.hisui,
                ["import", "--store", folder.path + "/store", "--zone", zone] + options
                    + [folder.path + "/" + file])
            try #require(loaded.status == 0, "\(loaded.errors)")
        }
    }

    /// The lines that a search finds in each of the zones.
    private func found(_ query: String) throws -> [[Int]] {
        try ["new", "old"].map { zone in
            let found = try Program.run(
                Program.hisui,
                [
                    "search", "--store", store, "--format", "jsonl", "-o", "_time",
                    "zone.name:=\(zone) \(query)",
                ])
            try #require(found.status <= 1, "\(found.errors)")
            // The second of its time is the number of a line.
            return try found.lines.map { line in
                try #require(Int(String(line.prefix { $0 != "Z" && $0 != "." }.suffix(1))))
            }
        }
    }

    @Test(
        "each line is found in either encoding, however it is asked for",
        arguments: [
            ("i(ログイン失敗)", [0, 1]), ("i(ﾛｸﾞｲﾝ失敗)", [0, 1]), ("i(職員1234)", [0, 1]),
            ("i(\"ログイン失敗(3回目)\")", [0]), ("i(\"職員1234 ログイン\")", [0]),
            ("i(lgwan)", [2]), ("i(マイナンバー)", [3, 4]), ("i(\"9時〜17時\")", [3]),
            ("i(\"9時~17時\")", [3]), ("i(\"残高−1200円\")", [3]), ("i(\"残高-1200円\")", [3]),
            ("i(\"(株)東京\")", [4]), ("i(error)", [2, 4]), ("i(ERR*)", [2, 4]), ("i(税課)", [2, 3]),
            ("-i(error)", [0, 1, 3]), ("i(まいなんばー)", []), ("i(サ-バ-)", []),
        ])
    func folded(query: String, lines: [Int]) throws {
        #expect(try found(query) == [lines, lines], "\(query)")
    }

    @Test("as it stands, text is found inside text, and only as it stands")
    func asItStands() throws {
        #expect(try found("個人番号") == [[1], [1]])
        #expect(try found("ログイン失敗") == [[1], [1]])
        #expect(try found("マイナンバー") == [[4], [4]])
        #expect(try found("\"資産税課の端末\"") == [[2], [2]])
        #expect(try found("\"9時〜17時\"") == [[], []])
        #expect(try found("error") == [[], []])
    }
}
