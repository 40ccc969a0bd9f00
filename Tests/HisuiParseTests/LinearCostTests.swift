import Testing

@testable import HisuiParse

/// Cost is counted in byte comparisons, never in time.
@Suite struct LinearCostTests {
    static let templates = [
        "a{_:text}aaaaaaab",
        "{_:text} x {_:text} x {_:text} x {_:rest}",
        "{_:user>} {_:ip} port {_:port}: {_:text>} of {_:int}[[ [preauth]]]",
        "[[a{_:text}b]][[a{_:text}c]][[a{_:text}d]]{_:text>}aaaaaaaaaaab",
        "x{_:text}(aaaab|aaaac|aaaad|b)[[aab{_:word}aac]] end",
        "x[[a{_:text}b[[aa{_:text>}ab(aab|)]]a]](ab|aa|){_:text>}aaab",
        "a{_:text}[[b {_:float} [[{_:ts(epoch)} ]]]] of {_:cidr}",
        "a{_:ip}:{_:int}[[ {_:ip}:{_:port}]] end",
        "\"{_:text>}\" {_:quoted} {_:word}={_:word}:{_:path>}/ end",
    ]

    @Test(arguments: templates)
    func costGrowsNoFasterThanTheLine(_ text: String) throws {
        let template = try TemplateParser.parse(text)
        let check = TemplateCheck(template, schema: ShippedFiles.schema)
        #expect(check.problems.isEmpty)
        let set = TestRules.set(template)
        let units = [
            "a", " x ", " 1.2.3.4 port 1: ", "ab", "\"\\", "/ ", " : of 1 [preauth]", "1:",
            "::1:2",
        ]
        for unit in units {
            for count in [10, 1_000, 20_000] {
                let line = Array("a".utf8) + Array(String(repeating: unit, count: count).utf8)
                var scratch = RowScratch()
                var steps = StepCount()
                _ = set.match(
                    line.span, message: 0..<line.count, program: nil, into: &scratch,
                    steps: &steps)
                #expect(
                    steps.total <= check.cost * (line.count + 1),
                    "\(text) on \(count) × \(unit): \(steps.total) steps")
            }
        }
    }

    @Test func shippedRulesStayFarBelowTheLimit() {
        for (name, bytes) in ShippedFiles.definitions {
            let log = HisuiYAMLLog.make()
            let definition = DefinitionReader.read(
                bytes, file: name, schema: ShippedFiles.schema, log)
            for rule in definition?.rules ?? [] {
                let cost = TemplateCheck(rule.template, schema: ShippedFiles.schema).cost
                #expect(cost <= 1_024, "\(name) \(rule.id)")
            }
        }
    }
}
