import HisuiBytes

/// `decolorize field`: takes sequences that colour a terminal out of a value.
///
/// Those are all control sequences that begin with ESC `[` (ECMA-48, section 5.4); what begins one
/// and does not end it goes too.
struct DecolorizePipe: Pipe {
    let field: String

    var keepsCount: Bool { true }

    func print(to out: inout String) {
        out += "decolorize"
        if field != FieldName.message {
            out += " "
            Quoting.append(field, to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.adding([field]) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        ValueChangeStage(
            field, if: nil, next: next, context,
            change: { (value) throws(QueryFailure) in Self.plain(value) })
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> DecolorizePipe {
        DecolorizePipe(field: parser.endsPipe ? FieldName.message : try parser.fieldName())
    }

    /// The value without control sequences; nil if it has none.
    private static func plain(_ value: Span<UInt8>) -> [UInt8]? {
        let introducer: [UInt8] = [0x1B, UInt8(ascii: "[")]
        var out: [UInt8] = []
        var at = 0
        while let start = ByteSearch.first(of: introducer, in: value, at..<value.count) {
            out.append(value, at..<start)
            at = start + introducer.count
            // Parameters, intermediates, and the one byte that says what is meant.
            while at < value.count, 0x30...0x3F ~= value[at] { at += 1 }
            while at < value.count, 0x20...0x2F ~= value[at] { at += 1 }
            if at < value.count, 0x40...0x7E ~= value[at] { at += 1 }
        }
        if at == 0 { return nil }
        out.append(value, at..<value.count)
        return out
    }
}
