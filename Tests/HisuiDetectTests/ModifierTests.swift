import Testing

@testable import HisuiDetect

@Suite struct ModifierTests {
    @Test(
        arguments: [
            // Whole values, without regard to case.
            ("a: Root", #"{"a":"rOOT"}"#, true), ("a: root", #"{"a":"roots"}"#, false),
            ("a: [x, root]", #"{"a":"root"}"#, true), ("a: [x, y]", #"{"a":"root"}"#, false),
            ("a: [q1, q2, q3, q4, q5, q6]", #"{"a":"Q5"}"#, true),
            ("a: [q1, q2, q3, q4, q5, q*]", #"{"a":"q9"}"#, true),
            ("a: x\nb: y", #"{"a":"x","b":"y"}"#, true), ("a: x\nb: y", #"{"a":"x"}"#, false),
            ("- a: x\n- b: y", #"{"b":"y"}"#, true), ("- a: x\n- b: y", #"{"b":"x"}"#, false),
            ("a: 4625", #"{"a":4625}"#, true), ("a: 4625", #"{"a":"4625"}"#, true),
            ("a: 462", #"{"a":4625}"#, false), ("a: true", #"{"a":true}"#, true),
            ("a: 管理者", #"{"a":"管理者"}"#, true), ("a: ÄÖ", #"{"a":"äö"}"#, true),
            // Several values, nested names.
            ("a: y", #"{"a":["x","y"]}"#, true), ("a.b: y", #"{"a":{"b":"y"}}"#, true),
            ("a.b: y", #"{"a":[{"b":"x"},{"b":"y"}],"c":1}"#, true),
            ("a.b: y", #"{"a.b":"y"}"#, true), ("b: y", #"{"a":{"b":"y"}}"#, false),
            ("Foo: y", #"{"winlog":{"event_data":{"Foo":"y"}}}"#, true),
            ("Foo: y", #"{"Event":{"EventData":{"Foo":"y"}}}"#, true),
            ("Foo: y", #"{"Foo":"x","Event":{"EventData":{"Foo":"y"}}}"#, false),
            ("Image: y", #"{"process":{"executable":"y"}}"#, true),
            // Missing, null and empty are three things.
            ("a: null", #"{"b":1}"#, true), ("a: null", #"{"a":null}"#, true),
            ("a: null", #"{"a":""}"#, false), ("a: ''", #"{"a":""}"#, true),
            ("a: ''", #"{"b":1}"#, false), ("a: ''", #"{"a":"x"}"#, false),
            ("a: '*'", #"{"a":"x"}"#, true),
            ("a: '*'", #"{"b":"x"}"#, false), ("a|exists: true", #"{"a":""}"#, true),
            ("a|exists: true", #"{"b":""}"#, false), ("a|exists: false", #"{"b":""}"#, true),
            ("a|exists: true", #"{"a":null}"#, true), ("a|exists: false", #"{"a":null}"#, false),
            ("a|neq: null", #"{"a":null}"#, false), ("a|neq: null", #"{"a":""}"#, true),
            // Names of fields.
            ("User Name: x", #"{"User Name":"x"}"#, true),
            ("a-b.c: x", #"{"a-b":{"c":"x"}}"#, true),
            ("ThreatName: x", #"{"Event":{"EventData":{"Threat Name":"x"}}}"#, true),
            ("Threat Name: x", #"{"Event":{"EventData":{"Threat Name":"x"}}}"#, true),
            ("ThreatName: x", #"{"Threat Name":"x"}"#, false),
            (
                "ThreatName: x",
                ##"{"Event":{"EventData":{"Data":[{"@Name":"Threat Name","#text":"x"}]}}}"##, true
            ),
            (#"a\|b: x"#, #"{"a|b":"x"}"#, true), (#"a\|b|contains: x"#, #"{"a|b":"yxy"}"#, true),
            ("対象: x", #"{"対象":"x"}"#, true),
            // What YAML might take for something else.
            ("a: 2026-11-23", #"{"a":"2026-11-23"}"#, true), ("a: yes", #"{"a":"Yes"}"#, true),
            ("a: 0x17", #"{"a":"0x17"}"#, true), ("a: 010", #"{"a":"010"}"#, true),
            ("a: 1_000", #"{"a":"1_000"}"#, true), ("a: false", #"{"a":false}"#, true),
            // Lists of XML as JSON: a name and its text; user data.
            ("F: y", ##"{"Event":{"EventData":{"Data":[{"@Name":"F","#text":"y"}]}}}"##, true),
            (
                "F: y\nG: 2",
                ##"{"Event":{"EventData":{"Data":[{"#text":"y","@Name":"F"},"##
                    + ##"{"#attributes":{"Name":"G"},"#text":2}]}}}"##,
                true
            ),
            ("F: y", ##"{"Event":{"EventData":{"Data":[{"@Name":"G","#text":"y"}]}}}"##, false),
            ("F: y", ##"{"Other":{"Data":[{"@Name":"F","#text":"y"}]}}"##, false),
            ("F: y", #"{"Event":{"UserData":{"Any":{"F":"y"}}}}"#, true),
            ("F: y", #"{"Event":{"UserData":{"F":"y"}}}"#, false),
            ("F: y", #"{"Event":{"UserData":{"Any":{"More":{"F":"y"}}}}}"#, false),
            // Wildcards and escapes.
            ("a: 'x*z'", #"{"a":"xyyz"}"#, true), ("a: 'x*z'", #"{"a":"xyyzq"}"#, false),
            ("a: 'x?z'", #"{"a":"xyz"}"#, true), ("a: 'x?z'", #"{"a":"xz"}"#, false),
            ("a: 'x?z'", #"{"a":"x翠z"}"#, true), ("a: '*a*b'", #"{"a":"aabab"}"#, true),
            ("a: '*ab'", #"{"a":"ababa"}"#, false), ("a: 'a*a'", #"{"a":"a"}"#, false),
            (#"a: 'x\*z'"#, #"{"a":"x*z"}"#, true), (#"a: 'x\*z'"#, #"{"a":"xyz"}"#, false),
            (#"a: 'x\\*z'"#, #"{"a":"x\\yyz"}"#, true),
            (#"a: 'x\\\*z'"#, #"{"a":"x\\*z"}"#, true),
            (#"a: 'c:\win'"#, #"{"a":"C:\\Win"}"#, true),
            (#"a: '\\\\srv\share'"#, #"{"a":"\\\\srv\\share"}"#, true),
        ])
    func values(selection: String, event: String, expected: Bool) {
        #expect(fits(selection, event) == expected, "\(selection) on \(event)")
    }

    @Test(
        arguments: [
            ("a|contains: B", #"{"a":"abc"}"#, true), ("a|contains: d", #"{"a":"abc"}"#, false),
            ("a|startswith: AB", #"{"a":"abc"}"#, true),
            ("a|startswith: b", #"{"a":"abc"}"#, false),
            ("a|endswith: bC", #"{"a":"abc"}"#, true), ("a|endswith: b", #"{"a":"abc"}"#, false),
            ("a|endswith: [x, '?bc']", #"{"a":"zabc"}"#, true),
            ("a|contains|all: [a, c]", #"{"a":"abc"}"#, true),
            ("a|contains|all: [a, d]", #"{"a":"abc"}"#, false),
            ("a|cased: Abc", #"{"a":"Abc"}"#, true), ("a|cased: Abc", #"{"a":"abc"}"#, false),
            ("a|contains|cased: B", #"{"a":"abc"}"#, false),
            ("a|neq: x", #"{"a":"y"}"#, true), ("a|neq: x", #"{"a":"x"}"#, false),
            ("a|lt: 10", #"{"a":9.5}"#, true), ("a|lt: 10", #"{"a":10}"#, false),
            ("a|lte: 10", #"{"a":"10"}"#, true), ("a|gt: 10", #"{"a":10}"#, false),
            ("a|gte: 10", #"{"a":10}"#, true), ("a|gt: -5", #"{"a":-4}"#, true),
            ("a|gt: 10", #"{"a":"many"}"#, false),
            ("a|cidr: 10.0.0.0/8", #"{"a":"10.200.3.4"}"#, true),
            ("a|cidr: 10.0.0.0/8", #"{"a":"11.0.0.1"}"#, false),
            ("a|cidr: 10.0.0.0/8", #"{"a":"::ffff:10.0.0.1"}"#, true),
            ("a|cidr: '2001:db8::/32'", #"{"a":"2001:db8::1"}"#, true),
            ("a|cidr: [192.0.2.0/24, 10.0.0.0/8]", #"{"a":"10.0.0.1"}"#, true),
            ("a|cidr: 10.0.0.0/8", #"{"a":"10.0.0.1 "}"#, false),
            ("a|windash|contains: ' -enc '", #"{"a":"p /enc x"}"#, true),
            ("a|windash|contains: ' -enc '", #"{"a":"p –ENC x"}"#, true),
            ("a|windash|contains: ' -enc '", #"{"a":"p +enc x"}"#, false),
            ("a|windash|contains: ' -a-b '", #"{"a":"p /a/b x"}"#, false),
            ("a|windash|contains: ' —enc '", #"{"a":"p -enc x"}"#, true),
            ("a|windash|contains: '―é'", #"{"a":"p /É x"}"#, true),
            ("a|windash: '-é–b'", #"{"a":"/é–b"}"#, true),
            ("a|windash: '-é–b'", #"{"a":"-é-b"}"#, false),
            ("a|windash|cased|startswith: -X", #"{"a":"/Xy"}"#, true),
            ("a|windash|cased|startswith: -X", #"{"a":"/xy"}"#, false),
            ("a|windash|base64: ' -enc'", #"{"a":"IC9lbmM="}"#, true),
            ("a|base64|base64: a", #"{"a":"WVE9PQ=="}"#, true),
            ("a|utf16|base64: a", #"{"a":"//5hAA=="}"#, true),
            ("a|utf16be|base64: a", #"{"a":"AGE="}"#, true),
            ("a|utf16le|base64: a", #"{"a":"YQA="}"#, true),
            ("a|base64offset|contains|all: [bar, foo]", #"{"a":"Zm9vYmFy"}"#, true),
            ("a|base64offset|contains|all: [bar, fox]", #"{"a":"Zm9vYmFy"}"#, false),
            ("a|neq: [x, y]", #"{"a":"z"}"#, true), ("a|neq: [x, y]", #"{"a":"y"}"#, false),
            ("a|neq: x", #"{"b":"z"}"#, true), ("a|re|neq: ^x", #"{"a":"xy"}"#, false),
            ("a|cidr|neq: 10.0.0.0/8", #"{"a":"11.0.0.1"}"#, true),
            ("a|gt|neq: 5", #"{"a":5}"#, true), ("a|fieldref|neq: b", #"{"a":1,"b":2}"#, true),
            ("a|fieldref|neq: b", #"{"a":1,"b":1}"#, false),
            ("a|fieldref|contains|cased: b", #"{"a":"xYz","b":"y"}"#, false),
            ("a|fieldref: b", #"{"a":"É","b":"é"}"#, true),
            ("a|hour: 2", #"{"a":"2026-11-23T02:12:01+09:00"}"#, true),
            ("a|hour: 2", #"{"a":"Nov 23 02:12:01"}"#, true),
            ("a|hour|gte: 22", #"{"a":"23/Nov/2026:22:00:00 +0900"}"#, true),
            ("a|hour|gte: 22", #"{"a":"21:59"}"#, false),
            ("a|minute: [12, 13]", #"{"a":"Mon, 23 Nov 2026 02:13:01 +0900"}"#, true),
            ("a|day|lt: 10", #"{"a":"Nov  9 02:12:01"}"#, true),
            ("a|month: 11", #"{"a":"2026/11/23"}"#, true),
            ("a|year: 2026", #"{"a":"Mon Nov 23 02:12:01 2026"}"#, true),
            ("a|year: 2026", #"{"a":"20261123T021201Z"}"#, true),
            ("a|year: 2026", #"{"a":"Nov 23 02:12:01"}"#, false),
            ("a|week: 53", #"{"a":"2027-01-03"}"#, true),
            ("a|week: 1", #"{"a":"2024-12-30"}"#, true),
            ("a|week: 48", #"{"a":"2026-11-23"}"#, true),
            ("a|week: 9", #"{"a":"2026-02-30"}"#, false),
            ("a|hour: 0", #"{"a":"1763863921"}"#, false),
            ("a|hour: 1", #"{"a":"25:01:00"}"#, false),
            ("a|day: 1", #"{"a":"2026-13-01"}"#, false),
            ("a|base64: foobar", #"{"a":"Zm9vYmFy"}"#, true),
            ("a|base64: foobar", #"{"a":"zm9vYmFy"}"#, false),
            ("a|base64offset|contains: bar", #"{"a":"Zm9vYmFy"}"#, true),
            ("a|base64offset|contains: bar", #"{"a":"Zm9vQmFyZm9vYmF6"}"#, false),
            ("a|base64offset|contains: oba", #"{"a":"Zm9vYmFy"}"#, true),
            ("a|wide|base64: a", #"{"a":"YQA="}"#, true),
            ("a|fieldref: b", #"{"a":"X","b":"x"}"#, true),
            ("a|fieldref: b", #"{"a":"x","b":"y"}"#, false),
            ("a|fieldref: b", #"{"a":"x"}"#, false),
            ("a|fieldref|startswith: b", #"{"a":"xyz","b":"xy"}"#, true),
            ("a|fieldref|endswith: b", #"{"a":"xyz","b":"xy"}"#, false),
            ("a|re: '^a.c$'", #"{"a":"abc"}"#, true), ("a|re: 'B'", #"{"a":"abc"}"#, false),
            ("a|re|i: 'B'", #"{"a":"abc"}"#, true), ("a|re: '(?i)B'", #"{"a":"abc"}"#, true),
            ("- word\n- other", #"{"x":"a word here"}"#, true), ("word", #"{"x":"sword"}"#, true),
            ("- word\n- other", #"{"word":"x"}"#, false),
            ("'|all': [one, two]", #"{"x":"one","y":"and TWO"}"#, true),
            ("'|all': [one, two]", #"{"x":"one"}"#, false),
            ("'|re': 'o.e'", #"{"x":"a one"}"#, true),
            ("'|contains|all': [one, two]", #"{"x":"one","y":"TWO"}"#, true),
            ("'|re|i': [ONE, zzz]", #"{"x":"a one"}"#, true),
            ("'|cased': One", #"{"x":"a one"}"#, false), ("- 25", #"{"x":4625}"#, true),
            ("'|windash': -enc", #"{"x":"p /enc"}"#, true),
            ("a|re: '.{1000,}'", #"{"a":"short"}"#, false),
        ])
    func modifiers(selection: String, event: String, expected: Bool) {
        #expect(fits(selection, event) == expected, "\(selection) on \(event)")
    }

    @Test(
        arguments: [
            ("a and b", "xy", true), ("a and b", "x", false), ("a or b", "y", true),
            ("not a", "y", true), ("not not a", "x", true), ("not (a or b)", "z", true),
            ("a or b and c", "x", true), ("(a or b) and c", "x", false), ("a AND NOT c", "x", true),
            ("1 of them", "y", true), ("any of them", "w", false), ("all of them", "xyz", true),
            ("all of them", "xy", false), ("2 of them", "xz", true), ("2 of them", "z", false),
            ("1 of b*", "x", false), ("1 of *", "w", true), ("not 1 of *", "q", true),
            ("[a, c]", "z", true), ("[a, c]", "y", false), ("all of a* and not c", "x", true),
        ])
    func conditions(condition: String, letters: String, expected: Bool) {
        let text = """
            title: T
            logsource: { category: test }
            detection:
              a: { v|contains: x }
              b: { v|contains: y }
              c: { v|contains: z }
              _d: { v|contains: w }
              condition: \(condition)
            """
        let result = run(text, [#"{"v":"\#(letters)"}"#])
        #expect(result.refused.isEmpty, "\(result.refused)")
        #expect(!result.findings.isEmpty == expected, "\(condition) on \(letters)")
    }
}
