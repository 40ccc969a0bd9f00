import Testing

/// Documents that nobody can find or that lead nowhere.
@Suite struct DocumentTests {
    static let documents = Repository.files(below: "", ending: ".md")

    @Test func documentsBeginWithAHeading() {
        report(
            Self.documents.filter { $0.hasPrefix("docs/") }
                .filter { !(Repository.text($0).hasPrefix("# ")) }
                .map { "\($0):1: no first-level heading" })
    }

    @Test func documentsAreLinked() {
        var linked: Set<String> = []
        for document in Self.documents {
            linked.formUnion(Self.links(in: document).map(\.target).filter { $0 != document })
        }
        report(
            Self.documents.filter { $0.hasPrefix("docs/") && !linked.contains($0) }
                .map { "\($0): no other document links to it" })
    }

    @Test func linksLeadSomewhere() {
        var breaches: [String] = []
        for document in Self.documents {
            for (line, target) in Self.links(in: document) where !Repository.exists(target) {
                breaches.append("\(document):\(line): no \(target)")
            }
        }
        report(breaches)
    }

    /// Targets inside the repository of the links `[text](target)` of a document, from the root.
    static func links(in document: String) -> [(line: Int, target: String)] {
        let directory = document.split(separator: "/").dropLast().map(String.init)
        return Repository.lines(document).flatMap { line in
            line.text.split(separator: "](", omittingEmptySubsequences: false).dropFirst()
                .compactMap { rest -> (line: Int, target: String)? in
                    let link = rest.prefix { $0 != ")" && $0 != "#" && $0 != " " }
                    guard !link.isEmpty, !link.contains(":") else { return nil }
                    return (line.number, resolve(link, from: directory))
                }
        }
    }

    static func resolve(_ link: Substring, from directory: [String]) -> String {
        var parts = link.hasPrefix("/") ? [] : directory
        for part in link.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    @Test func relativeLinksAreResolved() {
        #expect(Self.resolve("../a.md", from: ["docs", "x"]) == "docs/a.md")
        #expect(Self.resolve("./a.md", from: ["docs"]) == "docs/a.md")
        #expect(Self.resolve("/a.md", from: ["docs"]) == "a.md")
        #expect(Self.resolve("b/c.md", from: []) == "b/c.md")
    }
}
