import Testing

/// Capital directories hold code, lower-case ones data and words; a file is named for its type.
@Suite struct PlacementTests {
    static let codeDirectories: Set = ["Sources", "Tests", "Fuzz", "Bench"]

    /// Swift files outside, each with its reason.
    static let outside: Set = ["Package.swift"]

    /// Names for what has no place of its own yet; such things belong to somebody.
    static let vagueNames: Set = [
        "util", "utils", "utility", "utilities", "helper", "helpers", "misc", "common", "shared",
        "placeholder",
    ]

    @Test func codeStandsInCapitalDirectories() {
        report(
            Repository.files(below: "", ending: ".swift").filter { file in
                let top = file.split(separator: "/")[0]
                return !Self.codeDirectories.contains(String(top)) && !Self.outside.contains(file)
            }.map { "\($0): code in a directory of data or words" })
    }

    @Test func nothingElseIsCapital() {
        report(
            Repository.entries("").filter { name in
                let isCapital = name.first?.isUppercase ?? false
                return Repository.isDirectory(name)
                    && isCapital != Self.codeDirectories.contains(name)
            }.map { "\($0): capital letters are for code, lower-case ones for data and words" })
    }

    @Test func filesAreNamedForTheirType() {
        var breaches: [String] = []
        for file in Repository.swiftFiles {
            let parts = file.split(separator: "/")
            let stem = parts[parts.count - 1].dropLast(".swift".count)
            if !(stem.first?.isUppercase ?? false) {
                breaches.append("\(file): a Swift file is named for the type it holds")
            }
            for part in parts.dropLast() + [stem]
            where Self.vagueNames.contains(part.lowercased()) {
                breaches.append("\(file): \(part) says nothing; name what it holds")
            }
        }
        report(breaches)
    }

    /// `Tests/<Target>Tests` for a target, or one of those that test the whole.
    @Test func testsStandBesideTheirTarget() {
        let targets = Set(Repository.entries("Sources"))
        report(
            Repository.entries("Tests").filter { name in
                let target = name.hasSuffix("Tests") ? String(name.dropLast(5)) : name
                let whole: Set = [
                    "Tidy", "Scenario", "Goldens", "HisuiTesting", "DiskCampaign",
                    "KillCampaign", "QueryCampaign",
                ]
                return !targets.contains(target) && !whole.contains(target)
            }.map { "Tests/\($0): no target of that name" })
    }
}
