/// How a query was run: what it looked at, what it did not need to look at and why, and where its
/// time went.
public struct QueryExplanation: Sendable {
    /// The filter that blocks are asked, with the filters of pipes that stand before all others;
    /// normalised LogsQL. Where rows are wanted, the time that it says is asked of each row that
    /// is found.
    public var filter: String
    public var access: Access
    /// The fields that are read, by name; nil for all.
    public var fields: [String]?
    /// The pipes that are left, normalised; the first gathers straight from blocks where `access`
    /// says so.
    public var pipes: [String]
    public var blocks: Blocks
    /// Rows by what became of them: together all rows.
    public var rows: [(fate: RowFate, rows: Int)]
    /// All rows of the zones that are asked.
    public var rowCount: Int
    /// Rows that passed, before pipes.
    public var found: Int
    public var shapes: Shapes
    public var times: Times
    /// The queries inside filters, which were asked first, and those inside pipes.
    public var inner: [(query: String, explanation: QueryExplanation)]

    /// How the rows of a block are taken.
    public enum Access: Sendable {
        /// Figures are made of columns, block by block, in no order.
        case groups
        /// Row by row in order of time; `limit` is how many are wanted at most.
        case rows(descending: Bool, limit: Int?)
    }

    /// Blocks by what became of them.
    public struct Blocks: Sendable {
        public var all = 0
        /// Have no event of the time that is asked for.
        public var outsideTime = 0
        /// Ruled out by what their segment's footer tells; nothing of them was read.
        public var ruledOut = 0
        /// All rows pass and only their number is asked for.
        public var counted = 0
        /// Enough was found before their turn.
        public var notNeeded = 0
        public var opened = 0
    }

    /// Different shapes by what they tell of their rows.
    public struct Shapes: Sendable {
        /// None of their rows can pass.
        public var never = 0
        /// All of them do.
        public var always = 0
        /// Slots decide.
        public var depends = 0
        /// Of which columns were looked at in some block.
        public var read = 0
        /// The ones with the most rows that were looked at.
        public var told: [ToldShape] = []
    }

    /// A shape whose columns were looked at.
    public struct ToldShape: Sendable {
        public var parser: String
        public var rule: String
        /// The record's fixed text, with `‹n›` for slot n.
        public var text: String
        /// What was left to ask of its slots.
        public var residual: String
        public var rows: Int
    }

    /// Microseconds by the clock.
    public struct Times: Sendable {
        /// Asking shapes and footers.
        public var planning = 0
        /// Filtering blocks, by all workers together.
        public var filter = 0
        /// Looking at blocks, `filter` included, by all workers together.
        public var blocks = 0
        /// In which the thread that puts rows in order and runs pipes waited for workers.
        public var waiting = 0
        /// From the first to the last.
        public var whole = 0

        /// Putting rows in order, running pipes and handing them on.
        public var pipes: Int { max(0, whole - planning - waiting) }
    }
}
