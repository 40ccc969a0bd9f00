import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiDetect

/// What rules make of events.
struct Run {
    var findings: [Finding]
    var refused: [String]
    /// The rest of a finding left out: rule and events.
    var events: [String: [[UInt64]]] {
        Dictionary(grouping: findings, by: \.ruleID).mapValues { $0.map { $0.events.map(\.index) } }
    }
}

let testSources = """
    logsources:
      - { product: windows, input: jsonl }
      - { product: windows, service: security, when: { Channel: [Security] } }
      - { product: other, only: { Channel: [own] } }
      - { product: linux, service: sshd, when: { process.name: [sshd] } }
    aliases:
      Image: [process.executable]
      EventID: [winlog.event_id]
    entities:
      user.name: [TargetUserName]
      source.ip: [IpAddress]
    containers: [winlog.event_data, Event.EventData, Event.UserData.*]
    times: ["@timestamp", t]
    """

func compile(_ text: String) -> (set: RuleSet, refused: [String]) {
    var sources = LogSources()
    let problems = sources.add(Array(testSources.utf8), file: "logsources.yaml")
    #expect(problems.isEmpty, "\(problems)")
    let (set, refused) = RuleSet.compile(files: [("r.yaml", Array(text.utf8))], sources: sources)
    return (set, refused.map(\.description))
}

func run(_ text: String, _ lines: [String]) -> Run {
    let (set, refused) = compile(text)
    var detector = Detector(set)
    var findings: [Finding] = []
    for (index, line) in lines.enumerated() {
        detector.takeJSON(Array(line.utf8).span, number: UInt64(index + 1), into: &findings)
    }
    detector.finish(into: &findings)
    #expect(detector.malformed == 0)
    return Run(findings: findings, refused: refused)
}

/// A rule with one selection, which is what stands below `selection:`.
func rule(_ selection: String, condition: String = "selection", id: String = "r") -> String {
    let lines = selection.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
    return """
        title: Rule \(id)
        id: \(id)
        logsource: { product: test }
        detection:
          selection:
        \(lines)
          condition: \(condition)
        level: low
        """
}

/// Whether a selection fits an event.
func fits(_ selection: String, _ event: String) -> Bool {
    let result = run(rule(selection), [event])
    #expect(result.refused.isEmpty, "\(result.refused)")
    return !result.findings.isEmpty
}

/// Numbers from a seed, which a failing test prints.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Hash64.mix(state, 0xD6E8_FEB8_6659_FD93)
    }
}
