import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery

/// Functions of `stats`, with results worked out by hand.
@Suite struct StatsFunctionTests {
    // Sizes of someLines: 10, 200, 30, 5, x, 1000.

    @Test func emptyValues() throws {
        let lines = ["a u 1 x", " u  y", "b  3 z", "   w"]
        #expect(
            try results(
                "* | stats count_empty(host.name) a, count_empty(host.name, size) b, "
                    + "count_empty(user.name) c, count_empty(missing) d, count_empty(size*) e",
                [block(lines)]) == ["a=2 b=2 c=2 d=4 e=2"])
        #expect(try results("nothing | stats count_empty(size) n") == ["n=0"])
    }

    @Test func quantiles() throws {
        // In order: 5, 10, 30, 200, 1000, x.
        #expect(
            try results(
                "* | stats quantile(0, size) a, quantile(0.2, size) b, median(size) c, "
                    + "quantile(0.99, size) d, quantile(1, size) e")
                == ["a=5 b=10 c=200 d=x e=x"])
        #expect(
            try results("* | stats by (host.name) median(size) m | limit 2")
                == ["host.name=db1 m=5", "host.name=web1 m=30"])
        // Two values of each row, and none.
        #expect(
            try results("nothing | stats quantile(0.5, size) q, count() n") == ["n=0"])
        #expect(
            try results("size:<300 | stats quantile(0.5, size, missing) q") == ["q=30"])
        // Values repeat: 1, 1, 1, 2.
        #expect(
            try results(
                "* | stats quantile(0.7, size) a, quantile(0.75, size) b",
                [block(["a u 1 x", "a u 1 x", "a u 2 x", "a u 1 x"])]) == ["a=1 b=2"])
    }

    @Test func rowsAsObjects() throws {
        #expect(
            try results("login size:* | stats by (host.name) json_values(size, user.name) j") == [
                #"host.name=db1 j=[{"size":"5","user.name":"root"}]"#,
                #"host.name=web1 j=[{"size":"10","user.name":"taro"}]"#,
                #"host.name=web2 j=[{"size":"200","user.name":"hanako"}]"#,
                #"host.name=web10 j=[{"size":"x","user.name":"taro"}]"#,
            ])
        #expect(
            try results("* | stats json_values(size) sort by (size desc) limit 3 as j")
                == [#"j=[{"size":"x"},{"size":"1000"},{"size":"200"}]"#])
        // Rows that are equal stay in the order of time.
        #expect(
            try results("* | stats json_values(size) order by (user.name, missing) j") == [
                #"j=[{"size":"200"},{"size":"5"},{"size":"1000"},{"size":"10"},{"size":"30"},"#
                    + #"{"size":"x"}]"#
            ])
        #expect(
            try results("* | fields size, user.name | stats json_values() limit 1 j")
                == [#"j=[{"size":"10","user.name":"taro"}]"#])
        #expect(
            try results("* | stats json_values(user*) limit 1 j, json_values(none) limit 2 n")
                == [#"j=[{"user.name":"taro"}] n=[{},{}]"#])
        #expect(
            try results("* | stats json_values(size) sort by (size) if (user.name:root) j")
                == [#"j=[{"size":"5"},{"size":"1000"}]"#])
        #expect(
            try results("nothing | stats json_values(size) j, json_values() limit 0 k") == [
                "j=[] k=[]"
            ])
        #expect(
            try results("* | stats json_values(size) limit 0 k") == ["k=[]"])
        #expect(
            try parsed("* | stats json_values(*) sort (a desc, b asc) limit 3 if (c) x").description
                == "* | stats json_values(*) sort by (a desc, b) limit 3 if (c) as x")
    }

    /// With a limit only so many rows are held, whatever their number.
    @Test func rowsAsObjectsAreBounded() throws {
        let rows = [block((0..<20_000).map { "h u \(($0 * 7919) % 20_000) text" })]
        #expect(
            try results(
                "* | stats json_values(size, _msg) sort by (size) limit 2 j", rows,
                memory: 2_000_000)
                == [#"j=[{"size":"0","_msg":"text"},{"size":"1","_msg":"text"}]"#])
        for text in ["json_values(size) j", "json_values(size) sort by (size) j"] {
            #expect { try results("* | stats \(text)", rows, memory: 2_000_000) } throws: {
                ($0 as? QueryFailure)?.code == .memory
            }
        }
    }

    @Test func lists() throws {
        #expect(
            try results("* | stats uniq_values(user.name) u, values(size) v") == [
                #"u=["hanako","root","taro"] v=["10","200","30","5","x","1000"]"#
            ])
        #expect(
            try results("* | stats uniq_values(size) limit 2 u, values(size) limit 2 as v")
                == [#"u=["10","200"] v=["10","200"]"#])
        #expect(
            try results("* | stats uniq_values(host.name, size) u") == [
                #"u=["5","10","30","200","1000","db1","web1","web2","web10","x"]"#
            ])
        #expect(
            try results("login | stats by (user.name) values(missing, size) v") == [
                #"user.name=hanako v=["","200"]"#, #"user.name=root v=["","5"]"#,
                #"user.name=taro v=["","10","","x"]"#,
            ])
        #expect(try results("nothing | stats values(a) v, uniq_values(a) u") == ["v=[] u=[]"])
        // What is no text is told as text.
        #expect(
            try results("* | stats values(user.name) v", [block(["a q\"\\\u{1} 1 x"])])
                == [#"v=["q\"\\\u0001"]"#])
    }

    @Test func rows() throws {
        #expect(
            try results("* | stats row_max(size, size, user.name) r")
                == [#"r={"size":"x","user.name":"taro"}"#])
        #expect(
            try results("* | stats by (user.name) row_min(size, _time, missing) r | limit 1")
                == [#"user.name=hanako r={"_time":"2025-11-23T00:00:01Z"}"#])
        #expect(
            try results("logout | stats row_any() r") == [
                #"r={"_time":"2025-11-23T00:00:02Z","_msg":"logout","#
                    + #""_stream":"{zone=\"local\",source=\"test\"}","host.name":"web1","#
                    + #""user.name":"taro","size":"30","zone.name":"local","#
                    + #""zone.stream":"default","zone.index":"2","hisui.source":"test","#
                    + #""event.created":"2025-11-23T00:00:02Z"}"#
            ])
        #expect(
            try results("logout | stats row_any(user*, size) r") == [
                #"r={"user.name":"taro","size":"30"}"#
            ])
        #expect(
            try results("size:<300 | stats row_max(size, host.n*) r")
                == [#"r={"host.name":"web2"}"#])
        #expect(try results("nothing | stats row_any() r, count() n") == ["n=0"])
        #expect(try results("* | stats row_min(missing) r, count() n") == ["n=6"])
    }

    @Test func lengths() throws {
        #expect(
            try results("* | stats sum_len(size) a, sum_len(size, user.name) b, sum_len(_msg) c")
                == ["a=13 b=39 c=64"])
        #expect(try results("nothing | stats sum_len(size) a") == ["a=0"])
    }

    @Test func rates() throws {
        let hour = "_time:[2025-11-23T00:00Z, 2025-11-23T01:00Z)"
        #expect(
            try results("\(hour) | stats rate() r, rate_sum(size) s")
                == ["r=0.0016666666666666668 s=0.3458333333333333"])
        #expect(try results("\(hour) size:x | stats rate_sum(size) s") == ["s=NaN"])
        #expect(
            try results("* | stats by (_time:2s) rate() r, rate() if (login) l | limit 2") == [
                "_time=2025-11-23T00:00:00Z r=1 l=1", "_time=2025-11-23T00:00:02Z r=1 l=0.5",
            ])
        // November has 2,592,000 seconds, and 2025 31,536,000.
        #expect(
            try results(
                "* | stats by (_time:month) rate_sum(size) r | math round(r * 2592000, 0.001) n "
                    + "| fields n") == ["n=1245"])
        #expect(
            try results(
                "* | stats by (_time:year) rate_sum(size) r | math round(r * 31536000, 0.001) n "
                    + "| fields n") == ["n=1245"])
        for text in ["* | stats rate()", "_time:>2025-11-01 | limit 3 | stats rate_sum(size)"] {
            #expect { try results(text) } throws: { error in
                let failure = error as? QueryFailure
                return failure?.code == .unsuitable
                    && failure?.message.contains("a beginning and an end") == true
            }
        }
    }

    @Test func conditions() throws {
        #expect(
            try results(
                "* | stats count() if (login) a, count() if (user.name:=root) b, sum(size) if "
                    + "(host.name:web* and size:<300) c, count() d, count_uniq(host.name) if "
                    + "(!login) e") == ["a=4 b=2 c=240 d=6 e=2"])
        #expect(
            try results("* | stats by (user.name) count() if (nothing) n, max(size) if (login) m")
                == [
                    "user.name=hanako n=0 m=200", "user.name=root n=0 m=5",
                    "user.name=taro n=0 m=x",
                ])
        #expect(
            try results("* | stats count() if (login)") == ["count(*) if (login)=4"])
        #expect(
            try results("* | stats row_any() if (logout) r | math 1 one | fields one") == ["one=1"])
        #expect(
            try results(
                "* | stats count() if (_time:[2025-11-23T00:00:01Z, 2025-11-23T00:00:03Z)) n")
                == ["n=2"])
    }

    @Test func fieldsByPrefix() throws {
        #expect(try results("* | fields size, user.name | stats sum(*) s") == ["s=1245"])
        #expect(try results("* | stats count(user*) a, count(nobody*) b") == ["a=6 b=0"])
        #expect(
            try results("* | stats max(siz*) a, min(host*, user*) b, sum_len(siz*) c")
                == ["a=x b=db1 c=13"])
        #expect(
            try results("* | stats by (user.name) uniq_values(hos*) u | limit 1")
                == [#"user.name=hanako u=["web2"]"#])
    }

    @Test func uniqueHashes() throws {
        #expect(
            try results(
                "* | stats count_uniq_hash(user.name) a, count_uniq_hash(user.name, host.name) b, "
                    + "count_uniq_hash(missing) c") == ["a=3 b=5 c=0"])
    }

    @Test func histogram() throws {
        #expect(
            try results(
                "* | stats histogram(size) h",
                [block(["a u 1 x", "a u 1 x", "a u 1.1 x", "a u 0 x", "a u -5 x", "a u y x"])])
                == [
                    #"h=[{"vmrange":"0...1.000e-09","hits":1},"#
                        + #"{"vmrange":"8.799e-01...1.000e+00","hits":2},"#
                        + #"{"vmrange":"1.000e+00...1.136e+00","hits":1}]"#
                ])
        #expect(try results("nothing | stats histogram(size) h") == ["h=[]"])
        // Every bound lies in the bucket that it ends, and what is a little more in the next.
        for bucket in 0...486 {
            var text: [UInt8] = []
            HistogramFunction.appendRange(of: bucket, to: &text)
            let parts = String(decoding: text, as: UTF8.self).split(separator: "...")
            let upper = try #require(Double(String(parts[1])))
            #expect(HistogramFunction.bucket(of: upper * 0.998) == bucket, "\(bucket)")
            #expect(HistogramFunction.bucket(of: upper * 1.002) == bucket + 1, "\(bucket)")
        }
        #expect(HistogramFunction.bucket(of: 1e18) == 486)
        #expect(HistogramFunction.bucket(of: 1.1e18) == 487)
        #expect(HistogramFunction.bucket(of: .infinity) == 487)
        for power in -8...18 {
            let value = try #require(Double("1e\(power)"))
            #expect(HistogramFunction.bucket(of: value) == (power + 9) * 18)
        }
    }

    @Test func buckets() throws {
        #expect(
            try results("* | stats by (size:100) count() n") == [
                "size=0 n=3", "size=200 n=1", "size=1000 n=1", "size=x n=1",
            ])
        #expect(
            try results("* | stats by (size:100 offset 5) count() n") == [
                "size=-5 n=3", "size=195 n=1", "size=995 n=1", "size=x n=1",
            ])
        let addresses = ["10.1.2.3", "10.1.2.255", "10.1.3.0", "::1", "300.1.1.1", "0.0.0.0"]
        let some = [block(addresses.map { "a \($0) 1 x" })]
        #expect(
            try results("* | stats by (user.name:/24) count() n", some) == [
                "user.name=0.0.0.0 n=1", "user.name=10.1.2.0 n=2", "user.name=10.1.3.0 n=1",
                "user.name=300.1.1.1 n=1", "user.name=::1 n=1",
            ])
        #expect(
            try results("* | stats by (user.name:/0) count() n | limit 1", some)
                == ["user.name=0.0.0.0 n=4"])
        #expect(
            try results("* | stats by (user.name:/32) count() n | offset 3 | limit 1", some)
                == ["user.name=10.1.3.0 n=1"])
    }

    /// Gathering from blocks, and from rows that went through pipes, comes to the same.
    @Test(arguments: [
        "stats by (host.name) quantile(0.9, size) q, uniq_values(user.name, size) u",
        "stats by (_time:3s) row_max(size, user.name, size) a, row_min(size, user.name) b",
        "stats count_empty(missing) a, sum_len(size, _msg) b, count_uniq_hash(size) c",
        "stats by (user.name) count() if (login) n, sum(size) if (size:<100) s, histogram(size) h",
        "stats by (user.name:/8, size:10) values(size) v, count() if (_time:2025-11-23) n",
        "stats by (host.name) row_any(host.name) r, uniq_values(size) if (!login) limit_",
    ])
    func blocksAndRowsAgree(pipe: String) throws {
        let blocks = [
            block(someLines), block(someLines, first: 6, start: 3), block(someLines, zone: "lgwan"),
        ]
        let direct = try results("* | \(pipe)", blocks)
        #expect(try results("* | limit 1000 | \(pipe)", blocks) == direct)
        #expect(!direct.isEmpty)
        let query = try parsed("* | \(pipe)")
        #expect(try parsed(query.description).description == query.description)
    }

    @Test func memoryIsBounded() throws {
        let many = block((0..<3000).map { "h user\($0) \($0) text of some length" })
        for function in [
            "values(user.name)", "uniq_values(user.name)", "median(user.name)",
            "count_uniq_hash(user.name)", "values(*)",
        ] {
            #expect { try results("* | stats \(function) x", [many], memory: 40_000) } throws: {
                ($0 as? QueryFailure)?.code == .memory
            }
        }
        for function in ["row_any()", "uniq_values(user.name) limit 3", "values(size) limit 3"] {
            #expect(
                try results("* | limit 9 | stats \(function) x", [many], memory: 40_000).count == 1)
        }
    }

    @Test(arguments: [
        ("* | stats quantile(size) q", 20, "a number"),
        ("* | stats quantile(1.5, size) q", 20, "from 0 to 1"),
        ("* | stats quantile(0.5) q", 23, "‘,’ and the name"),
        ("* | stats quantile(0.5, ) q", 25, "the name of a field"),
        ("* | stats median() q", 17, "the name of a field"),
        ("* | stats median(size q", 23, "‘,’ or ‘)’"),
        ("* | stats rate(size) r", 16, "expected ‘)’"),
        ("* | stats row_min() r", 19, "the name of a field"),
        ("* | stats count() if login", 22, "expected ‘(’"),
        ("* | stats count() if (login n", 30, "‘)’"),
        ("* | stats uniq_values(a) limit x", 32, "a number of values"),
        ("* | stats by (ip:/33) count()", 18, "up to /32"),
        ("* | stats by (ip:/x) count()", 18, "up to /32"),
        ("* | stats by (size:10 offset 1.5) count()", 30, "a whole number"),
        ("* | stats histogram(a, b) h", 22, "expected ‘)’"),
        ("* | stats count_empty() h", 22, "the name of a field"),
    ])
    func errors(text: String, column: Int, part: String) throws {
        #expect { try parsed(text) } throws: { error in
            guard let error = error as? QueryError else { return false }
            return error.code == .syntax && error.column == column && error.message.contains(part)
        }
    }
}
