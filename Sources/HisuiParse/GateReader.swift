import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Reads which messages may be in a format that does not say what it is: `program` and `first` of
/// `match`.
struct GateReader {
    let log: Diagnostics

    func read(_ reader: inout MappingReader, _ inputs: [NamedInput]) -> FormatGate {
        var gate = FormatGate()
        let programs = reader.strings("program", orOne: true) ?? []
        let firsts = reader.strings("first", orOne: true) ?? []
        let known = inputs.allSatisfy(\.saysItself) ? inputs.first : nil
        for (_, node) in programs + firsts {
            guard let known else { break }
            log.report(
                node, "`\(known.rawValue)` says what it is: `program` and `first` do not apply",
                hint: "use `when`")
        }
        gate.programs = ProgramPatternReader(log: log).read(programs)
        for (text, node) in firsts {
            if text.isEmpty || text.utf8.count > Limits.nameBytesMax {
                log.report(
                    node, "`first` needs 1 to \(Limits.nameBytesMax) bytes that messages begin with"
                )
            } else {
                gate.firsts.append(Array(text.utf8))
            }
        }
        return gate
    }
}

/// Reads patterns of programs' names.
struct ProgramPatternReader {
    let log: Diagnostics

    func read(_ given: [(text: String, node: YAMLNode)]) -> [Definition.ProgramPattern] {
        given.compactMap { text, node in
            if text == "*" { return .any }
            guard let star = text.firstIndex(of: "*") else {
                if text.isEmpty { log.report(node, "an empty program name") }
                return .exact(Array(text.utf8))
            }
            guard text.index(after: star) == text.endIndex else {
                log.report(
                    node, "`*` can only stand at the end of a program name",
                    hint: "such as postfix/*")
                return nil
            }
            return .prefix(Array(text.utf8.dropLast()))
        }
    }
}
