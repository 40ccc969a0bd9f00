import HisuiBytes
import Testing

@testable import HisuiQuery

/// Words, phrases and folding on single values.
@Suite struct NeedleTests {
    private func matches(_ filter: String, _ value: String) throws -> Bool {
        guard case .field(let test) = try parsed(filter).filter else { return false }
        return test.test.matches(Array(value.utf8).span)
    }

    @Test(arguments: [
        ("error", "an error happened", true), ("error", "error: x", true),
        ("error", "ERROR", false),
        ("error", "multiple errors", false), ("error", "fooerror", false),
        ("error", "_error", false),
        ("error", "error_", false), ("error", "xerror error", true), ("err*", "fooerr err", true),
        ("err*", "fooerror", false), ("*err*", "fooerror", true),
        ("\"ssh: login fail\"", "ssh: login failed", false),
        ("\"ssh: login fail\"", "x ssh: login fail!", true),
        ("\"ssh: login fail\"*", "ssh: login failed", true),
        ("\": login\"", "ssh: login", true), ("тест", "foo: (bar,\"тест\")!", true),
        ("тест", "тесты", false), ("caf\u{E9}", "un caf\u{E9}.", true),
        ("caf\u{E9}", "caf\u{E9}s", false),
        ("caf", "caf\u{E9}", false), ("i(CAF\u{C9})", "caf\u{E9}", true),
        ("i(error)", "ErRoR!", true),
        ("i(error)", "Errors", false), ("i(err*)", "Errors", true), ("i(ﾃｽﾄ)", "xﾃｽﾄx", true),
    ])
    func words(filter: String, value: String, expected: Bool) throws {
        #expect(try matches(filter, value) == expected, "\(filter) in \(value)")
    }

    /// Scripts without spaces: text is found anywhere, and ends words of others.
    @Test(arguments: [
        ("ログイン", "管理者のログイン失敗", true), ("失敗", "ログイン失敗しました", true),
        ("\"ログイン失敗\"", "user1がログイン失敗。", true), ("error", "エラーerror発生", true),
        ("\"error発生\"", "myerror発生", true), ("住民情報", "職員が住民情報を照会", true),
        ("情報*", "住民情報を照会", true), ("*民情*", "住民情報", true),
        ("削除", "照会", false), ("東京", "京都", false), ("サーバ", "サーバー停止", true),
        ("=ログイン", "ログイン失敗", false), ("=ログイン*", "ログイン失敗", true),
        ("len_range(4, 4)", "住民情報", true), ("𠮷野家", "𠮷野家で", true),
    ])
    func japanese(filter: String, value: String, expected: Bool) throws {
        #expect(try matches(filter, value) == expected, "\(filter) in \(value)")
    }

    @Test(arguments: [
        (">5", "6", true), (">5", "5.0", false), (">=5", "5.0", true), (">5", "six", false),
        ("<10KiB", "10239", true), ("<10KiB", "10KB", true), (">1m", "90s", true),
        (">10.0.0.9", "10.0.0.10", true), ("<John", "Jane", true), ("<John", "", false),
        (">9007199254740992", "9007199254740993", true), ("range(1, 3)", "3", false),
        ("range[1, 3]", "3", true), ("range(0, inf)", "1e3", true),
        ("range(0, inf)", "0x10", false),
        ("ipv4_range(10.0.0.0/8)", "10.255.0.1", true),
        ("ipv4_range(10.0.0.0/8)", "11.0.0.1", false),
        ("ipv4_range(10.0.0.1)", "10.0.0.1", true), ("ipv4_range(10.0.0.1)", "10.0.0.01", false),
        (">2025-11-23T00:00:00Z", "2025-11-23T00:00:00.000000001Z", true),
        ("in(a, b)", "b", true), ("in(a, b)", "ab", false), ("\"\"", "", true),
        ("\"\"", "x", false),
    ])
    func values(filter: String, value: String, expected: Bool) throws {
        #expect(try matches("f:" + filter, value) == expected, "\(filter) of \(value)")
    }

    @Test func naturalOrder() {
        let sorted = ["", "-3", "2", "10", "1KB", "a", "host1", "host2", "host10", "host010x", "日"]
        let keys = sorted.map { SortKey(Array($0.utf8).span) }
        for i in keys.indices {
            for j in keys.indices {
                let order = keys[i].compare(keys[j])
                #expect(
                    (order < 0) == (i < j) && (order > 0) == (i > j), "\(sorted[i]) \(sorted[j])")
            }
        }
    }
}
