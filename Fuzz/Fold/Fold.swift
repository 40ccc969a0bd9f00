import FuzzSupport
import HisuiBytes
import HisuiEvent
import HisuiParse

/// Feeds records that are folded through the whole parser.
///
/// Line feeds part records; each is six words of a few bytes, from which a record of JSON is made,
/// or the record itself where it begins with a brace. Whatever comes, literals and slots make up
/// each record, and batches of any size give the same rows as one batch.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFold(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let records = bytes[1...].split(separator: 0x0A).map { record($0) }
    let whole = rows(of: records, batch: max(1, records.count))
    let cut = rows(of: records, batch: Int(bytes[0]) % 7 + 1)
    precondition(whole == cut)
    return 0
}

/// A record of the words in `line`: number, session, object, handle, rights, address.
private func record(_ line: ArraySlice<UInt8>) -> [UInt8] {
    guard line.first != 0x7B else { return Array(line) }
    let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
    let names = ["EventID", "Session", "ObjectName", "HandleId", "AccessMask", "IpAddress"]
    var out = Array("{\"EventTime\":\"2026-11-23T00:00:00Z\"".utf8)
    for (name, word) in zip(names, words) where !word.isEmpty {
        out.append(utf8: ",\"\(name)\":")
        JSONText.appendString(String(decoding: word, as: UTF8.self), to: &out)
    }
    out.append(0x7D)
    return out
}

private func rows(of records: [[UInt8]], batch size: Int) -> [[UInt8]] {
    var parser = Parser(definitions: set, timeZone: .tokyo)
    var lines: [[UInt8]] = []
    for start in stride(from: 0, to: records.count, by: size) {
        let part = records[start..<min(records.count, start + size)]
        let rows = parser.parse(fuzzBatch(part, form: .line))
        precondition(rows.rows.count == part.count)
        for (row, record) in zip(rows.rows, part) {
            lines.append(checkRow(row, of: rows, parser.shapes, is: record))
        }
    }
    return lines
}

private let set: DefinitionSet = {
    let definition = #"""
        parser: fuzz
        version: 1
        input: json
        match: { when: { EventID: "*" } }
        times: EventTime
        fold:
          object: [ObjectName, Share+ObjectName]
          handle: HandleId
          access: AccessMask
          kinds: { read: "0x1", write: "0x6", delete: "0x10000", permission: "0x40000" }
          fields:
            file.path: object
            source.ip: address
            hisui.joined.count: count
            event.start: start
        fields: { session.id: Session, source.ip: IpAddress }
        rules:
          - { id: open, when: { EventID: "0" }, fold: open, set: { event.action: a } }
          - { id: use, when: { EventID: "1" }, fold: use, set: { event.action: a } }
          - { id: ask, when: { EventID: "2" }, fold: ask, set: { event.action: a } }
          - { id: delete, when: { EventID: "3" }, fold: delete, set: { event.action: a } }
          - { id: permission, when: { EventID: "4" }, fold: permission, set: { event.action: a } }
          - { id: close, when: { EventID: "5" }, fold: close, set: { event.action: a } }
          - { id: address, when: { EventID: "6" }, fold: address, set: { event.action: a } }
          - id: refused
            when: { EventID: "7" }
            fold: open
            set: { event.action: a, event.outcome: failure }
        events:
          - id: told
            when:
              fold: [asked, read, write, create, permission, remove, rename, delete, failed]
            set: { event.action: a }
        samples:
          - { line: '{"EventID":"0"}', is: { rule: open } }
          - { line: '{"EventID":"1"}', is: { rule: use } }
          - { line: '{"EventID":"2"}', is: { rule: ask } }
          - { line: '{"EventID":"3"}', is: { rule: delete } }
          - { line: '{"EventID":"4"}', is: { rule: permission } }
          - { line: '{"EventID":"5"}', is: { rule: close } }
          - { line: '{"EventID":"6"}', is: { rule: address } }
          - { line: '{"EventID":"7"}', is: { rule: refused } }
          - lines: ['{"EventID":"1","Session":"1","ObjectName":"\"a","AccessMask":"1"}']
            hostile: true
            is: { rule: told, file.path: '"a' }
          - reject: '{"EventID":"x"}'
        """#
    return fuzzDefinitions(
        definition,
        fields: [
            "event.action": "keyword", "event.outcome": "keyword", "event.start": "keyword",
            "file.path": "keyword", "session.id": "keyword", "source.ip": "ip",
            "hisui.joined": "boolean", "hisui.joined.count": "integer",
        ])
}()
