import HisuiBytes

/// `sample N`: one row of N, by chance.
///
/// The chance is made of the number of the row among those that come, so the same query over the
/// same rows gives the same sample; and it does not follow what comes at regular intervals.
struct SamplePipe: Pipe {
    let rate: Int

    func print(to out: inout String) { out += "sample \(rate)" }

    func needs(after: FieldNeeds) -> FieldNeeds { after }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        SampleStage(rate, next: next)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> SamplePipe {
        let token = parser.current
        let rate = try parser.count("how many rows one is to stand for, after ‘sample’")
        guard rate > 0 else { throw parser.error("expected a number from 1 on", at: token) }
        return SamplePipe(rate: rate)
    }

    /// Whether a row belongs to the sample.
    static func takes(row number: UInt64, of rate: Int) -> Bool {
        Hash64.mix(number, 0x73_616D_706C_65) % UInt64(rate) == 0
    }
}

private final class SampleStage: PipeStage {
    private let rate: Int
    private var count: UInt64 = 0
    private let next: any PipeStage

    init(_ rate: Int, next: any PipeStage) {
        self.rate = rate
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        count += 1
        return SamplePipe.takes(row: count, of: rate) ? try next.push(&row) : true
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
