import Testing

/// A fuzzer that the manifest does not name is never built.
@Suite struct FuzzTests {
    /// All but what they share.
    static let directories = Repository.entries("Fuzz").filter {
        Repository.isDirectory("Fuzz/" + $0) && $0 != "Support"
    }

    @Test func everyFuzzerIsInManifestAndReadme() {
        let manifest = Repository.text("Package.swift")
        let readme = Repository.text("Fuzz/README.md")
        var breaches: [String] = []
        for name in Self.directories {
            if !manifest.contains("fuzzer(\"\(name)\"") {
                breaches.append("Fuzz/\(name): not in Package.swift")
            }
            if !readme.contains("`\(name)`") {
                breaches.append("Fuzz/\(name): not in Fuzz/README.md")
            }
        }
        report(breaches)
    }

    @Test func everyFuzzerHasItsEntry() {
        report(
            Self.directories.filter {
                !Repository.text("Fuzz/\($0)/\($0).swift").contains("LLVMFuzzerTestOneInput")
            }.map { "Fuzz/\($0): no \($0).swift with LLVMFuzzerTestOneInput" })
    }
}
