import ArgumentParser
import Glibc
import HisuiPipeline

/// Where the shipped data files are: beside the program, however it was installed.
enum ShippedData {
    /// The directory of shipped parser definitions, or nil when none is found.
    static func parsers() -> String? { directory("parsers", holding: "schema.yaml") }

    /// The directory of shipped detection rules, or nil when none is found.
    static func rules() -> String? { directory("rules", holding: "logsources.yaml") }

    /// The directory of the demonstration's lines, or nil when none is found.
    static func demo() -> String? {
        directory("demo", inTree: "ops/demo", holding: "README.md")
    }

    /// The directory of shipped retention policies, or nil when none is found.
    static func retention() -> String? { directory("retention", holding: "plain.yaml") }

    /// The directory of shipped recipes for devices, or nil when none is found.
    static func recipes() -> String? { directory("recipes", holding: "linux-rsyslog.yaml") }

    /// Looked for are `share/hisui/NAME` beside the program's own directory (a package), then
    /// `NAME` (`inTree`, where it has another place there) in the directories above it (a work tree
    /// it was built in), then `/usr/share/hisui/NAME`.
    static func directory(
        _ name: String, inTree: String? = nil, holding file: String
    ) -> String? {
        guard var directory = programDirectory() else { return nil }
        // Without `..`: a configuration, which may be given this path, refuses such parts.
        let above = directory.lastIndex(of: "/").map { String(directory[..<$0]) } ?? ""
        var candidates = [above + "/share/hisui/" + name]
        while let slash = directory.lastIndex(of: "/"), slash > directory.startIndex {
            directory = String(directory[..<slash])
            candidates.append(directory + "/" + (inTree ?? name))
        }
        candidates.append("/usr/share/hisui/" + name)
        return candidates.first { unsafe access($0 + "/" + file, R_OK) == 0 }
    }

    private static func programDirectory() -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        // Safe: the kernel writes at most the count given and says how many it wrote.
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }
}

/// Which parser definitions a command uses.
struct ParserOptions: ParsableArguments {
    @Option(
        name: .customLong("parsers"),
        help: ArgumentHelp(
            say(
                "A directory of parser definitions; later ones override earlier ones.",
                "パーサー定義のディレクトリ。後に指定したものが優先されます。"), valueName: "dir"))
    var directories: [String] = []

    @Option(
        name: .customLong("subject-keys"),
        help: ArgumentHelp(
            say(
                "File of the keys that make pseudonyms of residents (default: they are withheld).",
                "住民の番号を仮名にする鍵のファイル（既定: 番号を表示しません）。"), valueName: "file"))
    var subjectKeys: String?

    /// The directories named, else the shipped one.
    func resolved() throws -> [String] {
        directories.isEmpty ? [try Self.shipped()] : directories
    }

    /// Compiles them.
    func load() throws -> DefinitionLoader.Loaded {
        do {
            var loaded = try DefinitionLoader.load(
                directories: try resolved(), proven: Self.proven)
            loaded.subjects = try subjectKeys.map(SubjectKeyFile.load)
            return loaded
        } catch let error as PipelineError {
            throw Failure(.refused, "\(error)")
        }
    }

    /// Where it is remembered which definitions have passed their samples: in the user's cache, as
    /// the XDG Base Directory Specification says; nil where there is none.
    static var proven: String? {
        func variable(_ name: String) -> String? {
            // Safe: the text is copied at once, and nothing here changes the environment.
            let text = unsafe getenv(name).map { unsafe String(cString: $0) }
            return text.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let cache = variable("XDG_CACHE_HOME") ?? variable("HOME").map { $0 + "/.cache" }
        return cache.map { $0 + "/hisui/definitions.proven" }
    }

    /// The shipped directory, which must be there.
    static func shipped() throws -> String {
        if let shipped = ShippedData.parsers() { return shipped }
        throw Failure(
            .refused,
            say(
                "the shipped parser definitions are not beside the program; use --parsers DIR",
                "パーサー定義が見つかりません。--parsers DIR で指定してください"))
    }
}

/// Options that every command has.
struct CommonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            say("Language of messages: ja or en.", "表示言語: ja または en。"), valueName: "ja|en"))
    var lang: String?

    func validate() throws {
        if let lang, Language(rawValue: lang) == nil {
            throw ValidationError("--lang takes ja or en, not '\(lang)'")
        }
    }
}
