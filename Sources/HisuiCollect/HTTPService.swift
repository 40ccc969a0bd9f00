import HisuiEvent

/// What is taken at an HTTP listener: which requests, and what becomes of their bodies.
///
/// The handler looks at who sends, keeps the order of a connection, decompresses, and answers when
/// what a request gave is durable; the service knows the paths and the records. Owned by one
/// handler, on its thread.
protocol HTTPService: AnyObject {
    /// What becomes of a request that was let in.
    func receive(_ request: HTTPRequest) -> HTTPReception
    /// The position of a source with the batch at hand.
    func position(of slot: Int) -> [UInt8]
}

/// What becomes of a request.
enum HTTPReception {
    /// It asks for something, and this is it.
    case answer(HTTPAnswer)
    /// Its body is taken, if it has one.
    case body(any HTTPContent)
    /// It is nothing that is taken here.
    case refusal(HTTPRefusedRequest)
}

/// Why a request is not taken, for its sender and for the listener's counts.
struct HTTPRefusedRequest {
    var answer: HTTPAnswer
    var reason: Refusals.Reason
    var detail: String

    init(_ answer: HTTPAnswer, _ reason: Refusals.Reason, _ detail: String) {
        self.answer = answer
        self.reason = reason
        self.detail = detail
    }
}

/// Where records of a body go.
struct HTTPPlace {
    /// Of the source, and its id.
    var slot: Int
    var source: String
    var received: Timestamp
    /// In the batch.
    var sender: UInt32
}

/// What the body of one request becomes.
protocol HTTPContent: AnyObject {
    /// What it keeps, beyond what it has handed over.
    var heldBytes: Int { get }

    /// Takes bytes, decompressed, and appends records, until the batch is full.
    ///
    /// - Returns: where it stopped.
    func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, at place: HTTPPlace,
        into batch: inout RecordBatch
    ) throws(HTTPContentError) -> Int

    /// The body is whole: appends what is left of it, until the batch is full.
    ///
    /// - Returns: false if there is more; to be called again then.
    func finish(
        at place: HTTPPlace, into batch: inout RecordBatch
    ) throws(HTTPContentError) -> Bool

    /// What is said when all of it is durable.
    var answer: HTTPAnswer { get }
    /// What was not taken of it, for the listener's counts; empty: all was.
    var remark: String { get }
    /// What is said where the body cannot be read, in the words of the sender's protocol.
    func answer(_ status: HTTPStatus, _ detail: String) -> HTTPAnswer
}

/// Why a body is not taken. Nothing of it was handed over.
package struct HTTPContentError: Error, Hashable {
    package var status: HTTPStatus
    /// For the sender, and the listener's counts.
    package var detail: String

    init(_ status: HTTPStatus, _ detail: String) {
        self.status = status
        self.detail = detail
    }
}

extension HTTPReception {
    /// No such path.
    static func unknownPath(_ request: HTTPRequest) -> HTTPReception {
        let path = String(decoding: request.path, as: UTF8.self)
        return .refusal(
            HTTPRefusedRequest(HTTPAnswer(.notFound), .request, "no such path: \(path)"))
    }

    /// - Parameter methods: those that are taken.
    static func wrongMethod(_ methods: String) -> HTTPReception {
        var answer = HTTPAnswer(.methodNotAllowed)
        answer.fields = "Allow: \(methods)\r\n"
        return .refusal(HTTPRefusedRequest(answer, .request, "the method is not \(methods)"))
    }

    /// The body is in no form that is read.
    static func wrongType(_ request: HTTPRequest) -> HTTPReception {
        let type = String(decoding: request.mediaType, as: UTF8.self)
        return .refusal(
            HTTPRefusedRequest(HTTPAnswer(.unsupportedMediaType), .request, "not the type: \(type)")
        )
    }
}
