import HisuiEvent
import HisuiQuery
import Testing

/// What is said where a query is wrong.
@Suite struct ErrorTests {
    private func failure(_ text: String) -> QueryError? {
        do {
            _ = try parsed(text)
            return nil
        } catch let error as QueryError {
            return error
        } catch {
            return nil
        }
    }

    @Test(arguments: [
        ("", 1, "empty"),
        ("   # nothing", 13, "empty"),
        ("error |", 8, "expected a pipe"),
        ("error | limt 5", 9, "did you mean ‘limit’"),
        ("error | limit x", 15, "a number of rows after ‘limit’, found ‘x’"),
        ("error | limit -1", 15, "a number of rows"),
        ("(error", 7, "‘)’ or another filter, found the end of the query"),
        ("error)", 6, "‘|’ or the end, found ‘)’"),
        ("a:", 3, "a filter after ‘a:’"),
        ("{_time=\"5m\"}", 2, "the name of a label"),
        ("{a=\"b\", _stream_id=\"5\"}", 9, "the name of a label"),
        ("{a}", 3, "one of = != =~"),
        ("{a=b}", 2, "quotes around the value"),
        ("a:in(x | limit 5)", 6, "| fields name"),
        ("a and", 6, "a filter"),
        ("or a", 1, "a filter"),
        ("\"open", 1, "closing \""),
        ("\"bad \\q\"", 6, "escape"),
        ("a:in(x y)", 8, "‘,’ or ‘)’"),
        ("a:range(1, x)", 12, "a number, found ‘x’"),
        ("a:ipv4_range(300.1.1.1)", 14, "one address"),
        ("a:ipv4_range(10.0.0.0/33)", 14, "one address"),
        ("a:rnage(1, 2)", 3, "did you mean ‘range’"),
        ("fo*o", 3, "at the end"),
        ("*foo", 5, "at the end of the substring"),
        ("foo\"bar\"", 4, "a space before this quote"),
        ("'it''s'", 5, "a space before this quote"),
        ("_time:yesterday", 7, "expected a time like"),
        ("_time:[2025-01-01, 2025-13-01]", 20, "expected a time like"),
        ("_time:5m offset x", 17, "a duration"),
        ("* | stats by (a) foo()", 18, "a stats function"),
        ("* | stats count() x, sum(a) x", 22, "two results"),
        ("* | stats by (a, a) count()", 18, "twice"),
        ("* | sort by a", 13, "expected ‘(’"),
        ("* | uniq by ()", 13, "the name of a field"),
        ("ログイン | limit ×", 14, "a number of rows"),
        ("a\nb | limt 5", 5, "did you mean ‘limit’"),
    ])
    func syntax(text: String, column: Int, part: String) throws {
        let error = try #require(failure(text))
        #expect(error.code == .syntax)
        #expect(error.column == column, "\(error)")
        #expect(error.message.contains(part), "\(error)")
    }

    @Test(arguments: [
        ("_stream_id:0000", 1, "_stream_id"),
        ("* | stats count() if (a:in(x | fields a)) y", 27, "a query inside in(…)"),
        ("a:in(x | stats count() if (b:in(y | fields b)) a)", 32, "a query inside in(…)"),
        ("* | block_stats", 5, "block_stats"), ("* | stats count_uniq(a*) y", 21, "not named"),
    ])
    func notYet(text: String, column: Int, part: String) throws {
        let error = try #require(failure(text))
        #expect(error.code == .unsupported)
        #expect(error.column == column, "\(error)")
        #expect(error.message.contains(part) && error.message.contains("not supported yet"))
    }

    /// The caret stands under the character, two cells for each wide one before it.
    @Test func caret() throws {
        #expect(
            try #require(failure("ログイン | limit x")).description
                == """
                query:1:14: expected a number of rows after ‘limit’, found ‘x’
                  ログイン | limit x
                                   ^
                """)
        let hostile = try #require(failure("\"\u{1B}[31m\" | nope"))
        #expect(!hostile.description.utf8.contains(0x1B))
    }

    @Test func limits() throws {
        let depth = Limits.queryDepthMax
        let deep = String(repeating: "(", count: depth * 50) + "a"
        #expect(try #require(failure(deep)).code == .limit)
        #expect(
            try #require(failure(String(repeating: "!", count: depth * 50) + "a")).code == .limit)
        let fits =
            String(repeating: "(", count: depth - 1) + "a"
            + String(repeating: ")", count: depth - 1)
        #expect(failure(fits) == nil)
        let values = (0...Limits.queryListMax).map { "v\($0)" }.joined(separator: ",")
        #expect(try #require(failure("a:in(\(values))")).code == .limit)
        let pipes = String(repeating: "| limit 1 ", count: Limits.queryPipesMax + 1)
        #expect(try #require(failure("* " + pipes)).code == .limit)
        let long = String(repeating: "a ", count: Limits.queryBytesMax / 2 + 1)
        #expect(try #require(failure(long)).code == .limit)
        #expect(failure(String(long.dropLast(2))) == nil, "many words are no depth")
    }
}
