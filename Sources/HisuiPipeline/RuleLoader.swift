public import HisuiDetect
import HisuiEvent
import HisuiFile
public import HisuiYAML

/// Finds and compiles the detection rules of one or several directories or files.
public enum RuleLoader {
    public struct Loaded: Sendable {
        public var rules: RuleSet
        /// What was refused, and why; the rest is in force.
        public var diagnostics: [Diagnostic]
    }

    /// The name of a mapping of log sources among the rules.
    private static let mapping = "logsources.yaml"
    /// The name of a file of placeholders among the rules.
    private static let placeholderFile = "placeholders.yaml"

    /// Reads every `*.yaml` and `*.yml` below the directories, in order of name.
    ///
    /// Files called `logsources.yaml` are mappings and no rules; what they say is added up, in
    /// order, beginning with the shipped one. So are files called `placeholders.yaml`.
    ///
    /// - Parameters:
    ///   - paths: directories, or single files by their ending.
    ///   - shipped: the directory of shipped rules, whose mapping comes first.
    ///   - placeholders: further files of placeholders; what they say holds before what stands
    ///     beside the rules.
    public static func load(
        _ paths: [String], shipped: String?, placeholders: [String] = []
    ) throws(PipelineError) -> Loaded {
        let fileSystem = RealFileSystem()
        var files: [String] = []
        for path in paths {
            if isRuleFile(path) {
                files.append(path)
            } else {
                try gather(path, 0, fileSystem, &files)
            }
        }
        var mappings = files.filter { isCalled($0, mapping) }
        if let shipped {
            let own = Path.join(shipped, mapping)
            if !mappings.contains(own) { mappings.insert(own, at: 0) }
        }
        var sources = LogSources()
        var diagnostics: [Diagnostic] = []
        for path in mappings {
            diagnostics += sources.add(try read(path, fileSystem), file: path)
        }
        let given = try Self.placeholders(
            files.filter { isCalled($0, placeholderFile) } + placeholders)
        diagnostics += given.diagnostics
        var contents: [(name: String, bytes: [UInt8])] = []
        for path in files where !isCalled(path, mapping) && !isCalled(path, placeholderFile) {
            contents.append((path, try read(path, fileSystem)))
        }
        let (rules, refused) = RuleSet.compile(
            files: contents, sources: sources, placeholders: given.placeholders)
        return Loaded(rules: rules, diagnostics: diagnostics + refused)
    }

    /// Reads files of placeholders; where two say the same name, the later one holds.
    public static func placeholders(
        _ paths: [String]
    ) throws(PipelineError) -> (placeholders: Placeholders, diagnostics: [Diagnostic]) {
        var placeholders = Placeholders()
        var diagnostics: [Diagnostic] = []
        for path in paths {
            diagnostics += placeholders.add(try read(path, RealFileSystem()), file: path)
        }
        return (placeholders, diagnostics)
    }

    private static func isRuleFile(_ path: String) -> Bool {
        path.hasSuffix(".yaml") || path.hasSuffix(".yml")
    }

    private static func isCalled(_ path: String, _ name: String) -> Bool {
        path == name || path.hasSuffix("/" + name)
    }

    private static func gather(
        _ directory: String, _ depth: Int, _ fileSystem: RealFileSystem, _ files: inout [String]
    ) throws(PipelineError) {
        let names: [String]
        do throws(FileError) {
            names = try fileSystem.list(directory)
        } catch {
            // What is neither a rule nor a directory is none of ours.
            if depth > 0, error.code == .notADirectory { return }
            throw PipelineError(
                "cannot read the rules directory \(directory): \(error)",
                hint: "name one that is there with --rules")
        }
        for name in names where !name.hasPrefix(".") {
            let path = Path.join(directory, name)
            if isRuleFile(name) {
                files.append(path)
            } else if depth < Limits.rulesDepthMax {
                try gather(path, depth + 1, fileSystem, &files)
            }
        }
    }

    private static func read(
        _ path: String, _ fileSystem: RealFileSystem
    ) throws(PipelineError) -> [UInt8] {
        do throws(FileError) {
            return try fileSystem.bytes(path, from: 0, count: YAMLLimits.fileBytesMax + 1)
        } catch {
            throw PipelineError("cannot read \(path): \(error)", hint: nil)
        }
    }
}
