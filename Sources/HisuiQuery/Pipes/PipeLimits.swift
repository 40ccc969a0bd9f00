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
    /// Where `facets` says nothing else: more values of a field, or longer ones, are no facets.
    static let facetValuesUsual = 1000
    static let facetBytesUsual = 128
}
