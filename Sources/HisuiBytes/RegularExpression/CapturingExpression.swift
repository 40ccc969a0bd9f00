/// A regular expression of which is asked where it fits, and where its groups do.
///
/// Of all parts of a value that fit it means the one that RE2 and Go mean: the leftmost, and of
/// those that begin there the one that is met first where the branch that stands first is
/// preferred, and more repeats before fewer, or fewer where they are lazy.
public struct CapturingExpression: Sendable {
    /// The same, for who asks only whether a value fits.
    public let plain: RegularExpression
    /// How many groups are remembered.
    public let groupCount: Int
    let program: [RegularExpression.Instruction]

    /// - Parameter groups: which groups are to be remembered, by their number from 1, given the
    ///   name of each (nil for one without); others cost nothing.
    /// - Throws: why the text cannot be honoured, or what `groups` throws.
    public init(
        _ text: String,
        remembering groups: (_ names: [String?]) throws(RegularExpressionError) -> [Int]
    ) throws(RegularExpressionError) {
        var parser = RegularExpressionParser(text)
        let node = try parser.parse()
        plain = try RegularExpression(node)
        let wanted = try groups(parser.groupNames)
        guard wanted.count <= ExpressionLimits.groupsMax else {
            throw RegularExpressionError(
                "more than \(ExpressionLimits.groupsMax) groups are asked for")
        }
        program = try RegularExpressionCompiler.program(of: node, saving: wanted)
        groupCount = wanted.count
    }
}
