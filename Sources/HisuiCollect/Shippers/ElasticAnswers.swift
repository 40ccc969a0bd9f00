import HisuiBytes
import HisuiEvent

/// What clients of Elasticsearch ask before they send documents, and the least that lets them send.
///
/// There are no indexes, templates or policies here: who asks whether one is there is told that it
/// is, and who makes one that it was made.
enum ElasticAnswers {
    /// The answer to a request that is no `_bulk`; nil if there is none.
    static func reception(_ request: HTTPRequest, _ path: String) -> HTTPReception? {
        let first = path.dropFirst().prefix { $0 != "/" }
        let isRead = request.method == .get || request.method == .head
        switch first {
        case "": return isRead ? .answer(answer(.ok, about)) : .wrongMethod("GET, HEAD")
        case "_license": return isRead ? .answer(answer(.ok, license)) : .wrongMethod("GET, HEAD")
        case "_xpack": return isRead ? .answer(answer(.ok, features)) : .wrongMethod("GET, HEAD")
        case "_cluster", "_nodes":
            return isRead ? .answer(answer(.ok, health)) : .wrongMethod("GET, HEAD")
        case "_ilm", "_index_template", "_component_template", "_template", "_ingest",
            "_data_stream", "_alias":
            if isRead { return .answer(answer(.ok, "{}")) }
            guard request.method == .put || request.method == .post else {
                return .wrongMethod("GET, HEAD, PUT, POST")
            }
            return .body(ElasticSetting())
        default: return nil
        }
    }

    static func answer(_ status: HTTPStatus, _ body: [UInt8]) -> HTTPAnswer {
        var answer = HTTPAnswer(status)
        answer.body = body
        answer.mediaType = "application/json"
        // Clients of version 8 speak to nobody else.
        answer.fields = "X-Elastic-Product: Elasticsearch\r\n"
        return answer
    }

    private static func answer(_ status: HTTPStatus, _ body: String) -> HTTPAnswer {
        answer(status, Array(body.utf8))
    }

    /// An error as clients read it.
    static func error(_ status: HTTPStatus, _ reason: String) -> HTTPAnswer {
        var body = Array(#"{"error":{"type":"illegal_argument_exception","reason":"#.utf8)
        JSONText.appendString(reason, to: &body)
        body.append(utf8: #"},"status":\#(status.rawValue)}"#)
        return answer(status, body)
    }

    static let acknowledged = answer(.ok, #"{"acknowledged":true}"#)

    /// The version whose protocol is spoken: shippers of version 8 and older send to it.
    private static let about = """
        {"name":"hisui","cluster_name":"hisui","cluster_uuid":"hisui","version":\
        {"number":"8.17.0","build_flavor":"default","build_snapshot":false,\
        "minimum_wire_compatibility_version":"7.17.0",\
        "minimum_index_compatibility_version":"7.0.0"},"tagline":"You Know, for Search"}
        """
    private static let license =
        #"{"license":{"uid":"hisui","type":"basic","status":"active"}}"#
    private static let features = """
        {"license":{"uid":"hisui","type":"basic","mode":"basic","status":"active"},\
        "features":{"ilm":{"available":false,"enabled":false},\
        "security":{"available":true,"enabled":true}}}
        """
    private static let health = """
        {"cluster_name":"hisui","status":"green","timed_out":false,"number_of_nodes":1,\
        "number_of_data_nodes":1,"nodes":{}}
        """
}

/// A template, policy or pipeline that somebody puts: nothing here needs it.
private final class ElasticSetting: HTTPContent {
    private var count = 0

    var heldBytes: Int { 0 }
    var answer: HTTPAnswer { ElasticAnswers.acknowledged }
    var remark: String { "" }

    func answer(_ status: HTTPStatus, _ detail: String) -> HTTPAnswer {
        ElasticAnswers.error(status, detail)
    }

    func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, at place: HTTPPlace,
        into batch: inout RecordBatch
    ) throws(HTTPContentError) -> Int {
        count += range.count
        guard count <= Limits.shipperBodyBytesMax else { throw ShipperContent.tooLarge }
        return range.upperBound
    }

    func finish(at place: HTTPPlace, into batch: inout RecordBatch) -> Bool { true }
}
