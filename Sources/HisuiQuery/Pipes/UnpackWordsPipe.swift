import HisuiBytes

/// `unpack_words from field as name drop_duplicates`: the words of a value as a JSON array, the
/// first thousand of them.
///
/// A word is a run of letters, digits and `_`, Chinese and Japanese ones included.
struct UnpackWordsPipe: Pipe {
    let field: String
    let result: String
    /// Whether a word that stood before is left out.
    let isDistinct: Bool

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "unpack_words from "
        Quoting.append(field, to: &out)
        out += " as "
        Quoting.append(result, to: &out)
        if isDistinct { out += " drop_duplicates" }
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.removing(result).adding([field]) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        FieldMakingStage(
            field, result, next: next, context,
            make: { (value) throws(QueryFailure) in words(value) })
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> UnpackWordsPipe {
        var field = FieldName.message
        let isNamed = parser.takeKeyword("from")
        if isNamed || !isOption(parser) { field = try parser.fieldName() }
        let result =
            parser.current.isKeyword("drop_duplicates") ? field : try parser.resultName(field)
        return UnpackWordsPipe(
            field: field, result: result, isDistinct: parser.takeKeyword("drop_duplicates"))
    }

    private static func isOption(_ parser: Parser) -> Bool {
        parser.endsPipe || parser.current.isKeyword("as")
            || parser.current.isKeyword("drop_duplicates")
    }

    private func words(_ value: Span<UInt8>) -> [UInt8] {
        var array = ArrayText()
        var known: Set<[UInt8]> = []
        var start = 0
        var at = 0
        while start < value.count, array.count < PipeLimits.membersMax {
            var length = 1
            var isInside = false
            if at < value.count {
                let (scalar, count) = Scalars.first(in: value, at..<value.count)
                length = count
                isInside = scalar.map(WordCharacter.isLetterOrDigit) ?? false
            }
            if !isInside {
                if at > start, !isDistinct || known.insert([UInt8](value, start..<at)).inserted {
                    array.append(value, start..<at)
                }
                start = at + length
            }
            at += length
        }
        return array.text
    }
}
