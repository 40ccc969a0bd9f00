import HisuiBytes
import HisuiEvent

/// What the `#Fields:` lines of files have said so far: for each file the number of its format.
///
/// Only a file whose first line was one with `#` has such lines: in other files somebody may have
/// written one, to have the lines behind it taken for something else.
struct FieldLines {
    private enum State {
        /// Its first line began with something else.
        case text
        /// Nothing but lines with `#` so far.
        case begun
        case columns(Int)
    }

    private var states: [String: State] = [:]
    /// The file at hand: its name, and its sender's number in the batch.
    private var name: String?
    private var sender: UInt32 = 0
    private var state: State?

    /// Forgets all numbers: files that had one are text until they name columns again.
    mutating func forgetColumns() {
        states = states.mapValues { Self.withoutColumns($0) }
        state = state.map { Self.withoutColumns($0) }
    }

    private static func withoutColumns(_ state: State) -> State {
        if case .columns = state { return .begun }
        return state
    }

    /// Begins a batch, of whatever files.
    mutating func begin() {
        store()
        name = nil
        state = nil
    }

    private mutating func store() {
        guard let name, let state else { return }
        if states.count >= Limits.filesRememberedMax, states[name] == nil { states.removeAll() }
        states[name] = state
    }

    /// Goes on with a record of a file.
    ///
    /// - Returns: whether the record names columns, which `setColumns` is to be told then.
    @inline(__always)
    mutating func take(
        _ record: Span<UInt8>, sender: UInt32, of senders: [String], source: String
    ) -> Bool {
        if name == nil || sender != self.sender { change(sender, senders, source) }
        let isMark = record.count > 0 && record[0] == 0x23
        guard let state else {
            self.state = isMark ? .begun : .text
            return isMark && Self.namesColumns(record)
        }
        if case .text = state { return false }
        return isMark && Self.namesColumns(record)
    }

    /// Goes on with a file in the middle, as its reader knows it.
    ///
    /// - Returns: the line that names its columns, which `setColumns` is to be told then.
    mutating func resume(
        _ columns: RecordBatch.ColumnLines, of senders: [String], source: String
    ) -> [UInt8]? {
        if case .unknown = columns { return nil }
        change(0, senders, source)
        state = .text
        guard case .named(let line) = columns else { return nil }
        state = .begun
        return line.isEmpty ? nil : line
    }

    private mutating func change(_ sender: UInt32, _ senders: [String], _ source: String) {
        store()
        let name = "\(source)\0\(senders[Int(sender)])"
        self.name = name
        self.sender = sender
        state = states[name]
    }

    private static func namesColumns(_ record: Span<UInt8>) -> Bool {
        let mark = W3CFormat.mark
        return record.count > mark.count && ByteSearch.equal(record, 0..<mark.count, mark.span)
    }

    /// The columns from here on; nil: none that can be used.
    mutating func setColumns(_ choice: Int?) { state = choice.map { .columns($0) } ?? .begun }

    /// How lines of the file at hand are read.
    @inline(__always)
    var choice: Int? {
        if case .columns(let choice)? = state { return choice }
        return nil
    }
}
