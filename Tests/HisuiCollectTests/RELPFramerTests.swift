import HisuiCollect
import Testing

@Suite struct RELPFramerTests {
    /// Number, name, data and whether it was cut, of each command; the last is nil when the stream
    /// was broken there.
    private func commands(
        _ stream: String, pieces: Int = .max, limit: Int = 1000
    ) -> [String?] {
        var framer = RELPFramer(limit: limit)
        let bytes = Array(stream.utf8)
        var found: [String?] = []
        var start = 0
        while start < bytes.count {
            let end = pieces == .max ? bytes.count : min(start + pieces, bytes.count)
            let input = Array(bytes[start..<end])
            var position = 0
            while position < input.count {
                switch framer.take(input.span, from: &position) {
                case .more: break
                case .broken: return found + [nil]
                case .command(let number, let name, let data, let isCut):
                    let bytes = data.map { Array(input[$0]) } ?? framer.kept
                    let text = String(decoding: bytes, as: UTF8.self)
                    found.append("\(number) \(name) \(text)\(isCut ? "…" : "")")
                }
            }
            start = end
        }
        return found
    }

    @Test(arguments: [Int.max, 1, 2, 3, 7])
    func commandsAreTheSameHoweverTheStreamIsSplit(pieces: Int) {
        let stream = "1 open 5 a=b\nc\n2 syslog 6 <13>x\n\n3 syslog 1 \n\n4 close 0\n5 rsp 0\n"
        #expect(
            commands(stream, pieces: pieces) == [
                "1 open a=b\nc", "2 syslog <13>x\n", "3 syslog \n", "4 close ", "5 response ",
            ])
    }

    @Test(arguments: [Int.max, 1, 4])
    func dataBeyondTheLimitIsPassedOver(pieces: Int) {
        #expect(
            commands("1 syslog 10 0123456789\n2 syslog 4 abcd\n", pieces: pieces, limit: 4) == [
                "1 syslog 0123…", "2 syslog abcd",
            ])
    }

    @Test(arguments: [
        "x open 0\n", " 1 open 0\n", "1234567890 open 0\n", "1  open 0\n", "1 op3n 0\n",
        "1 open  0\n", "1 open x\n", "1 open 1234567890 a\n", "1 open 0 \n", "1 open 3\nabc\n",
        "1 open 3 abcd\n", "1 open 0\r\n", "1 \(String(repeating: "a", count: 33)) 0\n", "<13>x\n",
        "1 syslog -1 a\n", "1 syslog 2\n",
    ])
    func whatIsNoRELPBreaksTheSession(stream: String) {
        #expect(commands(stream) == [nil])
        #expect(commands(stream, pieces: 1) == [nil])
    }
}
