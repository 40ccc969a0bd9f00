import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery

/// `math`: results worked out by hand.
@Suite struct MathPipeTests {
    /// The result over a row with `size=12`, `host.name=10.0.0.1`, `user.name=x`, `_msg=1h30m`.
    private func result(_ expression: String) throws -> String {
        let rows = try results(
            "* | math \(expression) as r | fields r", [block(["10.0.0.1 x 12 1h30m"])])
        return String(rows.joined().dropFirst("r=".count))
    }

    @Test(arguments: [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("10-2-3", "5"), ("size-2", "10"),
        ("2^3^2", "512"), ("-2^2", "-4"), ("2*-3", "-6"), ("7 % 4", "3"), ("-7 % 4", "-3"),
        ("size/5", "2.4"), ("size / 0", "inf"), ("0/0", "NaN"), ("size%0", "NaN"),
        ("6 & 3", "2"), ("6 or 3", "7"), ("6 xor 3", "5"), ("1.5 & 1", "NaN"), ("-1 or 1", "NaN"),
        ("1 or 2 xor 6 & 3 + 1", "7"), ("user.name default 5", "5"), ("missing + 1", "NaN"),
        ("size default 5", "12"), ("0/0 default 2", "2"),
        ("missing default user.name default 3", "3"),
        ("abs(-3)", "3"), ("ceil(1.2)", "2"), ("floor(-1.2)", "-2"), ("round(2.5)", "3"),
        ("round(-2.5)", "-3"), ("exp(0)", "1"), ("ln(1)", "0"), ("ln(-1)", "NaN"),
        ("max(1, size, 3)", "12"), ("min(4, 'size', user.name)", "4"), ("max(user.name)", "NaN"),
        ("round(12.345, 0.1)", "12.3"), ("round(17, 5)", "15"), ("round(0.3, 0.1)", "0.3"),
        ("round(size, 0)", "NaN"), ("round(2.7, 1)", "3"), ("1KB + 1KiB", "2024"),
        ("_msg / 1m", "90"), ("host.name + 1", "167772162"), ("'10.0.0.2' - host.name", "1"),
        ("'2025-11-23T00:00:01Z' - _time", "1000000000"), ("1e-3 * 1000", "1"), ("1e3-1", "999"),
        ("0.1 + 0.2", "0.30000000000000004"), (".5 + 1_000", "1000.5"), ("- ( 2 )", "-2"),
        ("SIZE default 1", "1"), ("Round(1.6)", "2"), ("size # why\n + 1", "13"),
        ("9007199254740993 - 1", "9007199254740991"),
    ])
    func values(expression: String, expected: String) throws {
        #expect(try result(expression) == expected)
        let query = try parsed("* | math \(expression) as r")
        let again = try parsed(query.description)
        #expect(again.description == query.description)
        #expect(try result(String(query.description.dropFirst(9).dropLast(5))) == expected)
    }

    @Test func names() throws {
        let blocks = [block(["h u 12 x"])]
        #expect(
            try results("* | fields size | eval size*2 double, double+1 as more", blocks)
                == ["size=12 double=24 more=25"])
        #expect(try results("* | fields size | math size/2", blocks) == ["size=12 size / 2=6"])
        #expect(
            try results("* | fields size | math (size + 1) * 2, 3 | limit 1", blocks)
                == ["size=12 (size + 1) * 2=26 3=3"])
        #expect(
            try results("* | stats count() n | math n * 10 as n | filter n:>5", blocks)
                == ["n=10"])
        #expect(
            try parsed("* | math 'a-b' - \"or\" / 'x y' as q").description
                == "* | math \"a-b\" - (\"or\" / \"x y\") as q")
    }

    /// What is no plain name stands in quotes, and what is none without them is read as one.
    @Test(arguments: [
        "'.a'", "'5x'", "'a b'", "'or' + \"default\"", "'12' + '.5'", "OR", "'+5' - x",
    ])
    func normalForms(expression: String) throws {
        let query = try parsed("* | math \(expression) as r")
        #expect(try parsed(query.description).description == query.description)
    }

    @Test func now() throws {
        #expect(
            try results("* | math now() r | fields r", [block(["h u 12 x"])])
                == ["r=" + String(decoding: shown(someTime.nanoseconds), as: UTF8.self)])
    }

    private func shown(_ value: Int64) -> [UInt8] {
        var text: [UInt8] = []
        Number(Double(value)).append(to: &text)
        return text
    }

    @Test(arguments: [
        ("math", 9, "a number, a field or ‘(’, found the end"),
        ("math a +", 13, "a number, a field"),
        ("math a + | limit 1", 14, "found ‘|’"), ("math (a", 12, "an operator or ‘)’"),
        ("math a b c", 14, "‘|’ or the end"),
        ("math foo(a)", 10, "no function is called ‘foo’"),
        ("math roud(a)", 10, "did you mean ‘round’"),
        ("math abs()", 10, "takes 1 arguments, not 0"),
        ("math round(a, b, c)", 10, "takes 1 to 2 arguments, not 3"),
        ("math now(1)", 10, "not 1"),
        ("math 12xyz", 10, "a number like"), ("math a as", 14, "the name of a field"),
        ("math abs(a", 15, "‘,’ or ‘)’"), ("math a + * b", 14, "found ‘*’"),
    ])
    func errors(pipe: String, column: Int, part: String) throws {
        #expect { try parsed("* | " + pipe) } throws: { isSyntaxError($0, column, part) }
    }

    @Test func limits() throws {
        func failure(_ expression: String) -> QueryError.Code? {
            do {
                _ = try parsed("* | math " + expression)
                return nil
            } catch {
                return (error as? QueryError)?.code
            }
        }
        let depth = Limits.queryDepthMax
        #expect(failure(String(repeating: "(", count: depth * 20) + "1") == .limit)
        #expect(failure(String(repeating: "-", count: depth * 20) + "1") == .limit)
        #expect(failure(String(repeating: "1^", count: depth * 20) + "1") == .limit)
        #expect(failure(String(repeating: "1+", count: 600) + "1") == .limit)
        #expect(failure(String(repeating: "1+", count: 490) + "1") == nil)
        #expect(failure("rand()") == .unsupported)
    }
}
