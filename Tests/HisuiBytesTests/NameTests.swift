import Testing

@testable import HisuiBytes

@Suite struct NearestNameTests {
    @Test(
        arguments: [
            ("retention", "retention"), ("retenton", "retention"), ("ertention", "retention"),
            ("Zones", "zones"), ("zone", "zones"), ("soruces", "sources"), ("xyz", nil), ("", nil),
            ("a", nil), ("retentionnnnn", "retention"), ("retentionnnnnn", nil),
            ("listen_adresss", "listen_address"),
        ] as [(String, String?)])
    func suggestions(name: String, expected: String?) {
        let names = ["zones", "sources", "retention", "listen_address", "id"]
        #expect(NearestName.suggestion(for: name, in: names) == expected)
    }

    @Test func theFirstOfEquallyNearOnes() {
        #expect(NearestName.suggestion(for: "bat", in: ["cat", "hat"]) == "cat")
        #expect(NearestName.suggestion(for: "xy", in: ["ab"]) == nil)
    }

    /// Against the recursive definition, over all short words.
    @Test func distance() {
        func slow(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
            guard let x = a.last, let y = b.last else { return max(a.count, b.count) }
            let (c, d) = (a.dropLast(), b.dropLast())
            var best = min(slow(c, b) + 1, slow(a, d) + 1, slow(c, d) + (x == y ? 0 : 1))
            if let v = c.last, let w = d.last, x == w, v == y {
                best = min(best, slow(c.dropLast(), d.dropLast()) + 1)
            }
            return best
        }
        var bad = 0
        withEvery([UInt8]("ab"), upTo: 4) { a in
            withEvery([UInt8]("abc"), upTo: 4) { b in
                if NearestName.distance(a, b) != slow(a[...], b[...]) { bad += 1 }
            }
        }
        #expect(bad == 0)
    }
}

@Suite struct GlobTests {
    @Test(arguments: [
        ("*.log", "a.log", true), ("*.log", "d/a.log", false), ("**/*.log", "d/e/a.log", true),
        ("**/*.log", "a.log", true), ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "axb", false), ("a/**", "a/x/y", true), ("a/**", "a", false), ("**", "", true),
        ("a**b", "ax/yb", true), ("?", "翡", true), ("?", "/", false), ("?", "ab", false),
        ("[a-c]", "b", true), ("[!a-c]", "b", false), ("[^a-c]", "d", true), ("[]]", "]", true),
        ("[!]]", "]", false), ("[a-]", "-", true), ("[あ-ん]", "か", true), ("[", "[", true),
        ("[a", "[a", true), ("[^/]", "/", false), ("\\*", "*", true), ("\\*", "a", false),
        ("[\\]]", "]", true), ("", "", true), ("", "a", false), ("*", "", true), ("*", ".a", true),
        ("/var/log/**/*.log", "/var/log/a/b.log", true), ("**/a/**/b", "x/a/y/a/b", true),
        ("\\", "\\", true), ("*a*b/c", "xabab/c", true),
    ])
    func examples(pattern: String, path: String, expected: Bool) {
        #expect(Glob.match(pattern, path) == expected)
    }

    /// The definition: tries every way.
    private func slow(_ p: ArraySlice<UInt8>, _ t: ArraySlice<UInt8>, start: Bool) -> Bool {
        let slash = UInt8(ascii: "/")
        guard let first = p.first else { return t.isEmpty }
        if first == UInt8(ascii: "*") {
            let stars = p.prefix { $0 == first }.count
            let rest = p.dropFirst(stars)
            if stars >= 2, start, rest.first == slash {
                let inner = rest.dropFirst()
                return ([t.startIndex] + t.indices.filter { t[$0] == slash }.map { $0 + 1 })
                    .contains { slow(inner, t[$0...], start: true) }
            }
            return (t.startIndex...t.endIndex).contains {
                (stars >= 2 || !t[..<$0].contains(slash)) && slow(rest, t[$0...], start: false)
            }
        }
        guard let next = t.first else { return false }
        let fits = first == UInt8(ascii: "?") ? next != slash : first == next
        return fits && slow(p.dropFirst(), t.dropFirst(), start: first == slash)
    }

    @Test func everyShortPatternAndPath() {
        var paths: [[UInt8]] = []
        withEvery([UInt8]("ab/"), upTo: 4) { paths.append($0) }
        var bad: [String] = []
        withEvery([UInt8]("a*/b?"), upTo: 5) { pattern in
            for path in paths {
                if Glob.match(pattern.span, path.span)
                    != slow(pattern[...], path[...], start: true)
                {
                    bad.append("\(pattern.text) \(path.text)")
                }
            }
        }
        #expect(bad.isEmpty, "\(bad.count): \(bad.prefix(5))")
    }

    @Test func longerOnesAtRandom() {
        var random = Randomness()
        var bad: [String] = []
        for _ in 0..<30_000 {
            let pattern = random.bytes(9, of: [UInt8]("a*/b**?"))
            let path = random.bytes(9, of: [UInt8]("ab/"))
            if Glob.match(pattern.span, path.span) != slow(pattern[...], path[...], start: true) {
                bad.append("\(pattern.text) \(path.text)")
            }
        }
        #expect(bad.isEmpty, "\(bad.prefix(5))")
    }
}
