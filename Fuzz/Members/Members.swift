import HisuiBytes
import HisuiEvent
import HisuiQuery
import HisuiShape
import HisuiStore

/// Feeds what pipes read inside of a value: members of JSON and logfmt, items of arrays, text in
/// quotes, and text between given texts. The input up to the first NUL is such a text, what follows
/// the value.
///
/// What is written so reads back as it was, and what was taken apart goes together again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMembers(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let end = bytes.firstIndex(of: 0) ?? bytes.count
    let separator = Array(bytes[..<end].prefix(16))
    let value = Array(bytes[end...].dropFirst())
    let blocks = [block(value)]
    guard let message = rows("* | fields _msg", "_msg", blocks).first, !message.isEmpty else {
        return 0
    }
    var text: [UInt8] = []
    _ = UTF8Text.appendRepaired(message.span, 0..<message.count, to: &text)
    // Whatever the value is, it is read, and no more than so many of its members.
    for pipe in [
        "unpack_json", "unpack_json fields (a, b*)", "unpack_logfmt", "unpack_logfmt fields (a)",
        "unroll _msg", "json_array_len(_msg) as n", "extract '<a>=<b>,<c>'",
        "extract 'x<plain:a>y'",
    ] {
        precondition(rows("* | fields _msg | " + pipe, "_msg", blocks).count <= 1000)
    }
    for form in ["json", "logfmt"] {
        let back = rows(
            "* | fields _msg | pack_\(form) as p | unpack_\(form) from p result_prefix \"q.\"",
            "q._msg", blocks)
        precondition(back == [text], "\(form): \(back)")
    }
    let quoted = rows("* | format \"<q:_msg>\" as q | extract \"<x>\" from q", "x", blocks)
    precondition(quoted == [text], "quoted: \(quoted)")
    for (pipe, field) in [
        ("unpack_words from _msg as w", "w"), ("split \"=\" from _msg as w", "w"),
    ] {
        let items = rows("* | \(pipe) | unroll by (w)", field, blocks).count
        let length = rows("* | \(pipe) | json_array_len(w) as n", "n", blocks)
        // An empty array leaves one row.
        precondition(length == [Array("\(items)".utf8)] || (items == 1 && length == [[0x30]]))
    }
    takeApart(message, separator, blocks)
    return 0
}

/// What stands before and behind a text goes together with it again.
private func takeApart(_ message: [UInt8], _ separator: [UInt8], _ blocks: [Block]) {
    let marks: [UInt8] = [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&")]
    guard !separator.isEmpty, !separator.contains(where: marks.contains) else { return }
    let quoted = separator.map { byte in
        let digits = String(byte, radix: 16)
        return "\\x" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
    let whole = rows(
        "* | extract \"<plain:a>\(quoted)<plain:b>\" | format \"<a>\(quoted)<b>\" as c", "c", blocks
    )
    if ByteSearch.first(of: separator, in: message.span) != nil {
        precondition(whole == [message], "\(whole)")
    }
    // Other texts are patterns too, or are refused.
    let pattern = String(decoding: separator, as: UTF8.self)
        .replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    if let query = try? Query.parse("* | extract \"\(pattern)\"", now: now, timeZone: .utc) {
        precondition(
            (try? Query.parse(query.description, now: now, timeZone: .utc))?.description
                == query.description)
    }
}

private let now = Timestamp(nanoseconds: 1_763_859_723_000_000_000)

/// The values of a field in the rows that a query gives; empty where a row has none.
private func rows(_ text: String, _ field: String, _ blocks: [Block]) -> [[UInt8]] {
    guard let query = try? Query.parse(text, now: now, timeZone: .utc) else {
        preconditionFailure("cannot be read: \(text)")
    }
    var options = QueryOptions()
    options.workers = 1
    var found: [[UInt8]] = []
    do {
        try QueryRunner(blocks: blocks, query: query, options: options).run { row in
            var value: [UInt8] = []
            if let place = row.index(of: field) {
                value.append(row.valueBytes, row.range(at: place))
            }
            found.append(value)
            return true
        }
    } catch {
        preconditionFailure("\(text): \(error)")
    }
    return found
}

/// One record.
private func block(_ record: [UInt8]) -> Block {
    let table = ShapeTable()
    var batch = RowBatch(
        takingOver: RecordBatch(source: Source(id: "fuzz", kind: .file, form: .line)))
    batch.bytes = record
    batch.slots = [ByteRange(0..<record.count)]
    batch.rows = [
        RowBatch.Row(
            offset: 0, count: UInt32(record.count), shape: table.intern(Shape.any), firstSlot: 0,
            time: now, received: now, sender: 0, flags: [])
    ]
    var builder = BlockBuilder(zone: "local", stream: "default", firstIndex: 0)
    _ = builder.append(batch, shapes: table)
    return builder.take()
}
