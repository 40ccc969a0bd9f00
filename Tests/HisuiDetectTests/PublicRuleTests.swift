import Glibc
import HisuiFile
import HisuiYAML
import Testing

@testable import HisuiDetect

/// The engine against the naive evaluator on public rules: `HISUI_SIGMA_RULES` names a directory
/// with their `rules*` folders and `regression_data`. Nothing of it is part of Hisui.
@Suite(.enabled(if: publicRules != nil)) struct PublicRuleTests {
    static let root: String? = publicRules

    private static func files(below directory: String, _ ending: String) -> [String] {
        let names = (try? RealFileSystem().list(directory)) ?? []
        return names.sorted().flatMap { name in
            let path = directory + "/" + name
            return name.hasSuffix(ending) ? [path] : files(below: path, ending)
        }
    }

    private static func bytes(_ path: String) -> [UInt8] {
        (try? RealFileSystem().bytes(path, from: 0, count: 8 << 20)) ?? []
    }

    private static func ruleFiles() -> [(name: String, bytes: [UInt8])] {
        let folders = ((try? RealFileSystem().list(root ?? "")) ?? []).filter {
            $0.hasPrefix("rules")
        }
        return folders.sorted().flatMap { files(below: "\(root ?? "")/\($0)", ".yml") }
            .map { ($0, bytes($0)) }
    }

    private static func shippedSources() throws -> (sources: LogSources, data: YAMLNode) {
        let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let text = bytes("/\(here)/rules/logsources.yaml")
        var sources = LogSources()
        let problems = sources.add(text, file: "logsources.yaml")
        #expect(problems.isEmpty, "\(problems)")
        return (sources, try YAMLDocument.parseSingle(text, file: "logsources.yaml"))
    }

    /// A value for every placeholder that some rule waits for.
    private static func placeholders(
        _ waiting: [WaitingRule]
    ) -> (engine: Placeholders, naive: [String: [String]]) {
        var naive: [String: [String]] = [:]
        for name in waiting.flatMap(\.placeholders) {
            let isAddress = name.lowercased().contains("ip_range")
            naive[name] = isAddress ? ["192.0.2.0/24"] : ["given-\(name.lowercased())", "*-given"]
        }
        let lines = naive.map { "\($0): [\($1.map { "'\($0)'" }.joined(separator: ", "))]" }
        var engine = Placeholders()
        let problems = engine.add(Array(lines.joined(separator: "\n").utf8), file: "p")
        #expect(problems.isEmpty, "\(problems)")
        return (engine, naive)
    }

    @Test func allLoadAndThoseWithPlaceholdersWait() throws {
        let files = Self.ruleFiles()
        let sources = try Self.shippedSources().sources
        let (set, refused) = RuleSet.compile(files: files, sources: sources)
        #expect(refused.isEmpty, "\(refused.prefix(5))")
        #expect(files.count > 3000 && set.count + set.waiting.count == files.count)
        let expanding = files.count {
            String(decoding: $0.bytes, as: UTF8.self).contains("|expand:")
        }
        #expect(set.waiting.count == expanding)
        let given = Self.placeholders(set.waiting).engine
        let all = RuleSet.compile(files: files, sources: sources, placeholders: given)
        #expect(all.set.count == files.count, "\(all.refused) \(all.set.waiting)")
        print("\(files.count) rules, \(set.waiting.count) of them wait for placeholders")
    }

    @Test func agreesOnEventsDerivedFromEachRule() throws {
        let files = Self.ruleFiles()
        let (sources, data) = try Self.shippedSources()
        let given = Self.placeholders(RuleSet.compile(files: files, sources: sources).set.waiting)
        var (pairs, positives, events, wrong) = (0, 0, 0, 0)
        for start in stride(from: 0, to: files.count, by: 60) {
            let part = Array(files[start..<min(start + 60, files.count)])
            let set = RuleSet.compile(
                files: part, sources: sources, placeholders: given.engine
            ).set
            var naive = NaiveRules(data: data)
            naive.placeholders = given.naive
            let nodes = try part.flatMap { try YAMLDocument.parse($0.bytes, file: $0.name) }
            naive.add(nodes)
            var detector = Detector(set)
            for (index, node) in nodes.enumerated() {
                let derived = DerivedEvents(rule: node, placeholders: given.naive).candidates()
                let own = naive.rules[index]
                func fires(_ members: [(key: String, value: NaiveJSON)]) -> Bool {
                    let event = NaiveEvent(.object(members), containers: naive.containers)
                    return naive.fires(own, event, form: "jsonl")
                }
                let positive = derived.first(where: fires)
                positives += positive == nil ? 0 : 1
                for members in Self.variants(positive ?? derived[0]) {
                    let json = NaiveJSON.object(members)
                    let event = NaiveEvent(json, containers: naive.containers)
                    let expected = naive.rules.filter {
                        naive.fires($0, event, form: "jsonl")
                    }.map(\.id)
                    var findings: [Finding] = []
                    detector.takeJSON(Array(json.text.utf8).span, number: 1, into: &findings)
                    let odd = Set(findings.map(\.ruleID)).symmetricDifference(expected)
                    if !odd.isEmpty {
                        wrong += 1
                        if wrong <= 20 { Issue.record("\(odd.sorted()) on \(json.text)") }
                    }
                    pairs += naive.rules.count
                    events += 1
                }
            }
        }
        print("\(positives) of \(files.count) rules satisfied; \(events) events, \(pairs) pairs")
        #expect(wrong == 0)
        #expect(positives * 100 >= files.count * 90)
    }

    /// The event, with a value broken, left out, in capitals, the members in other order, and as
    /// one of another channel.
    private static func variants(
        _ members: [(key: String, value: NaiveJSON)]
    ) -> [[(key: String, value: NaiveJSON)]] {
        var all = [members, members.reversed()]
        all.append(
            members.map { member -> (key: String, value: NaiveJSON) in
                guard case .string(let text) = member.value else { return member }
                return (member.key, .string(text.uppercased()))
            })
        for index in members.indices.prefix(3) {
            var broken = members
            if case .string(let text) = broken[index].value, let last = text.last {
                broken[index].value = .string("\(text.dropLast())\(last == "~" ? "#" : "~")")
                all.append(broken)
                broken[index].value = .string("~\(text.dropFirst())")
            }
            all.append(broken)
            broken.remove(at: index)
            all.append(broken)
        }
        all.append(members + [("Channel", .string("Other/Operational"))])
        all.append(members + [("hisui.parser", .string("other.parser"))])
        return all
    }

    @Test func eachRecordedEventFiresItsRule() throws {
        let (sources, data) = try Self.shippedSources()
        let files = Self.ruleFiles()
        let given = Self.placeholders(RuleSet.compile(files: files, sources: sources).set.waiting)
        let set = RuleSet.compile(files: files, sources: sources, placeholders: given.engine).set
        var naive = NaiveRules(data: data)
        naive.placeholders = given.naive
        naive.add(try files.flatMap { try YAMLDocument.parse($0.bytes, file: $0.name) })
        var detector = Detector(set)
        var (pairs, firing, silent) = (0, 0, [String]())
        let recorded = Self.files(below: "\(Self.root ?? "")/regression_data", ".json")
        for path in recorded {
            let directory = path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex)
            let info = try YAMLDocument.parseSingle(
                Self.bytes("\(directory)/info.yml"), file: "info.yml")
            let id = info["rule_metadata"]?.sequence?.first?["id"]?.text ?? ""
            var own = false
            for json in NaiveJSON.documents(String(decoding: Self.bytes(path), as: UTF8.self)) {
                let event = NaiveEvent(json, containers: naive.containers)
                let expected = naive.rules.filter { naive.fires($0, event, form: "jsonl") }
                var findings: [Finding] = []
                detector.takeJSON(Array(json.text.utf8).span, number: 1, into: &findings)
                let found = Set(findings.map(\.ruleID))
                let odd = found.symmetricDifference(expected.map(\.id))
                #expect(odd.isEmpty, "\(odd.sorted()) on \(path)")
                own = own || found.contains(id)
                pairs += naive.rules.count
                firing += found.count
            }
            if !own { silent.append("\(id) \(path.split(separator: "/").last ?? "")") }
        }
        print("\(recorded.count) recordings, \(pairs) pairs, \(firing) firings; silent: \(silent)")
        #expect(recorded.count > 100 && silent.isEmpty)
    }
}

// Safe: the environment is not changed while the tests run.
private let publicRules: String? = unsafe getenv("HISUI_SIGMA_RULES").map {
    unsafe String(cString: $0)
}
