import HisuiCollect
import HisuiEvent
import Testing

@Suite struct HTTPFramerTests {
    private struct Exchange: Equatable {
        var request: HTTPRequest
        var body = ""
        var isWhole = false
    }

    private struct Stream: Equatable {
        var exchanges: [Exchange] = []
        var status: HTTPStatus?
    }

    private func read(_ text: String, pieces count: Int = .max) -> Stream {
        var framer = HTTPFramer()
        var stream = Stream()
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let piece = Array(bytes[start..<min(bytes.count, start + min(count, bytes.count))])
            start += piece.count
            var position = 0
            var isTaken = false
            while !isTaken {
                switch framer.take(piece.span, from: &position) {
                case .more: isTaken = true
                case .head(let request): stream.exchanges.append(Exchange(request: request))
                case .body(let range):
                    let part = String(decoding: piece[range], as: UTF8.self)
                    stream.exchanges[stream.exchanges.count - 1].body += part
                case .end: stream.exchanges[stream.exchanges.count - 1].isWhole = true
                case .broken(let status):
                    stream.status = status
                    return stream
                }
            }
        }
        return stream
    }

    private func status(_ lines: String...) -> HTTPStatus? {
        read(lines.joined(separator: "\r\n") + "\r\n\r\n").status
    }

    @Test func aRequestOfJournalUploadIsRead() {
        let text =
            "POST /upload HTTP/1.1\r\nHost: hisui.example:19532\r\n"
            + "User-Agent: systemd-journal-upload 252 (252.39-1~deb12u1)\r\n"
            + "Accept: text/plain\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
            + "Content-Type: application/vnd.fdo.journal\r\n\r\n"
            + "5\r\nabcde\r\n00a;name=\"v\"\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"
        for count in [1, 2, 3, 7, 64, .max] {
            let stream = read(text + "GET / HTTP/1.1\r\nHost: h\r\n\r\n", pieces: count)
            #expect(stream.status == nil)
            #expect(stream.exchanges.map(\.body) == ["abcde0123456789", ""])
            #expect(stream.exchanges.allSatisfy { $0.isWhole })
            let request = stream.exchanges[0].request
            #expect(request.method == .post && request.path == Array("/upload".utf8))
            #expect(request.body == .chunked && request.expectsContinue && request.keepsAlive)
            #expect(request.mediaType == Array("application/vnd.fdo.journal".utf8))
        }
    }

    @Test func targetsAreSplit() {
        let stream = read(
            "\r\nPUT /a/b?x=1?y HTTP/1.1\r\nhost:h\r\ncontent-length: 3\r\n"
                + "Content-Encoding: GZIP\r\nAuthorization:  Bearer t \r\n"
                + "Connection: x, Close\r\n\r\nabc"
                + "GET HTTP://h:1?q HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
                + "OPTIONS * HTTP/1.0\r\n\r\n")
        #expect(stream.status == nil)
        let requests = stream.exchanges.map(\.request)
        #expect(requests[0].path == Array("/a/b".utf8) && requests[0].query == Array("x=1?y".utf8))
        #expect(requests[0].body == .length(3) && requests[0].coding == .gzip)
        #expect(requests[0].authorization == Array("Bearer t".utf8) && !requests[0].keepsAlive)
        #expect(requests[1].path == Array("/".utf8) && requests[1].query == Array("q".utf8))
        #expect(requests[1].method == .get && requests[1].keepsAlive)
        #expect(requests[2].path == Array("*".utf8) && !requests[2].keepsAlive)
        #expect(stream.exchanges.map(\.body) == ["abc", "", ""])
    }

    /// What a proxy could understand in another way than this end (request smuggling).
    @Test(arguments: [
        "Content-Length: 3\r\nContent-Length: 3", "Content-Length: 3, 3", "Content-Length: +3",
        "Content-Length: 0x3", "Content-Length: ", "Content-Length: 9999999999999999999",
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Content-Length : 3", " Content-Length: 3", "A: b\r\n Content-Length: 3",
        "Host: other", "Content-Length: 3\nX: y", "A: b\rc", "A: \u{0}", "A\u{1}: b", ": b",
        "no colon", "Authorization: Bearer a\r\nAuthorization: Bearer b",
    ])
    func whatIsAmbiguousIsRefused(fields: String) {
        #expect(status("POST / HTTP/1.1", "Host: h", fields) == .badRequest)
    }

    @Test func whatIsNotTakenIsRefusedByItsStatus() {
        #expect(status("GET / HTTP/1.1") == .badRequest)
        #expect(status("GET / HTTP/2.0", "Host: h") == .versionNotSupported)
        #expect(status("GET / HTTP/1.1x", "Host: h") == .badRequest)
        #expect(status("GET  / HTTP/1.1", "Host: h") == .badRequest)
        #expect(status("GET http HTTP/1.1", "Host: h") == .badRequest)
        #expect(status("G(T / HTTP/1.1", "Host: h") == .badRequest)
        #expect(status("GET /\u{e9} HTTP/1.1", "Host: h") == .badRequest)
        #expect(status("POST / HTTP/1.0", "Transfer-Encoding: chunked") == .badRequest)
        let codings = "gzip, chunked"
        #expect(
            status("POST / HTTP/1.1", "Host: h", "Transfer-Encoding: \(codings)")
                == .notImplemented)
        #expect(status("POST / HTTP/1.1", "Host: h", "Expect: 200-ok") == .expectationFailed)
        let long = String(repeating: "a", count: Limits.httpTargetBytesMax)
        #expect(status("GET /\(long) HTTP/1.1", "Host: h") == .targetTooLong)
        let many = (0..<Limits.httpFieldsMax).map { "X-\($0): 1" }.joined(separator: "\r\n")
        #expect(status("GET / HTTP/1.1", "Host: h", many) == .headTooLarge)
        let large = String(repeating: "b", count: Limits.httpHeadBytesMax)
        #expect(status("GET / HTTP/1.1", "Host: h", "X: \(large)") == .headTooLarge)
        #expect(read("\u{16}\u{3}\u{1}\n").status == .badRequest)
        #expect(read("\r\n\r\nGET / HTTP/1.1\r\n").status == .badRequest)
    }

    @Test(arguments: [
        "g\r\n", "\r\n", "-1\r\n", "5 \r\nabcde", "5;\u{1}\r\n", "1\r\nab", "1\r\na\n",
        "0000000000000005\r\nabcde", "5\nabcde", "0\r\nX: y\n\r\n",
    ])
    func aChunkThatIsNoneBreaksTheStream(chunks: String) {
        let stream = read(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        #expect(stream.status == .badRequest)
        #expect(stream.exchanges.count == 1 && !stream.exchanges[0].isWhole)
    }

    @Test func aTrailerIsBounded() {
        let field = "X: " + String(repeating: "y", count: 1000) + "\r\n"
        let stream = read(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                + String(repeating: field, count: 20))
        #expect(stream.status == .headTooLarge)
    }
}
