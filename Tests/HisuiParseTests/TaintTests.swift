import HisuiEvent
import Testing

@testable import HisuiParse

/// Nobody who writes a field decides what another one says.
@Suite struct TaintTests {
    static let samples = """
          - line: "none"
            is: { rule: one }
          - reject: "goodbye"
        """

    static func lint(_ line: String, untrusted: String = "user.name") throws -> TaintLint.Result {
        TaintLint.check(
            try TemplateParser.parse(line),
            untrusted: Set(untrusted.split(separator: ",").map(String.init)),
            schema: ShippedFiles.schema)
    }

    @Test(arguments: [
        "failed for {user.name:text} from {source.ip:ip}",
        "failed for {user.name:user} from {source.ip:ip} port {source.port:port}",
        "failed for {user.name:user} at {_:text} from {source.ip:ip}",
        "failed for {user.name:word}:{source.ip:ip}",
        "failed for {user.name:word} from {source.ip:ip}: {event.reason:rest}",
        "failed for {user.name:user} [[from {source.ip:ip} ]]x",
        "failed for {user.name:user}[[ by {user.target.name:word}]]",
    ])
    func refused(_ line: String) throws {
        let result = try Self.lint(line)
        #expect(result.problems.count == 1, "\(line)")
        #expect(result.problems.first?.hint.contains(">}") == true)
    }

    @Test(arguments: [
        "failed for {user.name:user>} from {source.ip:ip}",
        "failed for {user.name:quoted} from {source.ip:ip} {_:rest}",
        "failed from {source.ip:ip} for {user.name:text}",
        "failed for {user.name:word} from {source.ip:ip}",
        "failed for {user.name:user} on {process.tty:word}",
        "failed for {user.name:user>} {source.ip:ip} port {source.port:port}[[ [preauth]]]",
    ])
    func accepted(_ line: String) throws {
        let result = try Self.lint(line)
        #expect(result.problems.isEmpty && result.checks.isEmpty, "\(line)")
    }

    @Test func twoUntrustedFieldsAroundASecurityFieldMakeLinesAmbiguous() throws {
        let text = TestRules.yaml(
            line: "in {process.working_directory:text} as {user.target.name:text} run "
                + "{process.command_line:rest}",
            untrusted: "process.working_directory, process.command_line",
            samples: """
                  - line: "in /tmp as root run /bin/id"
                    is: { rule: one, user.target.name: root, hisui.flags: ~ }
                  - line: "in /tmp as root run /bin/echo x as nobody run y"
                    hostile: true
                    is: { rule: one, user.target.name: root, hisui.flags: ambiguous }
                  - reject: "goodbye"
                """)
        let (set, diagnostics) = TestRules.compile(text)
        #expect(diagnostics.isEmpty, "\(diagnostics)")
        #expect(set.members.count == 1)
    }

    @Test func refusalNamesPlaceReasonAndWayOut() {
        let text = TestRules.yaml(
            line: "failed for {user.name:text} from {source.ip:ip}", untrusted: "user.name",
            samples: Self.samples)
        #expect(
            TestRules.problems(text).contains {
                $0.hasPrefix(
                    "test.yaml:7:23: whoever writes `user.name` could put ` from ` into it")
                    && $0.contains("write {user.name:text>}")
            })
    }

    /// Whatever a name says, the address is the one that sshd wrote.
    @Test func forgedNamesNeverChangeTheAddress() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Seeded(seed)
        let (set, _) = DefinitionSet.compile(
            files: ShippedFiles.definitions, schema: ShippedFiles.schema)
        let runner = SampleRunner(set: set)
        let parts = [
            " from ", "198.51.100.1", " port ", "22", " ssh2", ": ", "x", " ", "invalid user ",
            " [preauth]", "authenticating user ", "RSA SHA256:abc", "\"", " not allowed because ",
            "]", "[ Failed password for ", "  user=root", " rhost=198.51.100.1", "(uid=0)",
        ]
        let frames = [
            ("Failed password for invalid user ", " from 192.0.2.9 port 4711 ssh2"),
            ("Failed publickey for ", " from 192.0.2.9 port 4711 ssh2: RSA SHA256:def"),
            ("Accepted password for ", " from 192.0.2.9 port 4711 ssh2"),
            ("Invalid user ", " from 192.0.2.9 port 4711"),
            ("Connection closed by invalid user ", " 192.0.2.9 port 4711 [preauth]"),
            ("Disconnected from user ", " 192.0.2.9 port 4711"),
            (
                "Disconnecting invalid user ",
                " 192.0.2.9 port 4711: Too many authentication failures [preauth]"
            ),
            (
                "error: maximum authentication attempts exceeded for invalid user ",
                " from 192.0.2.9 port 4711 ssh2 [preauth]"
            ),
            ("User ", " from 192.0.2.9 not allowed because not listed in AllowUsers"),
            ("message repeated 2 times: [ Failed password for ", " from 192.0.2.9 port 4711 ssh2]"),
        ]
        for (before, after) in frames {
            let honest = runner.outcome(
                of: Array((before + "tanaka" + after).utf8), program: Array("sshd".utf8))
            #expect(honest?.values["source.ip"] == "192.0.2.9", "\(before)")
            for _ in 0..<2_000 {
                let count = Int.random(in: 1...8, using: &random)
                let name = (0..<count).map { _ in parts.randomElement(using: &random)! }.joined()
                let line = before + name + after
                let found = runner.outcome(of: Array(line.utf8), program: Array("sshd".utf8))
                guard let found else { continue }
                let address = found.values["source.ip"]
                #expect(address == nil || address == "192.0.2.9", "seed \(seed): \(line)")
                #expect(
                    found.values["event.outcome"] == honest?.values["event.outcome"],
                    "seed \(seed): \(line)")
            }
        }
    }
}
