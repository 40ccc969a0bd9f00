import HisuiPipeline
import HisuiPolicy
import HisuiYAML

/// A configuration file, checked with everything it names.
enum ConfigurationFile {
    struct Checked {
        /// Nil if anything is wrong.
        var configuration: Configuration?
        /// The retention classes in force.
        var retention = RetentionClasses()
        var diagnostics: [Diagnostic]
    }

    /// Reads a configuration, its inventory and its retention policies.
    ///
    /// - Throws: that the file itself, or a directory of policies, cannot be read.
    static func load(_ path: String) throws(Failure) -> Checked {
        let (configuration, diagnostics) = Configuration.load(
            try InputFile.bytes(path), file: path, include: { try? InputFile.bytes($0) })
        guard let configuration else { return Checked(diagnostics: diagnostics) }
        let loaded = try retention(of: configuration)
        let wrong = loaded.diagnostics + configuration.check(against: loaded.classes)
        return Checked(
            configuration: wrong.isEmpty ? configuration : nil, retention: loaded.classes,
            diagnostics: wrong)
    }

    /// The policies that a configuration names on top of those shipped; without one only these.
    static func retention(
        of configuration: Configuration?
    ) throws(Failure) -> RetentionLoader.Loaded {
        let shipped = ShippedData.retention().map { [$0] } ?? []
        do {
            return try RetentionLoader.load(shipped + (configuration?.retention ?? []))
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}
