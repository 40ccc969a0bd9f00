import HisuiBytes
import HisuiShape
import HisuiYAML

/// Reads the samples of a definition, and checks that there are enough of them.
struct SampleReader {
    let schema: Schema
    let log: Diagnostics

    func read(_ node: YAMLNode) -> Definition.Sample? {
        guard var reader = MappingReader(node, "sample", log) else { return nil }
        let reject = reader.string("reject")
        let line = reader.string("line")
        let record = reader.string("record")
        let lines = (reader.strings("lines") ?? []).map(\.text)
        let program = reader.string("program")
        let isHostile = reader.bool("hostile") ?? false
        _ = reader.string("about")
        let expected = reader.mapping("is")
        reader.finish()
        let given = [reject, line, record, lines.last].compactMap { $0 }
        guard given.count == 1, let text = given.first else {
            log.report(
                node, "a sample needs one of `line`, `lines`, `record` and `reject`, and only one",
                hint: "`lines` are the records of one event; `is` says what stands at the last")
            return nil
        }
        var expectation = Definition.Sample.Expectation.reject
        if reject == nil {
            guard let expected else {
                log.report(node, "the sample does not say what it `is`")
                return nil
            }
            guard let read = self.expectation(expected) else { return nil }
            expectation = read
        } else if expected != nil {
            log.report(node, "a rejected sample is nothing: remove `is`")
        }
        return Definition.Sample(
            line: text, lines: lines, isRecord: record != nil, program: program,
            expectation: expectation,
            isHostile: isHostile, node: node)
    }

    private func expectation(_ given: MappingReader) -> Definition.Sample.Expectation? {
        var reader = given
        if let text = reader.string("nested") {
            reader.finish()
            return .nested(text)
        }
        guard let rule = reader.string("rule", required: true) else { return nil }
        var fields: [(name: String, value: String?, node: YAMLNode)] = []
        for (key, value) in reader.node.mapping ?? [] where key.text != "rule" {
            guard let name = key.text else { continue }
            if schema[name] == nil, !name.hasPrefix(Shape.unmapped) {
                log.report(key, "unknown field \(key.quoted)", hint: schema.hint(for: name))
            } else if let text = value.text {
                fields.append((name, value.isNull ? nil : text, value))
            } else {
                log.report(value, "`\(name)` needs one value")
            }
        }
        return .rule(rule, fields: fields)
    }

    /// Every rule needs a sample, every file a rejected line, every untrusted field a hostile one.
    func checkCoverage(
        _ samples: [Definition.Sample], rules: [Definition.Rule], untrusted: Set<String>,
        _ root: YAMLNode
    ) {
        var covered: Set<String> = []
        var hostile: Set<String> = []
        var hasReject = false
        for sample in samples {
            guard case .rule(let id, _) = sample.expectation else {
                if case .nested = sample.expectation {
                    log.report(sample.node, "a line of templates has no message inside")
                }
                hasReject = true
                continue
            }
            guard let rule = rules.first(where: { $0.id == id }) else {
                let hint = NearestName.suggestion(for: id, in: rules.map(\.id))
                log.report(
                    sample.node, "the sample names the rule `\(id)`, which does not exist",
                    hint: hint.map { "did you mean `\($0)`?" } ?? "")
                continue
            }
            covered.insert(id)
            guard sample.isHostile else { continue }
            rule.template.forEachCapture { capture, _ in
                if let field = capture.field { hostile.insert(field) }
            }
        }
        for rule in rules where !covered.contains(rule.id) {
            log.report(
                rule.node, "the rule `\(rule.id)` has no sample",
                hint: "add - { line: …, is: { rule: \(rule.id), … } } under samples")
        }
        if !hasReject {
            log.report(
                root["samples"] ?? root, "no sample is rejected",
                hint: "add - reject: with a line that looks alike and means something else")
        }
        var captured: Set<String> = []
        for rule in rules {
            rule.template.forEachCapture { capture, _ in
                if let field = capture.field { captured.insert(field) }
            }
        }
        for field in untrusted.sorted() where captured.contains(field) && !hostile.contains(field) {
            log.report(
                root["untrusted"] ?? root, "no hostile sample tries to lie through `\(field)`",
                hint: "add a sample with `hostile: true` in which it holds the text that ends it")
        }
    }
}
