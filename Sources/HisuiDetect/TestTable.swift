/// The fields and tests of all rules, each once, by number.
struct TestTable {
    /// Names in order of preference: the field's own, then its aliases.
    private(set) var names: [[String]] = []
    private(set) var tests: [FieldTest] = []
    private var fieldNumbers: [String: Int] = [:]
    private var testNumbers: [FieldTest: Int] = [:]
    private let aliases: [String: [String]]

    init(aliases: [String: [String]]) { self.aliases = aliases }

    mutating func field(_ name: String) -> Int {
        if let number = fieldNumbers[name] { return number }
        let number = names.count
        fieldNumbers[name] = number
        names.append([name] + (aliases[name] ?? []).filter { $0 != name })
        return number
    }

    /// The number of what a finding calls `name`: looked for under the names given, and under no
    /// alias a rule might use.
    mutating func entity(_ name: String, _ fields: [String]) -> Int {
        let key = "entity " + name
        if let number = fieldNumbers[key] { return number }
        fieldNumbers[key] = names.count
        names.append([name] + fields.filter { $0 != name })
        return names.count - 1
    }

    mutating func test(_ test: FieldTest) -> Expression {
        if let number = testNumbers[test] { return .test(number) }
        testNumbers[test] = tests.count
        tests.append(test)
        return .test(tests.count - 1)
    }
}
