import FuzzSupport
import HisuiBytes
import HisuiEvent
import HisuiParse

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
        let records = records.map { Array($0) }
        let rows = parser.parse(
            fuzzBatch(records, form: .line), isLast: number == batches.count - 1)
        precondition(rows.rows.count == records.count)
        for (row, record) in zip(rows.rows, records) {
            checkRow(row, of: rows, parser.shapes, is: record)
        }
    }
    return 0
}

private let set: DefinitionSet = {
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
    return fuzzDefinitions(
        definition,
        fields: [
            "event.action": "keyword", "file.path": "keyword", "process.command_line": "text",
            "destination.ip": "ip", "destination.port": "integer", "hisui.joined": "boolean",
        ])
}()
