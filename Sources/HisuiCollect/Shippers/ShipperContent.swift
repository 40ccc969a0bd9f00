import HisuiBytes
import HisuiEvent

/// The body of a shipper's request: kept until it is whole, and then read, so that of a body that
/// cannot be read nothing is stored.
final class ShipperContent: HTTPContent {
    private let form: ShipperForm
    private var body: [UInt8] = []
    private var found: ShipperRecords?
    /// Of `found`, the first record that was not handed over.
    private var next = 0

    init(_ form: ShipperForm) { self.form = form }

    var heldBytes: Int { body.capacity }

    func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, at place: HTTPPlace,
        into batch: inout RecordBatch
    ) throws(HTTPContentError) -> Int {
        guard body.count + range.count <= Limits.shipperBodyBytesMax else {
            throw Self.tooLarge
        }
        body.append(bytes, range)
        return range.upperBound
    }

    func finish(
        at place: HTTPPlace, into batch: inout RecordBatch
    ) throws(HTTPContentError) -> Bool {
        if found == nil {
            var whole: [UInt8] = []
            swap(&whole, &body)
            found = try ShipperBody.read(form, whole)
        }
        guard let found else { return true }
        while next < found.records.count, !LineCutter.isFull(batch) {
            let record = found.records[next]
            batch.append(
                found.bytes.span.extracting(record.range), received: place.received,
                sender: place.sender, flags: record.flags)
            next += 1
        }
        return next == found.records.count
    }

    var remark: String { found?.bulkRemark ?? "" }

    /// A body of more than that is not even begun with.
    static let tooLarge = HTTPContentError(
        .contentTooLarge, "the body has more than \(Limits.shipperBodyBytesMax >> 20) MiB")

    // MARK: Answers

    var answer: HTTPAnswer {
        switch form {
        case .bulk: return ElasticAnswers.answer(.ok, found?.bulkAnswer ?? [])
        case .lines: return HTTPAnswer(.ok)
        case .loki: return HTTPAnswer(.noContent)
        case .otlpJSON: return Self.answer(.ok, Array("{}".utf8), "application/json")
        case .otlpProtobuf: return Self.answer(.ok, [], Self.protobuf)
        }
    }

    func answer(_ status: HTTPStatus, _ detail: String) -> HTTPAnswer {
        switch form {
        case .bulk: return ElasticAnswers.error(status, detail)
        case .lines, .loki: return HTTPAnswer(status, detail + "\n")
        case .otlpJSON:
            var text = Array(#"{"message":"#.utf8)
            JSONText.appendString(detail, to: &text)
            text.append(UInt8(ascii: "}"))
            return Self.answer(status, text, "application/json")
        case .otlpProtobuf:
            // `google.rpc.Status`: field 2 is the message.
            var text: [UInt8] = [2 << 3 | 2]
            text.appendVarint(UInt64(detail.utf8.count))
            text.append(utf8: detail)
            return Self.answer(status, text, Self.protobuf)
        }
    }

    private static func answer(
        _ status: HTTPStatus, _ body: [UInt8], _ mediaType: String
    ) -> HTTPAnswer {
        var answer = HTTPAnswer(status)
        answer.body = body
        answer.mediaType = mediaType
        return answer
    }

    static let protobuf = "application/x-protobuf"
}
