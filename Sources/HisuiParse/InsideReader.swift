public import HisuiBytes
public import HisuiEvent
public import HisuiShape

/// A message that stands in a member of a record, as a record of its own.
public struct InsideMessage {
    /// One row; its bytes are the text, behind the program that another member names.
    public var rows: RowBatch
    public var shape: Shape
    /// Where the text begins in the bytes: behind that program.
    public var textStart: Int

    public var row: RowBatch.Row { rows.rows[0] }
}

/// Looks into records that no rule knows, for people who write rules: at the message inside a
/// member that a definition names by `nested`.
///
/// What a parser itself makes of such messages stands beside the record (decision 0046), and
/// nothing does where no rule knows one; so they are read here once more. Belongs to one thread.
public struct InsideReader: Sendable {
    private var parser: Parser

    /// Nil if no definition names such a member.
    public init?(_ definitions: DefinitionSet, timeZone: TimeZoneRules) {
        guard definitions.nests else { return nil }
        parser = Parser(definitions: definitions, timeZone: timeZone)
    }

    /// The message inside a record in UTF-8; nil if it has none, or one that says whom it is about:
    /// that is not shown.
    ///
    /// - Complexity: O(length of the record).
    public mutating func read(
        _ record: Span<UInt8>, of source: Source, received: Timestamp
    ) -> InsideMessage? {
        var batch = RecordBatch(source: source)
        batch.append(record, received: received)
        parser.nesting.text.removeAll(keepingCapacity: true)
        _ = parser.parse(batch)
        return parser.readInside(of: source, received: received)
    }
}

extension Parser {
    /// The text that was read last as a message of its own, as a record of its own.
    fileprivate mutating func readInside(
        of source: Source, received: Timestamp
    ) -> InsideMessage? {
        let text = nesting.text
        guard text.count > nesting.programCount, !nesting.inner.isEmpty else { return nil }
        let row = nesting.inner[0].readAlone(
            text.span, programCount: nesting.programCount, received: received)
        guard let row else { return nil }
        var batch = RecordBatch(source: source)
        batch.append(text.span, received: received)
        var rows = RowBatch(takingOver: batch)
        rows.slots = nesting.inner[0].scratch.slots
        rows.rows = [row]
        return InsideMessage(
            rows: rows, shape: nesting.inner[0].shapes[row.shape],
            textStart: nesting.programCount)
    }
}
