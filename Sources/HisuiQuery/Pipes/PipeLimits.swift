/// Bounds of what pipes make of a row.
enum PipeLimits {
    /// A row that pipes have made longer: sixteen records of the greatest length.
    static let rowBytesMax = 16 << 20
    /// Members that a pipe takes from one value: looking for a field among more takes long.
    static let membersMax = 1000
    /// Operands and operators of one expression: its tree is walked by recursion.
    static let mathPartsMax = 1000
    /// Rows before or after one of the filter: whoever wants more asks for the source.
    static let contextRowsMax = 10_000
    /// How often `replace_regexp` may follow its expression through a value, and how many bytes at
    /// least: after each part that fits it goes on behind it, and where it had to look far ahead
    /// for each, the time would grow with the square of the length.
    static let followedFactor = 64
    static let followedBytesMin = 1 << 20
    /// Where `facets` says nothing else: more values of a field, or longer ones, are no facets.
    static let facetValuesUsual = 1000
    static let facetBytesUsual = 128
}
