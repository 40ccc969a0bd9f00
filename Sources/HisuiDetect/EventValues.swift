import HisuiBytes

/// The values of one event, as far as rules ask for them, under the numbers of the fields.
///
/// Filled anew for each event without allocating: an arena of bytes, and a chain of ranges for each
/// field, because a field of a JSON event may have several values. A value that is filled in under
/// a better rank (the field's own name before an alias) replaces what is there.
struct EventValues {
    enum State { case absent, null, present }

    private struct Field {
        var rank = Int.max
        var isNull = false
        var first = -1
    }

    private(set) var bytes: [UInt8] = []
    private var fields: [Field]
    private var items: [(range: ByteRange, next: Int)] = []
    private var touched: [Int] = []
    /// Where keywords are looked for.
    private var text: [ByteRange] = []

    init(fieldCount: Int) { fields = [Field](repeating: Field(), count: fieldCount) }

    mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        for field in touched { fields[field] = Field() }
        touched.removeAll(keepingCapacity: true)
    }

    /// Lets `fill` append bytes to the arena, and says where they stand.
    mutating func append(_ fill: (inout [UInt8]) -> Void) -> ByteRange {
        let start = bytes.count
        fill(&bytes)
        return ByteRange(start..<bytes.count)
    }

    /// Adds a value, or null for nil.
    ///
    /// - Parameter rank: 0 is the best.
    mutating func set(_ field: Int, rank: Int, _ range: ByteRange?) {
        guard rank <= fields[field].rank else { return }
        if fields[field].rank == .max { touched.append(field) }
        if rank < fields[field].rank {
            fields[field] = Field(rank: rank, isNull: range == nil, first: -1)
        }
        guard let range else { return }
        items.append((range, fields[field].first))
        fields[field].first = items.count - 1
        fields[field].isNull = false
    }

    mutating func addText(_ range: ByteRange) { text.append(range) }

    func state(_ field: Int) -> State {
        if fields[field].first >= 0 { return .present }
        return fields[field].isNull ? .null : .absent
    }

    /// Whether some value of the field satisfies `test`.
    func any(_ field: Int, _ test: (Span<UInt8>, Range<Int>) -> Bool) -> Bool {
        var item = fields[field].first
        while item >= 0 {
            if test(bytes.span, items[item].range.range) { return true }
            item = items[item].next
        }
        return false
    }

    /// Calls `body` with each value of the field.
    @inline(__always)
    func forEach(_ field: Int, _ body: (Span<UInt8>, Range<Int>) -> Void) {
        var item = fields[field].first
        while item >= 0 {
            body(bytes.span, items[item].range.range)
            item = items[item].next
        }
    }

    /// Calls `body` with each piece of the event's text.
    @inline(__always)
    func forEachText(_ body: (Span<UInt8>, Range<Int>) -> Void) {
        for range in text { body(bytes.span, range.range) }
    }

    /// Whether some piece of the event's text satisfies `test`.
    func anywhere(_ test: (Span<UInt8>, Range<Int>) -> Bool) -> Bool {
        for range in text where test(bytes.span, range.range) { return true }
        return false
    }

    /// The field's value, the first one of several; nil where it has none.
    func value(_ field: Int) -> ArraySlice<UInt8>? {
        var item = fields[field].first
        guard item >= 0 else { return nil }
        while items[item].next >= 0 { item = items[item].next }
        return bytes[items[item].range.range]
    }
}
