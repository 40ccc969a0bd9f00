import HisuiBytes
import HisuiEvent

/// The statuses with which a listener answers.
public enum HTTPStatus: Int, Hashable, Sendable {
    case ok = 200
    case accepted = 202
    case noContent = 204
    case badRequest = 400
    case unauthorized = 401
    case forbidden = 403
    case notFound = 404
    case methodNotAllowed = 405
    case requestTimeout = 408
    case contentTooLarge = 413
    case targetTooLong = 414
    case unsupportedMediaType = 415
    case expectationFailed = 417
    case headTooLarge = 431
    case notImplemented = 501
    case unavailable = 503
    case versionNotSupported = 505

    /// RFC 9110's words for it, RFC 6585's for 431.
    var reason: String {
        switch self {
        case .ok: "OK"
        case .accepted: "Accepted"
        case .noContent: "No Content"
        case .badRequest: "Bad Request"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .notFound: "Not Found"
        case .methodNotAllowed: "Method Not Allowed"
        case .requestTimeout: "Request Timeout"
        case .contentTooLarge: "Content Too Large"
        case .targetTooLong: "URI Too Long"
        case .unsupportedMediaType: "Unsupported Media Type"
        case .expectationFailed: "Expectation Failed"
        case .headTooLarge: "Request Header Fields Too Large"
        case .notImplemented: "Not Implemented"
        case .unavailable: "Service Unavailable"
        case .versionNotSupported: "HTTP Version Not Supported"
        }
    }
}

/// What a request says before its body, as far as a receiver of logs needs it.
public struct HTTPRequest: Hashable, Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case other = ""
    }

    /// How long the body is (RFC 9112 §6.3).
    public enum Body: Hashable, Sendable {
        case none
        /// More than 0.
        case length(UInt64)
        case chunked
    }

    /// How the body is compressed: `Content-Encoding` (RFC 9110 §8.4.1, RFC 8878).
    public enum Coding: Hashable, Sendable {
        case identity, gzip, zstd
        /// One that is not read here, or several.
        case other
    }

    public var method = Method.other
    /// The path, beginning with `/`, as sent; `*` of `OPTIONS *`.
    public var path: [UInt8] = []
    /// What stands behind the first `?`.
    public var query: [UInt8] = []
    public var body = Body.none
    public var coding = Coding.identity
    /// `Content-Type` in small letters, without parameters; empty if there is none.
    public var mediaType: [UInt8] = []
    /// `Authorization`, as sent; empty if there is none.
    public var authorization: [UInt8] = []
    /// The client waits for `100 Continue` before it sends the body.
    public var expectsContinue = false
    /// The client takes another answer on this connection.
    public var keepsAlive = true
    /// A browser says which page made it send this.
    public var hasOrigin = false

    public init() {}
}

/// Reads the head of a request: everything before the blank line (RFC 9112 §§2–5).
///
/// Strict where two readers could differ: nothing is repaired. Repeated or combined lengths, a
/// length beside a transfer coding, folded lines, blanks before a colon and bare CR or LF are
/// refused, and so is every transfer coding but `chunked`.
struct HTTPHeadReader {
    private var request = HTTPRequest()
    private var status: HTTPStatus?
    private var isOld = false
    private var hosts = 0
    private var length: UInt64?
    private var isChunked = false
    private var fields = 0
    private var codings = 0

    /// - Parameter head: lines that end with CR LF, without the blank one; no other CR or LF.
    static func read(_ head: Span<UInt8>) -> Result<HTTPRequest, HTTPRefusal> {
        var reader = HTTPHeadReader()
        var start = 0
        var isFirst = true
        while start < head.count, reader.status == nil {
            var end = start
            while end < head.count, head[end] != 0x0d { end += 1 }
            let line = head.extracting(start..<end)
            if isFirst { reader.takeRequestLine(line) } else { reader.takeField(line) }
            isFirst = false
            start = end + 2
        }
        reader.finish()
        if let status = reader.status { return .failure(HTTPRefusal(status: status)) }
        return .success(reader.request)
    }

    private mutating func refuse(_ status: HTTPStatus = .badRequest) {
        if self.status == nil { self.status = status }
    }

    // MARK: Lines

    private mutating func takeRequestLine(_ line: Span<UInt8>) {
        guard let first = ByteSearch.first(of: 0x20, in: line),
            let second = ByteSearch.first(of: 0x20, in: line, first + 1..<line.count)
        else { return refuse() }
        let method = line.extracting(0..<first)
        let target = line.extracting(first + 1..<second)
        let version = line.extracting(second + 1..<line.count)
        guard first > 0, first <= 32, Self.isToken(method) else { return refuse() }
        request.method = HTTPRequest.Method(rawValue: Self.text(method)) ?? .other
        guard version.count == 8, Self.text(version.extracting(0..<5)) == "HTTP/" else {
            return refuse()
        }
        switch Self.text(version.extracting(5..<8)) {
        case "1.1": break
        case "1.0": isOld = true
        default: return refuse(.versionNotSupported)
        }
        request.keepsAlive = !isOld
        takeTarget(target)
    }

