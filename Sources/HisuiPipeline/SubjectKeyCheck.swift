import HisuiParse
public import HisuiPolicy

/// Whether there is a key for the people whom records are about.
///
/// Without one nothing is lost and nobody is shown, but looks at one person cannot be counted; and
/// no pseudonym is made later for what was stored before. So it is said before.
public enum SubjectKeyCheck {
    /// The definitions by which records of the configuration's sources name people; empty if there
    /// is a key, for then all is well.
    ///
    /// - Complexity: O(rules + sources × definitions that name people).
    public static func parsersWithoutKey(
        _ configuration: Configuration, _ loaded: DefinitionLoader.Loaded
    ) -> [String] {
        if loaded.subjects != nil { return [] }
        return loaded.definitions.naming.filter { naming in
            configuration.sources.contains { source in
                source.parser.map { $0 == naming.parser } ?? !naming.isForBoundSources
            }
        }.map(\.parser)
    }
}
