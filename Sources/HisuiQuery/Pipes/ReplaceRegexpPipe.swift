import HisuiBytes

/// `replace_regexp if (…) ("user=(\w+)", "user <$1>") at field limit N`: puts a text in the place
/// of all that fits a regular expression.
///
/// In the text, `$1` or `${1}` stands for what fitted group 1, `${name}` for that of a name, `$0`
/// for the whole, `$$` for a dollar sign.
struct ReplaceRegexpPipe: Pipe {
    let condition: Filter?
    let pattern: CapturingPattern
    let replacement: ReplacementTemplate
    let place: ReplacementPlace

    var keepsCount: Bool { true }

    func print(to out: inout String) {
        out += "replace_regexp"
        condition?.printCondition(to: &out)
        out += " ("
        Quoting.appendQuoted(pattern.source, to: &out)
        out += ", "
        Quoting.appendQuoted(replacement.source, to: &out)
        out += ")"
        place.print(to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        after.adding([place.field]).adding(condition?.fields ?? [])
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        var finder = RegularExpressionFinder(pattern.expression)
        return ValueChangeStage(
            place.field, if: condition, next: next, context,
            change: { (value) throws(QueryFailure) in try replaced(value, &finder) })
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> ReplaceRegexpPipe {
        let condition = try parser.condition()
        try parser.expect("(")
        let token = parser.current
        let source = try parser.value()
        guard parser.take(",") else { throw parser.expected("‘,’ and the new text") }
        var replacement = ReplacementTemplate(try parser.value())
        try parser.expect(")")
        let pattern = try CapturingPattern(
            source, at: token, in: parser,
            remembering: { (names) throws(RegularExpressionError) in
                try replacement.resolve(names)
            })
        return ReplaceRegexpPipe(
            condition: condition, pattern: pattern, replacement: replacement,
            place: try ReplacementPlace.parse(&parser))
    }

    /// The value with all that is to be replaced; nil if nothing is.
    ///
    /// An empty part that fits behind one that was replaced is not replaced.
    ///
    /// - Throws: `unsuitable` where the expression reads on to the end for each part that fits.
    private func replaced(
        _ value: Span<UInt8>, _ finder: inout RegularExpressionFinder
    ) throws(QueryFailure) -> [UInt8]? {
        let allowed =
            finder.bytesFollowed + PipeLimits.followedBytesMin
            + value.count * PipeLimits.followedFactor
        var out: [UInt8] = []
        var copied = 0
        var at = 0
        var count = 0
        while count < place.limit ?? .max, at <= value.count, finder.find(in: value, from: at) {
            let range = finder.range
            if range.upperBound > copied || count == 0 {
                out.append(value, copied..<range.lowerBound)
                try replacement.append(value, finder, to: &out)
                copied = range.upperBound
                count += 1
            }
            at = max(range.upperBound, Self.after(at, in: value))
            guard finder.bytesFollowed <= allowed else {
                throw QueryFailure(
                    .unsuitable,
                    "replace_regexp reads a value of \(value.count) bytes again and again; "
                        + "write the expression so that it does not look far ahead")
            }
        }
        if count == 0 { return nil }
        out.append(value, copied..<value.count)
        return out
    }

    /// The place behind the character at `at`.
    private static func after(_ at: Int, in value: Span<UInt8>) -> Int {
        at < value.count ? at + Scalars.first(in: value, at..<value.count).1 : at + 1
    }
}
