import Testing

/// Files, functions and lines stay short enough to be read at once.
@Suite struct SizeTests {
    /// Files over 600 lines, each with the reason why it is not divided.
    static let longFiles: [String: String] = [:]

    /// Functions over 70 lines, each with the reason why it is not divided.
    static let longFunctions: [String: String] = [
        "Sources/HisuiParse/RuleInterpreter.swift":
            "one switch over the operations; its state is local so that it stays in registers"
    ]

    @Test func filesAreShort() {
        var breaches: [String] = []
        for file in Repository.swiftFiles {
            let count = Repository.lines(file).count - 1
            if count > 1000 {
                breaches.append("\(file): \(count) lines, more than 1000")
            } else if count > 600, Self.longFiles[file] == nil {
                breaches.append("\(file): \(count) lines, more than 600, and no reason given")
            }
        }
        report(breaches)
    }

    @Test func exceptionsAreStillNeeded() {
        report(
            Self.longFiles.keys.filter { Repository.lines($0).count - 1 <= 600 }.map {
                "\($0): no longer over 600 lines; take it off SizeTests.longFiles"
            })
    }

    @Test func linesFitAHundredColumns() {
        var breaches: [String] = []
        for file in Repository.swiftFiles {
            for (number, line) in Repository.lines(file) where line.count > 100 {
                breaches.append("\(file):\(number): \(line.count) columns, more than 100")
            }
        }
        report(breaches)
    }

    @Test func functionsFitAScreen() {
        var breaches: [String] = []
        for file in Repository.swiftFiles where Self.longFunctions[file] == nil {
            let lines = Repository.lines(file).map(\.text)
            for (start, count) in Self.functions(lines) where count > 70 {
                breaches.append("\(file):\(start + 1): function of \(count) lines, more than 70")
            }
        }
        report(breaches)
    }

    /// Index of the first line of each function, and how many lines it has, signature and braces
    /// included.
    ///
    /// Relies on the formatter: a body ends at the brace indented like its first line.
    static func functions(_ lines: [Substring]) -> [(start: Int, count: Int)] {
        lines.indices.compactMap { start in
            guard isFunction(lines[start]) else { return nil }
            let indent = indentation(lines[start])
            for end in lines.indices[(start + 1)...] {
                guard let first = lines[end].dropFirst(indent).first,
                    indentation(lines[end]) <= indent
                else { continue }
                if indentation(lines[end]) == indent, first == "}" {
                    return (start, end - start + 1)
                }
                // The end of a signature of several lines; anything else is the next declaration.
                let goesOn = first == ")" || first == "#" || lines[end].contains("where ")
                if !goesOn { return nil }
            }
            return nil
        }
    }

    private static func isFunction(_ line: Substring) -> Bool {
        let words = line.split { $0 == " " || $0 == "(" || $0 == "<" || $0 == "?" }
        let before: Set<Substring> = [
            "public", "package", "internal", "private", "fileprivate", "open", "static", "final",
            "override", "mutating", "consuming", "borrowing", "nonisolated", "convenience",
            "required", "class", "isolated",
        ]
        let word = words.first { !before.contains($0) && !$0.hasPrefix("@") }
        return word == "func" || word == "init" || word == "deinit" || word == "subscript"
    }

    private static func indentation(_ line: Substring) -> Int {
        line.prefix { $0 == " " }.count
    }

    @Test func functionsAreMeasured() {
        let text = """
            struct A {
                func short() { 1 }

                public static func long(
                    a: Int
                ) -> Int {
                    if a > 0 {
                        return 1
                    }
                    return 0
                }

                init?(b: Int) {
                }
                var initial = 3
            }
            protocol P {
                func required()
            }
            """
        let found = Self.functions(text.split(separator: "\n", omittingEmptySubsequences: false))
        #expect(found.map(\.start) == [3, 12])
        #expect(found.map(\.count) == [8, 2])
    }
}