    /// Origin-form, or absolute-form, which every server takes (RFC 9112 §3.2.2).
    private mutating func takeTarget(_ target: Span<UInt8>) {
        guard target.count > 0, target.count <= Limits.httpTargetBytesMax else {
            return refuse(target.count == 0 ? .badRequest : .targetTooLong)
        }
        for i in target.indices where target[i] <= 0x20 || target[i] >= 0x7f { return refuse() }
        var start = 0
        if target[0] != UInt8(ascii: "/") {
            if target.count == 1, target[0] == UInt8(ascii: "*") {
                request.path = [UInt8(ascii: "*")]
                return
            }
            let scheme = Self.text(target.extracting(0..<min(8, target.count))).lowercased()
            guard let behind = scheme == "https://" ? 8 : scheme.hasPrefix("http://") ? 7 : nil
            else { return refuse() }
            start = behind
            while start < target.count, target[start] != UInt8(ascii: "/"),
                target[start] != UInt8(ascii: "?")
            { start += 1 }
        }
        var end = start
        while end < target.count, target[end] != UInt8(ascii: "?") { end += 1 }
        request.path = target.copied(start..<end)
        if request.path.isEmpty { request.path = [UInt8(ascii: "/")] }
        if end < target.count { request.query = target.copied(end + 1..<target.count) }
    }

    private mutating func takeField(_ line: Span<UInt8>) {
        fields += 1
        guard fields <= Limits.httpFieldsMax else { return refuse(.headTooLarge) }
        guard let colon = ByteSearch.first(of: UInt8(ascii: ":"), in: line), colon > 0,
            Self.isToken(line.extracting(0..<colon))
        else { return refuse() }
        var (start, end) = (colon + 1, line.count)
        while start < end, Self.isBlank(line[start]) { start += 1 }
        while end > start, Self.isBlank(line[end - 1]) { end -= 1 }
        let value = line.extracting(start..<end)
        for i in value.indices where value[i] < 0x20 && value[i] != 0x09 || value[i] == 0x7f {
            return refuse()
        }
        // Longer names are none of those below.
        guard colon <= 24 else { return }
        take(Self.text(line.extracting(0..<colon)).lowercased(), value)
    }

    private mutating func take(_ name: String, _ value: Span<UInt8>) {
        switch name {
        case "host":
            hosts += 1
        case "content-length":
            guard length == nil, value.count <= 18, value.count > 0,
                let number = DecimalText.parseUnsigned(value, 0..<value.count)
            else { return refuse() }
            length = number
        case "transfer-encoding":
            guard !isChunked, Self.text(value).lowercased() == "chunked" else {
                return refuse(isChunked ? .badRequest : .notImplemented)
            }
            isChunked = true
        case "content-encoding": takeCoding(Self.text(value).lowercased())
        case "content-type":
            let end = ByteSearch.first(of: UInt8(ascii: ";"), in: value) ?? value.count
            let text = Self.text(value.extracting(0..<end)).lowercased()
            request.mediaType = text.utf8.filter { $0 != 0x20 && $0 != 0x09 }
        case "authorization":
            // Two of them would be two people.
            guard request.authorization.isEmpty else { return refuse() }
            request.authorization = value.copied(0..<value.count)
        case "expect":
            guard Self.text(value).lowercased() == "100-continue" else {
                return refuse(.expectationFailed)
            }
            request.expectsContinue = true
        case "connection":
            for word in Self.text(value).lowercased().split(separator: ",") {
                switch word.trimmed {
                case "close": request.keepsAlive = false
                case "keep-alive": if isOld { request.keepsAlive = true }
                default: break
                }
            }
        case "origin": request.hasOrigin = true
        default: break
        }
    }

    private mutating func takeCoding(_ name: String) {
        codings += 1
        guard codings == 1 else {
            request.coding = .other
            return
        }
        switch name {
        case "identity", "": request.coding = .identity
        case "gzip", "x-gzip": request.coding = .gzip
        case "zstd": request.coding = .zstd
        default: request.coding = .other
        }
    }

    private mutating func finish() {
        guard isOld ? hosts <= 1 : hosts == 1 else { return refuse() }
        guard !isChunked || length == nil && !isOld else { return refuse() }
        if isOld { request.expectsContinue = false }
        if isChunked {
            request.body = .chunked
        } else if let length, length > 0 {
            request.body = .length(length)
        }
    }

    // MARK: Bytes

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for i in bytes.indices {
            switch bytes[i] {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e,
                0x5e...0x60, 0x7c, 0x7e:
                continue
            default: return false
            }
        }
        return true
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        String(decoding: bytes.copied(0..<bytes.count), as: UTF8.self)
    }
}

/// Why a head was refused.
struct HTTPRefusal: Error, Hashable, Sendable { var status: HTTPStatus }

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

extension Span<UInt8> {
    /// The bytes of a range as an array of their own.
    func copied(_ range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.append(self, range)
        return copy
    }
}
