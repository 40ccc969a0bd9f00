import HisuiEvent
import HisuiYAML

/// How others are told that the daemon lives.
extension ConfigurationReader {
    func signal(_ top: inout MappingReader) -> Configuration.Signal? {
        guard var reader = top.mapping("signal", "`signal`") else { return nil }
        let seconds = reader.int("seconds", in: 1...86_400) ?? 60
        let udp = reader.stringNode("udp")
        let tcp = reader.stringNode("tcp")
        let command = reader.strings("command")
        reader.finish()
        let ways = ["udp", "tcp", "command"]
        guard let key = onlyKey(reader, ways, hint: "keep one of them") else { return nil }
        let way: Configuration.Signal.Way?
        switch key.text {
        case "udp": way = udp.flatMap { endpoint($0) }.map { .udp($0) }
        case "tcp": way = tcp.flatMap { endpoint($0) }.map { .tcp($0) }
        default: way = command.flatMap { words($0, reader) }.map { .command($0) }
        }
        return way.map { Configuration.Signal(way: $0, seconds: seconds) }
    }

    /// A program's path and its arguments.
    private func words(_ given: [Text], _ reader: MappingReader) -> [String]? {
        guard bounded(given, Limits.signalWordsMax, least: 1, reader, "command", "words"),
            let program = given.first, let path = path(program, "the program")
        else { return nil }
        for word in given where word.text.isEmpty || word.text.utf8.contains(0) {
            log.report(word.node, "a word of the command is empty or holds a NUL")
            return nil
        }
        return [path] + given.dropFirst().map(\.text)
    }
}
