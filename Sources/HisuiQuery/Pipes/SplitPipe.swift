import HisuiBytes

/// `split "," from field as name`: the parts of a value between separators as a JSON array of
/// strings, the first thousand of them; an empty separator stands between all characters.
struct SplitPipe: Pipe {
    let separator: [UInt8]
    let field: String
    let result: String

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "split "
        Quoting.appendQuoted(separator, to: &out)
        out += " from "
        Quoting.append(field, to: &out)
        out += " as "
        Quoting.append(result, to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.removing(result).adding([field]) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        FieldMakingStage(
            field, result, next: next, context,
            make: { (value) throws(QueryFailure) in parts(value) })
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> SplitPipe {
        let separator = try parser.value()
        var field = FieldName.message
        let isNamed = parser.takeKeyword("from")
        if isNamed || !(parser.endsPipe || parser.current.isKeyword("as")) {
            field = try parser.fieldName()
        }
        return SplitPipe(
            separator: separator, field: field, result: try parser.resultName(field))
    }

    private func parts(_ value: Span<UInt8>) -> [UInt8] {
        var array = ArrayText()
        var at = 0
        while array.count < PipeLimits.membersMax {
            if separator.isEmpty {
                guard at < value.count else { break }
                let end = at + Scalars.first(in: value, at..<value.count).1
                array.append(value, at..<end)
                at = end
                continue
            }
            let place = ByteSearch.first(of: separator, in: value, at..<value.count)
            array.append(value, at..<(place ?? value.count))
            guard let place else { break }
            at = place + separator.count
        }
        return array.text
    }
}
