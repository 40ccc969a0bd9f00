import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiShape

/// Feeds records of the audit system, in batches of any size, through the whole parser.
///
/// Line feeds part records; a record that is empty ends a batch. Literals and slots must make up
/// each record, slots beside it must lie in the batch, and its line of JSON must be one line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAudit(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let batches = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        .split(separator: [])
    var parser = Parser(definitions: set, timeZone: .tokyo)
    for (number, records) in batches.enumerated() {
        var batch = RecordBatch(source: Source(id: "fuzz", kind: .file, form: .line))
        for record in records {
            batch.append(
                Array(record).span,
                received: Timestamp(nanoseconds: 1_795_402_800_000_000_000))
        }
        let rows = parser.parse(batch, isLast: number == batches.count - 1)
        precondition(rows.rows.count == records.count)
        for (row, record) in zip(rows.rows, records) {
            let shape = parser.shapes[row.shape]
            let first = Int(row.firstSlot)
            let slots = rows.slots[first..<first + shape.slots.count]
            precondition(slots.allSatisfy { $0.range.upperBound <= rows.bytes.count })
            var out: [UInt8] = []
            shape.appendRecord(slots: slots, of: rows.bytes.span, to: &out)
            precondition(out[...] == record)
            out.removeAll()
            ParsedLine.append(row, of: rows, shape: shape, to: &out)
            precondition(out.last == 0x0A && !out.dropLast().contains(0x0A))
            var reader = ByteReader(shape.encoded().span)
            precondition((try? Shape(decoding: &reader)) == shape)
        }
    }
    return 0
}

private let set: DefinitionSet = {
    let schema = """
        schema: fuzz
        version: 1
        fields:
          event.action: { type: keyword, en: a, ja: a }
          file.path: { type: keyword, en: a, ja: a }
          process.command_line: { type: text, en: a, ja: a }
          destination.ip: { type: ip, en: a, ja: a }
          destination.port: { type: integer, en: a, ja: a }
          hisui.joined: { type: boolean, en: a, ja: a }
        actions: { a: { en: a, ja: a } }
        classes: { base: { uid: 0, activities: { other: 99 } } }
        """
    let definition = """
        parser: fuzz
        version: 1
        input: auditkv
        match: { first: ["type=", "node="] }
        times: audit.time
        join:
          parts: [SYSCALL, EXECVE, PATH, CWD, SOCKADDR, PROCTITLE, EOE]
          begin: SYSCALL
          end: [PROCTITLE, EOE]
        rules:
          - id: part
            when: { type: [SYSCALL, EXECVE, PATH, CWD, SOCKADDR, PROCTITLE, EOE] }
            set: { hisui.joined: true }
          - { id: other, when: { type: "*" }, set: { event.action: a } }
        events:
          - id: call
            when: { SYSCALL.call: "*" }
            set: { event.action: a }
            fields:
              process.command_line: [EXECVE.argv, PROCTITLE.argv]
              file.path: [PATH.CREATE.path, PATH.path, SOCKADDR.path]
              destination.ip: SOCKADDR.ip
              destination.port: SOCKADDR.port
        samples:
          - { line: "type=EOE msg=audit(1.000:1): ", is: { rule: part } }
          - { line: "type=X msg=audit(1.000:1): a='b'", hostile: true, is: { rule: other } }
          - lines: ["type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=2 items=0"]
            is: { rule: call }
          - reject: "type="
        """
    guard let schema = Schema.load(Array(schema.utf8), file: "schema").schema else {
        preconditionFailure("the schema of the fuzzer")
    }
    let (set, diagnostics) = DefinitionSet.compile(
        files: [("audit.yaml", Array(definition.utf8))], schema: schema)
    precondition(diagnostics.isEmpty, "\(diagnostics)")
    return set
}()
