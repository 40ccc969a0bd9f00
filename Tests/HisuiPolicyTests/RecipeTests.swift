import HisuiPolicy
import HisuiYAML
import Testing

/// What is pasted into devices, and whether the configuration takes what they send then.
@Suite struct RecipeTests {
    private static let shippedIDs = [
        "allied-telesis", "cisco", "csv-folder", "filebeat", "fluent-bit", "fortigate",
        "linux-audit", "linux-journal", "linux-rsyslog", "linux-syslog-ng", "otel-collector",
        "vector", "windows", "winlogbeat", "yamaha-rtx",
    ]

    private static func shipped(
        _ id: String
    ) throws -> (recipe: Recipe?, diagnostics: [Diagnostic]) {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = root + "/recipes/\(id).yaml"
        return RecipeReader.read(try contents(path), file: path)
    }

    @Test(arguments: shippedIDs)
    func shippedRecipesAreRight(id: String) throws {
        let (recipe, wrong) = try Self.shipped(id)
        #expect(wrong.isEmpty, "\(wrong)")
        #expect(recipe?.id == id)
    }

    /// What a recipe says to add to the configuration is accepted there, and is what the device
    /// can send to.
    @Test(arguments: shippedIDs)
    func theLinesThatARecipeAddsFitIt(id: String) throws {
        let recipe = try #require(try Self.shipped(id).recipe)
        for way in recipe.ways {
            let lines = way.configuration([.port: "514", .address: "192.0.2.1"])
                .split(separator: "\n").map { "  " + $0 + "\n" }.joined()
            let configuration = text(["sources": ""]) + lines
            #expect(problems(configuration) == [], "\(configuration)")
            let source = try #require(loaded(configuration)?.sources.first)
            #expect(source.fits(way), "\(id): \(lines)")
        }
    }

    @Test(arguments: shippedIDs)
    func nothingIsLeftToFillIn(id: String) throws {
        let recipe = try #require(try Self.shipped(id).recipe)
        for way in recipe.ways {
            let values = Dictionary(
                uniqueKeysWithValues: Recipe.Placeholder.allCases.map { ($0, "VALUE") })
            for name in Recipe.Placeholder.allCases {
                #expect(!way.paste(values).contains("{\(name.rawValue)}"))
            }
            let usesPort = way.paste.contains("{port}")
            // A device that sends to one port is not told it; any other is.
            #expect(way.over.usualPort == nil || usesPort == (way.port == nil), "\(id)")
        }
    }

    @Test func aDeviceWithAFixedPortFitsThatPortOnly() throws {
        let way = try #require(try Self.shipped("yamaha-rtx").recipe?.ways.first)
        func source(_ text: String) -> Configuration.Source? {
            loaded(sourcesText([text]))?.sources.first
        }
        #expect(source("{syslog: {udp: \"0.0.0.0:514\"}}")?.fits(way) == true)
        #expect(source("{syslog: {udp: \"0.0.0.0:5514\"}}")?.fits(way) == false)
        #expect(source("{syslog: {tcp: \"0.0.0.0:514\"}}")?.fits(way) == false)
        #expect(source("{journal: {local: true}}")?.fits(way) == false)
    }

    // MARK: - What is refused

    private static func refused(_ text: String) -> [String] {
        let (recipe, wrong) = RecipeReader.read(Array(text.utf8), file: "f")
        #expect((recipe == nil) == !wrong.isEmpty)
        return wrong.map { String($0.description.dropFirst(2)) }
    }

    private static func recipe(_ way: String) -> String {
        """
        recipe: x
        version: 1
        name: X
        ways:
          - {\(way)}

        """
    }

    private static let rest = "place: a, place_ja: b, paste: c, configuration: d"

    @Test func whatIsWrongWithARecipe() {
        #expect(Self.refused(Self.recipe("over: udp, \(Self.rest)")) == [])
        #expect(
            Self.refused(Self.recipe("over: upd, \(Self.rest)"))
                == ["5:12: unknown over `upd` (did you mean `udp`?)"])
        #expect(
            Self.refused(Self.recipe("over: journal, port: 5, \(Self.rest)"))
                == ["5:27: a way over journal has no port"])
        #expect(
            Self.refused(Self.recipe("over: udp, note: e, \(Self.rest)"))
                == ["5:5: a way needs the key `note_ja`"])
        #expect(Self.refused("recipe: x\nversion: 1\nname: X\nways: []\n").count == 1)
        #expect(Self.refused("[").count == 1)
    }

    @Test func anUnknownPlaceholderIsRefusedAndOtherBracesAreNot() {
        let wrong = Self.refused(
            Self.recipe(
                "over: udp, place: a, place_ja: b, configuration: d, paste: \"x {adress}\""))
        #expect(wrong.count == 1)
        #expect(wrong.first?.contains("unknown placeholder {adress}") == true)
        #expect(
            Self.refused(
                Self.recipe(
                    "over: udp, place: a, place_ja: b, configuration: d, "
                        + "paste: \"d { network(x); {A} {} {1} };\"")) == [])
    }

    @Test func controlCharactersNeverReachATerminal() {
        #expect(
            Self.refused(
                Self.recipe(
                    "over: udp, place: \"a\\e[2J\", place_ja: b, paste: c, configuration: d"))
                == ["5:24: `place` is empty or holds a control character"])
    }
}
