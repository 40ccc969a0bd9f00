import HisuiEvent

/// Takes what `systemd-journal-upload` sends.
final class JournalUploadService: HTTPService {
    private let resume: (String) -> [UInt8]?
    /// By slot: the entries that were sent.
    fileprivate var uploaded: [Int: UploadedEntries] = [:]

    init(resume: @escaping (String) -> [UInt8]?) { self.resume = resume }

    func position(of slot: Int) -> [UInt8] { uploaded[slot]?.position ?? [] }

    func receive(_ request: HTTPRequest) -> HTTPReception {
        guard request.path.elementsEqual("/upload".utf8) else { return .unknownPath(request) }
        guard request.method == .post else { return .wrongMethod("POST") }
        guard request.mediaType.elementsEqual("application/vnd.fdo.journal".utf8) else {
            return .wrongType(request)
        }
        return .body(JournalUploadContent(self))
    }

    fileprivate func uploaded(_ place: HTTPPlace) -> UploadedEntries {
        uploaded[place.slot] ?? UploadedEntries(position: resume(place.source) ?? [])
    }
}

/// Entries of a journal.
private final class JournalUploadContent: HTTPContent {
    private let service: JournalUploadService
    private var cutter = JournalUploadCutter()

    init(_ service: JournalUploadService) { self.service = service }

    var heldBytes: Int { cutter.heldBytes }
    var answer: HTTPAnswer { HTTPAnswer(.accepted, "OK.\n") }
    var remark: String { "" }

    func answer(_ status: HTTPStatus, _ detail: String) -> HTTPAnswer { HTTPAnswer(status) }

    func take(
        _ bytes: Span<UInt8>, _ range: Range<Int>, at place: HTTPPlace,
        into batch: inout RecordBatch
    ) -> Int {
        service.uploaded[place.slot] = service.uploaded(place)
        return cutter.take(
            bytes, range, received: place.received, sender: place.sender,
            known: &service.uploaded[place.slot, default: UploadedEntries()], into: &batch)
    }

    func finish(at place: HTTPPlace, into batch: inout RecordBatch) -> Bool {
        service.uploaded[place.slot] = service.uploaded(place)
        cutter.finish(
            received: place.received, sender: place.sender,
            known: &service.uploaded[place.slot, default: UploadedEntries()], into: &batch)
        return true
    }
}
