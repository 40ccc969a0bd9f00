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
            ("a: [null, x]", #"{"a":"x"}"#, true), ("a: '*'", #"{"a":"x"}"#, true),
            ("a: '*'", #"{"b":"x"}"#, false), ("a|exists: true", #"{"a":""}"#, true),
            ("a|exists: true", #"{"b":""}"#, false), ("a|exists: false", #"{"b":""}"#, true),
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
