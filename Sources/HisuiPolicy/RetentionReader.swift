import HisuiBytes
import HisuiEvent
import HisuiYAML

/// A file of `retention/` to classes.
///
///     retention: municipal            id of the policy
///     version: 1
///     name: …    name_ja: …           of the policy
///     basis: …                        \  for classes that have none of their own
///     approved_by: ""                  > empty: the classes only plan
///     approved_on: ""                 /
///     classes:
///       - class: municipal-3a
///         also: [自治体機密性3A]
///         name: …    name_ja: …
///         keep: 5y                    90d, 6m, 3y, forever
///         count_from: fiscal_year_end received
///         basis, approved_by, approved_on
struct RetentionReader {
    private let log: Diagnostics
    private let texts: ConfigurationReader

    init(_ log: Diagnostics) {
        self.log = log
        texts = ConfigurationReader(log, include: { _ in nil })
    }

    /// The classes with their places; meaningful only if nothing was reported.
    func read(_ bytes: [UInt8], file: String) -> [(YAMLNode, RetentionClass)] {
        let root: YAMLNode
        do throws(YAMLError) {
            root = try YAMLDocument.parseSingle(bytes, file: file)
        } catch {
            log.report(error.diagnostic)
            return []
        }
        guard var top = MappingReader(root, "a retention policy", log) else { return [] }
        let policy = top.stringNode("retention", required: true).flatMap {
            texts.shortID($0, "a retention policy")
        }
        _ = top.int("version", in: 1...1_000_000, required: true)
        _ = texts.names(&top)
        let general = Common(
            basis: text(&top, "basis") ?? "", approval: approval(&top) ?? nil)
        let nodes = top.list("classes", required: true) ?? []
        top.finish()
        guard
            texts.bounded(
                nodes, Limits.retentionClassesMax, least: 1, top, "classes", "classes")
        else { return [] }
        var seen: [String: YAMLNode] = [:]
        let digest = SHA256.of(bytes.span)
        return nodes.compactMap { node in
            guard var found = self.class(node, general, &seen) else { return nil }
            found.policy = policy ?? ""
            found.file = file
            found.digest = digest
            return (node, found)
        }
    }

    private struct Common {
        var basis: String
        var approval: RetentionClass.Approval?
    }

    private func `class`(
        _ node: YAMLNode, _ general: Common, _ seen: inout [String: YAMLNode]
    ) -> RetentionClass? {
        guard var reader = MappingReader(node, "a retention class", log) else { return nil }
        let given = reader.stringNode("class", required: true)
        let id = given.flatMap { texts.shortID($0, "a retention class") }
        let aliases = (reader.strings("also", orOne: true) ?? []).compactMap { alias in
            texts.className(alias).flatMap { name in
                texts.isFirst(name, alias.node, &seen, "the class") ? name : nil
            }
        }
        let names = texts.names(&reader)
        let keep = reader.stringNode("keep", required: true)
        let term = keep.flatMap { keep -> RetentionTerm? in
            if let term = RetentionTerm(keep.text) { return term }
            log.report(
                keep.node, "\(keep.node.quoted) is no term",
                hint: "write it like 90d, 6m, 3y (at most \(Limits.retentionYearsMax) years) "
                    + "or forever")
            return nil
        }
        let start = reader.choice(
            "count_from", of: RetentionTerm.Start.allCases.map(\.rawValue), required: true)
        let basis = text(&reader, "basis") ?? general.basis
        // A class that says anything about its approval says all of it.
        let approval = approval(&reader) ?? general.approval
        reader.finish()
        guard let given, let id, let names, let term,
            let start = start.flatMap(RetentionTerm.Start.init),
            texts.isFirst(id, given.node, &seen, "the class")
        else { return nil }
        return RetentionClass(
            id: id, aliases: aliases, name: names.0, nameJapanese: names.1, term: term,
            start: start, basis: basis, approval: approval, policy: "", file: "", digest: [])
    }

    /// Text that may be empty.
    private func text(_ reader: inout MappingReader, _ key: String) -> String? {
        guard let given = reader.stringNode(key) else { return nil }
        return given.text.isEmpty ? "" : texts.label(given)
    }

    /// Who and when, both or neither; `.some(nil)` where they are said to be empty, nil where
    /// nothing is said.
    private func approval(_ reader: inout MappingReader) -> RetentionClass.Approval?? {
        let by = reader.stringNode("approved_by")
        let on = reader.stringNode("approved_on")
        guard by != nil || on != nil else { return nil }
        let person = by.map(\.text) ?? ""
        let date = on.map(\.text) ?? ""
        if person.isEmpty, date.isEmpty { return .some(nil) }
        guard let by, let on, !person.isEmpty, !date.isEmpty else {
            reader.report(
                person.isEmpty ? "approved_by" : "approved_on",
                person.isEmpty
                    ? "`approved_on` without `approved_by`" : "`approved_by` without `approved_on`",
                hint: "give both, or leave both empty: then nothing is deleted")
            return .some(nil)
        }
        guard let name = texts.label(by), let day = texts.day(on, "an approval") else {
            return .some(nil)
        }
        return .some(RetentionClass.Approval(by: name, on: day))
    }
}
