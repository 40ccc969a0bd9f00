import HisuiFile
public import HisuiParse
public import HisuiStore
public import HisuiYAML

/// Finds and compiles the parser definitions of one or several directories or files.
///
/// Later directories override definitions of the same name in earlier ones, so that a site's own
/// directory stands after the shipped one.
public enum DefinitionLoader {
    public struct Loaded: Sendable {
        public var definitions: DefinitionSet
        /// What was refused, and why; the rest is in force.
        public var diagnostics: [Diagnostic]
        /// The files that are in force, as they were read.
        public var members: [DefinitionArchive.Member]
        /// Files with mistakes in them, in order.
        public var refused: [Refused]
        public let schema: Schema
        /// What makes pseudonyms of those whom records are about.
        public var subjects: SubjectKeys?

        /// The set that has only the definition called `parser`, for a source that is bound to it;
        /// nil if it is not in force.
        public func only(_ parser: String) -> DefinitionSet? {
            guard let member = members.first(where: { $0.parser == parser }) else { return nil }
            return DefinitionSet.compile(
                files: [(member.file, member.bytes)], schema: schema, isBound: true
            ).set
        }
    }

    /// A file that was refused.
    public struct Refused: Sendable {
        public var file: String
        /// The first of its mistakes.
        public var reason: String
        /// Its last good version, which stays in force; nil if there is none.
        public var lastGood: DefinitionArchive.Member?
    }

    /// No definition file is larger; the schema has about 20 KiB.
    private static let fileBytesMax = 4 << 20

    /// Reads `schema.yaml` of the first directory that has one, and every other `*.yaml`.
    ///
    /// A file with a mistake in it is left out, and its last good version takes its place.
    ///
    /// - Parameters:
    ///   - directories: in order of rank; later ones override.
    ///   - files: single definition files beside them, after all directories.
    ///   - lastGood: what was in force before, by file.
    ///   - proven: where it is remembered which files need not be proven again by their samples;
    ///     nil: all are run.
    public static func load(
        directories: [String], files: [String] = [], lastGood: [DefinitionArchive.Member] = [],
        proven path: String? = nil
    ) throws(PipelineError) -> Loaded {
        let fileSystem = RealFileSystem()
        var schema: Schema?
        var proven = ProvenDefinitions(fileSystem, path)
        var definitions: [(name: String, bytes: [UInt8])] = []
        for directory in directories {
            for name in try list(directory, fileSystem) {
                let path = Path.join(directory, name)
                let bytes = try read(path, fileSystem)
                if name == "schema.yaml" {
                    if schema == nil {
                        schema = try compileSchema(bytes, path)
                        proven.use(schema: bytes)
                    }
                } else {
                    definitions.append((path, bytes))
                }
            }
        }
        for path in files { definitions.append((path, try read(path, fileSystem))) }
        guard let schema else {
            throw PipelineError(
                "no schema.yaml in \(directories.joined(separator: ", "))",
                hint: "the shipped directory `parsers` holds it; name that directory first")
        }
        var (set, diagnostics) = DefinitionSet.compile(
            files: definitions, schema: schema, isProven: proven.contains)
        var refused = refused(definitions.map(\.name), set, diagnostics)
        for number in definitions.indices {
            let file = definitions[number].name
            guard let place = refused.firstIndex(where: { $0.file == file }),
                let good = lastGood.first(where: { $0.file == file })
            else { continue }
            definitions[number].bytes = good.bytes
            refused[place].lastGood = good
        }
        if refused.contains(where: { $0.lastGood != nil }) {
            set =
                DefinitionSet.compile(
                    files: definitions, schema: schema, isProven: proven.contains
                ).set
            // The schema may have changed since.
            for place in refused.indices
            where !set.members.contains(where: { $0.file == refused[place].file }) {
                refused[place].lastGood = nil
            }
        }
        let members = set.members.map { member in
            DefinitionArchive.Member(
                parser: member.name, version: member.version, file: member.file,
                bytes: definitions.first { $0.name == member.file }?.bytes ?? [])
        }
        proven.remember(members.map(\.bytes))
        return Loaded(
            definitions: set, diagnostics: diagnostics, members: members, refused: refused,
            schema: schema)
    }

    private static func refused(
        _ files: [String], _ set: DefinitionSet, _ diagnostics: [Diagnostic]
    ) -> [Refused] {
        files.compactMap { file in
            guard let first = diagnostics.first(where: { $0.file == file }) else { return nil }
            return Refused(file: file, reason: first.description, lastGood: nil)
        }
    }

    private static func list(
        _ directory: String, _ fileSystem: RealFileSystem
    ) throws(PipelineError) -> [String] {
        do throws(FileError) {
            return try fileSystem.list(directory).filter { $0.hasSuffix(".yaml") }
        } catch {
            throw PipelineError(
                "cannot read the parser directory \(directory): \(error)",
                hint: "name it with --parsers or with `parsers:` in the configuration")
        }
    }

    private static func read(
        _ path: String, _ fileSystem: RealFileSystem
    ) throws(PipelineError) -> [UInt8] {
        do throws(FileError) {
            return try fileSystem.bytes(path, from: 0, count: fileBytesMax)
        } catch {
            throw PipelineError("cannot read \(path): \(error)", hint: nil)
        }
    }

    private static func compileSchema(
        _ bytes: [UInt8], _ path: String
    ) throws(PipelineError) -> Schema {
        let (schema, diagnostics) = Schema.load(bytes, file: path)
        if let schema { return schema }
        throw PipelineError(
            diagnostics.map(\.description).joined(separator: "\n"), hint: "the schema is refused")
    }
}
