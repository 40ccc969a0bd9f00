import HisuiBytes

/// `time_add 1h at field`: a time later, or earlier with a minus sign; what is no time, or would be
/// one that cannot be written, stays as it is.
struct TimeAddPipe: Pipe {
    /// As the query says it.
    let text: String
    let nanoseconds: Int64
    let field: String

    var keepsCount: Bool { true }

    func print(to out: inout String) {
        out += "time_add \(text)"
        if field != FieldName.time {
            out += " at "
            Quoting.append(field, to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.adding([field]) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        ValueChangeStage(
            field, if: nil, next: next, context,
            change: { (value) throws(QueryFailure) in moved(value) })
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> TimeAddPipe {
        let (text, nanoseconds) = try parser.duration()
        return TimeAddPipe(
            text: text, nanoseconds: nanoseconds,
            field: parser.takeKeyword("at") ? try parser.fieldName() : FieldName.time)
    }

    private func moved(_ value: Span<UInt8>) -> [UInt8]? {
        guard let time = TimeLiteral.complete(value) else { return nil }
        let (sum, overflow) = time.addingReportingOverflow(nanoseconds)
        if overflow { return nil }
        var out: [UInt8] = []
        UTCText.append(sum, to: &out)
        return out
    }
}
