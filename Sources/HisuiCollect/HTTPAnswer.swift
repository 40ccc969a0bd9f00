import HisuiBytes
import HisuiEvent

/// What is answered to a request.
struct HTTPAnswer: Hashable {
    var status: HTTPStatus
    var mediaType = "text/plain; charset=utf-8"
    var body: [UInt8] = []
    /// Further fields of the head, each with its CR LF.
    var fields = ""

    init(_ status: HTTPStatus, _ text: String = "") {
        self.status = status
        body = Array((text.isEmpty ? status.reason + "\n" : text).utf8)
        if status == .noContent { body = [] }
    }

    /// The answer as bytes (RFC 9112 §4).
    ///
    /// - Parameters:
    ///   - isHead: the request was a `HEAD`: its body is named and not sent.
    ///   - keeps: whether the connection stays open.
    func bytes(isHead: Bool, keeps: Bool, at time: Timestamp) -> [UInt8] {
        var out: [UInt8] = []
        out.append(utf8: "HTTP/1.1 \(status.rawValue) \(status.reason)\r\n")
        out.append(utf8: "Date: \(Self.date(time))\r\n")
        if status != .noContent {
            out.append(utf8: "Content-Type: \(mediaType)\r\nContent-Length: \(body.count)\r\n")
        }
        out.append(utf8: fields)
        if !keeps { out.append(utf8: "Connection: close\r\n") }
        out.append(utf8: "\r\n")
        if !isHead { out += body }
        return out
    }

    /// `100 Continue`.
    static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    static func date(_ time: Timestamp) -> String {
        let civil = CivilTime(nanoseconds: time.nanoseconds)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        var out: [UInt8] = []
        out.append(utf8: "\(days[civil.weekday]), ")
        out.appendDecimal(civil.day, width: 2)
        out.append(utf8: " \(months[civil.month - 1]) \(civil.year) ")
        out.appendDecimal(civil.hour, width: 2)
        out.append(UInt8(ascii: ":"))
        out.appendDecimal(civil.minute, width: 2)
        out.append(UInt8(ascii: ":"))
        out.appendDecimal(civil.second, width: 2)
        out.append(utf8: " GMT")
        return String(decoding: out, as: UTF8.self)
    }
}
