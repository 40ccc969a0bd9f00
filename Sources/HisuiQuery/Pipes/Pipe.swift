import HisuiBytes

/// A step after the filter: takes rows, gives rows.
///
/// One file for each pipe of LogsQL.
protocol Pipe: Sendable {
    /// Appends the pipe as normalised LogsQL.
    func print(to out: inout String)

    /// Which fields the pipe has to be given so that what follows gets the fields `after`.
    func needs(after: FieldNeeds) -> FieldNeeds

    /// Whether the query names fields here that somebody wants to see.
    var namesFields: Bool { get }

    /// The same pipe with what `change` makes of a query whose rows it takes; itself without one.
    func withQuery(_ change: (Query) -> Query) -> any Pipe

    /// Says why the pipe cannot run in a query, if so.
    func check(_ context: StageContext) throws(QueryFailure)

    /// The running form of the pipe, which hands its rows on to `next`.
    func stage(next: any PipeStage, context: StageContext) -> any PipeStage

    /// Whether the pipe handles row by row: the rows that come out are those that go in, or some
    /// of them, in the same order. Such pipes can follow events as they arrive.
    var isRowByRow: Bool { get }
    /// Whether exactly one row comes out for each that goes in.
    var keepsCount: Bool { get }
    /// Whether what comes out are events, not figures about them.
    var yieldsEvents: Bool { get }
}

extension Pipe {
    func withQuery(_ change: (Query) -> Query) -> any Pipe { self }
    func check(_ context: StageContext) throws(QueryFailure) {}
    var namesFields: Bool { false }
    var isRowByRow: Bool { true }
    var keepsCount: Bool { false }
    var yieldsEvents: Bool { true }
}

/// A pipe at work.
///
/// Belongs to the thread that runs the query.
protocol PipeStage: AnyObject {
    /// Takes a row; may change it. False if no further row is wanted.
    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool
    /// Hands on what was held back: there are no more rows.
    func finish() throws(QueryFailure)
}

/// What stages share.
struct StageContext {
    let names: FieldNames
    let budget: MemoryBudget
    /// The stretch of time that the query is about; nil if nothing passes.
    let timeRange: ClosedRange<Int64>?
    /// Whether the record has to come through to the end, whatever the query keeps.
    let keepsRecord: Bool
    /// What pipes ask other queries of.
    let source: QuerySource?
    /// Which fields of its rows somebody further on looks at.
    var after = FieldNeeds.everything
}

extension Parser {
    /// Takes what stands after a `|`.
    mutating func pipe() throws(QueryError) -> [any Pipe] {
        let name = current
        guard name.kind == .word || name.kind == .quoted else { throw expected("a pipe") }
        let keyword = name.kind == .word ? name.text.lowercased() : ""
        if let parse = Self.pipeParsers[keyword] {
            advance()
            return [try parse(&self)]
        }
        if Self.pipesToCome.contains(keyword), !following.isMark(":") {
            throw unsupported("the pipe ‘\(keyword)’", at: name)
        }
        if StatsPipe.functions[keyword] != nil, following.isMark("("), !following.spaceBefore {
            return [try StatsPipe.parse(&self)]
        }
        if following.isMark(":") { return [FilterPipe(filter: try filterWithSubqueries())] }
        let known = Self.pipeParsers.keys.sorted()
        let hint = NearestName.suggestion(for: keyword, in: known)
        throw error(
            "no pipe is called \(name.described)"
                + (hint.map { "; did you mean ‘\($0)’?" }
                    ?? "; there are \(known.joined(separator: ", "))"),
            at: name)
    }

    typealias PipeParser = @Sendable (inout Parser) throws(QueryError) -> any Pipe

