import Glibc
import HisuiPolicy
import HisuiYAML

/// A small valid configuration, some of whose five lines are replaced; `extra` begins in line 6.
func text(_ lines: [String: String] = [:], extra: String = "") -> String {
    let whole = [
        ("organisation", "{name: City}"), ("zone", "a"), ("zones", "[{id: a, name: A}]"),
        ("store", "/s"), ("sources", "[{journal: {local: true}}]"),
    ]
    let kept = whole.map { key, value in "\(key): \(lines[key] ?? value)" }
    return kept.joined(separator: "\n") + "\n" + extra
}

/// Everything that is wrong with a text, as printed, without the file's name.
func problems(_ text: String) -> [String] {
    let (configuration, diagnostics) = Configuration.load(Array(text.utf8), file: "f")
    let isRight = (configuration != nil) == diagnostics.isEmpty
    return (isRight ? [] : ["neither accepted nor refused"])
        + diagnostics.map { String($0.description.dropFirst(2)) }
}

func problems(_ lines: [String: String], extra: String = "") -> [String] {
    problems(text(lines, extra: extra))
}

/// What is wrong with a list of sources, one a line from line 6 on.
func sourceProblems(_ sources: String...) -> [String] {
    problems(sourcesText(sources))
}

func sourcesText(_ sources: [String]) -> String {
    text(["sources": ""]) + sources.map { "- " + $0 + "\n" }.joined()
}

func loaded(_ text: String) -> Configuration? {
    Configuration.load(Array(text.utf8), file: "f").configuration
}

/// A seed for random tests: the one in `HISUI_SEED`, so that a failure can be had again.
func randomSeed() -> UInt64 {
    // Safe: nothing in the tests changes the environment.
    let given = unsafe getenv("HISUI_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
    return given ?? .random(in: .min ... .max)
}
