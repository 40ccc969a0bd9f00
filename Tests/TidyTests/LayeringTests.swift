import Testing

/// A target imports only targets of a lower rank, never one of its own: SwiftPM does not see to it.
@Suite struct LayeringTests {
    /// The ranks of docs and manifest.
    ///
    /// A new target is added here first.
    static let ranks: [String: Int] = [
        "CHisui": 0, "CLinux": 0, "CSystemd": 0, "CZlib": 0, "CZstd": 0, "CYAML": 0, "CCrypto": 0,
        "CSSL": 0, "CTLS": 1,
        "HisuiBytes": 1, "HisuiYAML": 1,
        "HisuiEvent": 2, "HisuiShape": 2, "HisuiFile": 2,
        "HisuiCollect": 3, "HisuiParse": 3, "HisuiDetect": 3, "HisuiProof": 3, "HisuiPolicy": 3,
        "HisuiState": 3,
        "HisuiStore": 4, "HisuiAlert": 4,
        "HisuiQuery": 5,
        "HisuiEvidence": 6, "HisuiConduit": 6,
        "HisuiPipeline": 7,
        "HisuiServer": 8,
        "hisui": 9,
    ]

    /// What comes with the toolchain and may be imported anywhere.
    static let toolchain: Set = ["Glibc", "Synchronization"]

    /// Other people's packages, by the lowest rank that may import them.
    static let packages: [String: Int] = [
        "Logging": 7, "ServiceLifecycle": 7, "UnixSignals": 7, "ArgumentParser": 9,
    ]

    @Test func everyTargetHasARank() {
        report(
            Repository.entries("Sources").filter { Self.ranks[$0] == nil }.map {
                "Sources/\($0): no rank in LayeringTests.ranks"
            })
    }

    @Test(arguments: Repository.entries("Sources"))
    func importsPointDown(target: String) {
        let rank = Self.ranks[target] ?? 0
        var breaches: [String] = []
        for file in Repository.files(below: "Sources/" + target, ending: ".swift") {
            for (number, line) in Repository.lines(file) {
                guard let module = Self.imported(line), !Self.toolchain.contains(module)
                else { continue }
                guard let other = Self.ranks[module] ?? Self.packages[module].map({ $0 - 1 }) else {
                    breaches.append("\(file):\(number): unknown module \(module)")
                    continue
                }
                if other >= rank {
                    breaches.append(
                        "\(file):\(number): rank \(rank) must not import \(module) of rank \(other)"
                    )
                }
            }
        }
        report(breaches)
    }

    /// The module that a line imports.
    static func imported(_ line: Substring) -> String? {
        var words = line.split(separator: " ")
        let modifiers: Set<Substring> = ["public", "package", "internal", "private", "fileprivate"]
        while let first = words.first, modifiers.contains(first) || first.hasPrefix("@") {
            words.removeFirst()
        }
        guard words.count >= 2, words[0] == "import" else { return nil }
        let kinds: Set<Substring> = [
            "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
        ]
        let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
        return name.split(separator: ".").first.map(String.init)
    }

    @Test(
        arguments: [
            ("import Glibc", "Glibc"), ("public import HisuiBytes", "HisuiBytes"),
            ("@testable import HisuiStore", "HisuiStore"), ("import struct Glibc.stat", "Glibc"),
            ("@preconcurrency public import CZstd", "CZstd"), ("// import HisuiStore", nil),
            ("let import = 1", nil), ("imports", nil),
        ] as [(String, String?)])
    func importLinesAreRead(line: String, module: String?) {
        #expect(Self.imported(line[...]) == module)
    }
}
