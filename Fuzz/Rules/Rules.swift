import FuzzSupport
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiShape

/// Feeds the compiler of parser definitions with text, and the matcher with lines.
///
/// The first byte chooses: a whole definition; a template in an otherwise good definition; a line
/// for a set whose rules use every kind of field; or a line for the shipped rules, in `parsers` of
/// the directory it runs in. Whatever is accepted must keep the promises of `DefinitionSet.match`,
/// no message may cost more comparisons than the limit allows, and one for the shipped rules no
/// more than 128 a byte.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRules(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let input = Array(bytes[1...])
    switch bytes[0] % 4 {
    case 0:
        let set = compile(input)
        match(set, input)
    case 1:
        let text = String(decoding: input.prefix(200), as: UTF8.self).flatMap { character in
            character == "\"" || character == "\\" ? "\\\(character)" : "\(character)"
        }
        match(
            compile(Array(definition(rules: "  - { id: a, line: \"\(String(text))\" }").utf8)),
            input)
    case 2:
        match(everyKind, input)
    default:
        matchShipped(input)
    }
    return 0
}

private let schema = fuzzSchema([
    "event.action": "keyword", "user.name": "keyword, security: true",
    "source.ip": "ip, security: true", "source.port": "integer", "@timestamp": "time",
    "message": "text",
])

/// Rules without the samples that a definition needs: they are accepted only for what they know.
private func definition(rules: String, samples: String = "  - reject: \"\\0\"") -> String {
    """
    parser: fuzz
    version: 1
    match: { program: "*" }
    prefix: "[{_:blank}{_:int}.{_:int}] "
    untrusted: [user.name]
    defaults: { event.action: a }
    rules:
    \(rules)
    samples:
    \(samples)
    """
}

private let everyKind: DefinitionSet = {
    let rules = [
        (
            "a",
            "for {user.name:user>} from {source.ip:ip} port {source.port:port}[[ x]][[: {_:rest}]]",
            "for a from 1.2.3.4 port 1"
        ),
        ("b", "{_:word}[{_:int}]: {_:hex} {_:host} {_:mac}", "a[1]: 0x1 h 00:11:22:33:44:55"),
        ("c", "[[a{_:text}b]](c|cd|cde){_:path} {_:quoted}{_:blank}{_:text>}, z", "c/ \\\"\\\", z"),
        ("d", "{_:text}IN={_:text} {message:text>} [[y {_:word}]]", "IN= a "),
        ("e", "{_:word}={_:word};{_:word}::{_:text}", "a=b;c::"),
        (
            "f",
            "at {@timestamp:ts(Gy/M/d ah:mm:ss.S z)} {_:float}[[ in {_:cidr}[[ x{_:hex}]]]](y|)",
            "at R8/1/2 PM3:04:05.6 JST 1.5 in 192.0.2.0/24y"
        ),
        ("g", "g {_g:text}, {_h:word}", "g exy, ab"),
    ]
    let set = compile(
        Array(
            definition(
                rules: rules.map {
                    "  - { id: \($0.0), line: \"\($0.1)\"" + ($0.0 == "g" ? decisions : "") + " }"
                }.joined(separator: "\n"),
                samples: "  - reject: \"q\"\n  - { line: \"for \\\" from 1.2.3.4 port 1\", "
                    + "hostile: true, is: { rule: a } }\n"
                    + rules.map { "  - { line: \"\($0.2)\", is: { rule: \($0.0) } }" }
                    .joined(separator: "\n")
            ).utf8))
    precondition(set.ruleCount == rules.count)
    return set
}()

private let decisions =
    ", when: { _h: [\"a*\", b] }, cases: { _g: { x: { message: a }, \"*y\": { message: b } } }"

/// The shipped rules, and the programs they are for.
private let shipped: DefinitionSet = {
    let fileSystem = RealFileSystem()
    do {
        var schema: Schema?
        var files: [(name: String, bytes: [UInt8])] = []
        for name in try fileSystem.list("parsers").sorted() where name.hasSuffix(".yaml") {
            let contents = try fileSystem.contents("parsers/" + name)
            var bytes: [UInt8] = []
            bytes.append(contents.bytes, 0..<contents.bytes.count)
            if name == "schema.yaml" {
                schema = Schema.load(bytes, file: name).schema
            } else {
                files.append((name, bytes))
            }
        }
        guard let schema else { preconditionFailure("run in the directory that has `parsers`") }
        return DefinitionSet.compile(files: files, schema: schema).set
    } catch {
        preconditionFailure("\(error)")
    }
}()

/// The line's first byte chooses the program.
private func matchShipped(_ input: [UInt8]) {
    let programs = ["", "sshd", "sudo", "su", "CRON", "kernel", "systemd", "systemd-logind"]
    guard let first = input.first else { return }
    let program = Array(programs[Int(first) % programs.count].utf8)
    let record = program + input.dropFirst()
    var scratch = RowScratch()
    var steps = StepCount()
    _ = shipped.match(
        record.span, message: program.count..<record.count,
        program: program.isEmpty ? nil : 0..<program.count, into: &scratch, steps: &steps)
    // A line of some bytes is worth a hundred: so much it costs to find out who knows it.
    precondition(steps.total <= 128 * (record.count + 100))
}

private func compile(_ bytes: [UInt8]) -> DefinitionSet {
    let (set, diagnostics) = DefinitionSet.compile(
        files: [(name: "fuzz", bytes: bytes)], schema: schema)
    precondition(diagnostics.isEmpty == (set.members.count == 1))
    return set
}

private func match(_ set: DefinitionSet, _ line: [UInt8]) {
    var scratch = RowScratch()
    var steps = StepCount()
    let found = set.match(
        line.span, message: 0..<line.count, program: nil, into: &scratch, steps: &steps)
    let rules = max(1, set.ruleCount) * Limits.ruleCostMax
    precondition(steps.total <= rules * (line.count + 1))
    guard let found else {
        precondition(scratch.slots.isEmpty)
        return
    }
    precondition(set.kinds(of: found).count == scratch.slots.count)
    var at = 0
    for slot in scratch.slots {
        precondition(slot.range.lowerBound >= at && slot.range.upperBound <= line.count)
        at = slot.range.upperBound
    }
    let (_, _, fields) = set.fields(of: found, firstSlot: 0)
    for field in fields {
        if case .slot(let slot, _) = field.value { precondition(slot < scratch.slots.count) }
    }
    precondition(Set(fields.map(\.name)).count == fields.count)
}
