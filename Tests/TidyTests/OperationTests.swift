import Testing

/// Programs in ops/ can be started, and shell scripts among them stop at the first failure.
@Suite struct OperationTests {
    @Test func programsHaveTheRunBit() {
        report(
            Repository.files(below: "ops").filter {
                Repository.text($0).hasPrefix("#!") != Repository.isExecutable($0)
            }.map { "\($0): run bit and `#!` line go together" })
    }

    @Test func shellScriptsStopAtFailures() {
        var breaches: [String] = []
        for file in Repository.files(below: "ops") {
            let lines = Repository.lines(file).map(\.text)
            guard let first = lines.first, first.hasPrefix("#!"), first.hasSuffix("sh")
            else { continue }
            if !lines.contains("set -euo pipefail") {
                breaches.append("\(file): no line `set -euo pipefail`")
            }
        }
        report(breaches)
    }
}
