import HisuiEvent

/// Takes what shippers send, each in its own protocol; the path says which it is.
///
///     POST /_bulk, /INDEX/_bulk      Elasticsearch: filebeat, winlogbeat, Fluent Bit, Vector, …
///     POST /insert/jsonline          JSON objects, a line each
///     POST /loki/api/v1/push         Loki, as JSON
///     POST /v1/logs                  OpenTelemetry, as JSON or protobuf
///
/// and what some of them ask before. There are no positions: a sender repeats a request whose
/// answer it did not hear, and its records are stored again.
final class ShipperService: HTTPService {
    func position(of slot: Int) -> [UInt8] { [] }

    func receive(_ request: HTTPRequest) -> HTTPReception {
        let path = String(decoding: request.path, as: UTF8.self)
        switch path {
        case "/insert/jsonline": return content(.lines, request)
        case "/loki/api/v1/push":
            return isJSON(request) ? content(.loki, request) : .wrongType(request)
        case "/ready":
            // What Vector asks a Loki.
            return .answer(HTTPAnswer(.ok, "ready\n"))
        case "/v1/logs":
            if isJSON(request) { return content(.otlpJSON, request) }
            let isProtobuf = request.mediaType.elementsEqual(ShipperContent.protobuf.utf8)
            return isProtobuf ? content(.otlpProtobuf, request) : .wrongType(request)
        default:
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            // An index has no leading underscore.
            if parts.last == "_bulk",
                parts.count == 2 || parts.count == 3 && parts[1].first != "_"
            {
                return content(.bulk, request)
            }
            return ElasticAnswers.reception(request, path) ?? .unknownPath(request)
        }
    }

    private func content(_ form: ShipperForm, _ request: HTTPRequest) -> HTTPReception {
        guard request.method == .post || form == .bulk && request.method == .put else {
            return .wrongMethod("POST")
        }
        let content = ShipperContent(form)
        if request.coding == .identity, case .length(let count) = request.body,
            count > UInt64(Limits.shipperBodyBytesMax)
        {
            let error = ShipperContent.tooLarge
            return .refusal(
                HTTPRefusedRequest(
                    content.answer(error.status, error.detail), .body, error.detail))
        }
        return .body(content)
    }

    private func isJSON(_ request: HTTPRequest) -> Bool {
        request.mediaType.elementsEqual("application/json".utf8)
    }
}
