/// Bounds on YAML files, with their reasons.
///
/// They stand here and not with the other limits because this module knows no other of Hisui.
public enum YAMLLimits {
    /// One file.
    ///
    /// The largest rule collection in one file is below 1 MiB; more is a mistake or an attack.
    public static let fileBytesMax = 4 << 20
    /// Mappings and lists inside each other, what aliases bring in included.
    ///
    /// People need six; readers of nodes may recurse.
    public static let depthMax = 64
    /// Values in one file, what aliases bring in included: about 40 MB of memory at worst.
    public static let nodesMax = 250_000
    /// Values that aliases bring in.
    ///
    /// A few lines of aliases of aliases stand for billions ("billion laughs").
    public static let aliasNodesMax = 10_000
}
