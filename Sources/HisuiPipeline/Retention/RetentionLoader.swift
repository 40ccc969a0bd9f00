import HisuiFile
public import HisuiPolicy
public import HisuiYAML

/// Finds and checks the retention policies of one or several directories or files.
public enum RetentionLoader {
    public struct Loaded: Sendable {
        public var classes: RetentionClasses
        /// What was refused, and why; the rest is in force.
        public var diagnostics: [Diagnostic]
    }

    /// Reads every `*.yaml` of the directories; classes of later ones override.
    ///
    /// - Parameter paths: directories, or single files by their ending; each stands for itself.
    public static func load(_ paths: [String]) throws(PipelineError) -> Loaded {
        let fileSystem = RealFileSystem()
        var directories: [[(name: String, bytes: [UInt8])]] = []
        for path in paths {
            do throws(FileError) {
                var files: [(name: String, bytes: [UInt8])] = []
                let names =
                    path.hasSuffix(".yaml")
                    ? [path]
                    : try fileSystem.list(path).filter { $0.hasSuffix(".yaml") }
                        .map { Path.join(path, $0) }
                for name in names {
                    let count = YAMLLimits.fileBytesMax + 1
                    files.append((name, try fileSystem.bytes(name, from: 0, count: count)))
                }
                directories.append(files)
            } catch {
                throw PipelineError(
                    "cannot read the retention policies of \(path): \(error)",
                    hint: "name a directory that is there under `retention:` in the configuration")
            }
        }
        let (classes, diagnostics) = RetentionClasses.load(directories: directories)
        return Loaded(classes: classes, diagnostics: diagnostics)
    }
}