    private static let pipeParsers: [String: PipeParser] = {
        let fields: PipeParser = { (parser) throws(QueryError) in try FieldsPipe.parse(&parser) }
        let delete: PipeParser = { (parser) throws(QueryError) in try DeletePipe.parse(&parser) }
        let limit: PipeParser = { (parser) throws(QueryError) in try LimitPipe.parse(&parser) }
        let offset: PipeParser = { (parser) throws(QueryError) in try OffsetPipe.parse(&parser) }
        let sort: PipeParser = { (parser) throws(QueryError) in try SortPipe.parse(&parser) }
        let first: PipeParser = { (parser) throws(QueryError) in
            try SortPipe.parse(&parser, last: false)
        }
        let last: PipeParser = { (parser) throws(QueryError) in
            try SortPipe.parse(&parser, last: true)
        }
        let copy: PipeParser = { (parser) throws(QueryError) in
            try CopyPipe.parse(&parser, moves: false)
        }
        let rename: PipeParser = { (parser) throws(QueryError) in
            try CopyPipe.parse(&parser, moves: true)
        }
        let filter: PipeParser = { (parser) throws(QueryError) in
            FilterPipe(filter: try parser.filterWithSubqueries())
        }
        let stats: PipeParser = { (parser) throws(QueryError) in try StatsPipe.parse(&parser) }
        let uniq: PipeParser = { (parser) throws(QueryError) in try UniqPipe.parse(&parser) }
        let top: PipeParser = { (parser) throws(QueryError) in try TopPipe.parse(&parser) }
        let len: PipeParser = { (parser) throws(QueryError) in try LenPipe.parse(&parser, .bytes) }
        let math: PipeParser = { (parser) throws(QueryError) in try MathPipe.parse(&parser) }
        let some: [String: PipeParser] = [
            "fields": fields, "keep": fields, "delete": delete, "del": delete, "drop": delete,
            "rm": delete, "limit": limit, "head": limit, "offset": offset, "skip": offset,
            "sort": sort, "order": sort, "first": first, "last": last, "copy": copy, "cp": copy,
            "rename": rename, "mv": rename, "filter": filter, "where": filter, "stats": stats,
            "uniq": uniq, "top": top, "len": len, "math": math, "eval": math,
        ]
        return some.merging(ofFields) { first, _ in first }
            .merging(ofValues) { first, _ in first }.merging(ofRows) { first, _ in first }
    }()

    /// Pipes that make fields of fields, and those about fields.
    private static let ofFields: [String: PipeParser] = [
        "drop_empty_fields": { (_) throws(QueryError) in DropEmptyFieldsPipe() },
        "extract": { (parser) throws(QueryError) in try ExtractPipe.parse(&parser) },
        "extract_regexp": { (parser) throws(QueryError) in try ExtractRegexpPipe.parse(&parser) },
        "facets": { (parser) throws(QueryError) in try FacetsPipe.parse(&parser) },
        "field_names": { (_) throws(QueryError) in FieldNamesPipe() },
        "field_values": { (parser) throws(QueryError) in try UniqPipe.parseValues(&parser) },
        "format": { (parser) throws(QueryError) in try FormatPipe.parse(&parser) },
        "pack_json": { (parser) throws(QueryError) in try PackPipe.parse(&parser, .json) },
        "pack_logfmt": { (parser) throws(QueryError) in try PackPipe.parse(&parser, .logfmt) },
        "stream_context": { (parser) throws(QueryError) in
            try StreamContextPipe.parse(&parser)
        },
        "unpack_json": { (parser) throws(QueryError) in try UnpackPipe.parse(&parser, .json) },
        "unpack_logfmt": { (parser) throws(QueryError) in
            try UnpackPipe.parse(&parser, .logfmt)
        },
        "unroll": { (parser) throws(QueryError) in try UnrollPipe.parse(&parser) },
    ]

    /// Pipes that make a value of a value, and `sample`.
    private static let ofValues: [String: PipeParser] = [
        "collapse_nums": { (parser) throws(QueryError) in try CollapseNumsPipe.parse(&parser) },
        "decolorize": { (parser) throws(QueryError) in try DecolorizePipe.parse(&parser) },
        "hash": { (parser) throws(QueryError) in try LenPipe.parse(&parser, .hash) },
        "json_array_len": { (parser) throws(QueryError) in try LenPipe.parse(&parser, .items) },
        "replace": { (parser) throws(QueryError) in try ReplacePipe.parse(&parser) },
        "replace_regexp": { (parser) throws(QueryError) in try ReplaceRegexpPipe.parse(&parser) },
        "sample": { (parser) throws(QueryError) in try SamplePipe.parse(&parser) },
        "split": { (parser) throws(QueryError) in try SplitPipe.parse(&parser) },
        "time_add": { (parser) throws(QueryError) in try TimeAddPipe.parse(&parser) },
        "unpack_words": { (parser) throws(QueryError) in try UnpackWordsPipe.parse(&parser) },
    ]

    /// Pipes that put rows beside other rows.
    private static let ofRows: [String: PipeParser] = [
        "generate_sequence": { (parser) throws(QueryError) in try SequencePipe.parse(&parser) },
        "join": { (parser) throws(QueryError) in try JoinPipe.parse(&parser) },
        "running_stats": { (parser) throws(QueryError) in
            try RowStatsPipe.parse(&parser, .running)
        },
        "total_stats": { (parser) throws(QueryError) in
            try RowStatsPipe.parse(&parser, .total)
        },
        "union": { (parser) throws(QueryError) in try UnionPipe.parse(&parser) },
    ]

    /// Pipes of LogsQL that are refused by name.
    private static let pipesToCome: Set<String> = [
        "block_stats", "blocks_count", "query_stats", "set_stream_fields", "unpack_syslog",
    ]
}
