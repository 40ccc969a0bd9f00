import HisuiBytes
import HisuiEvent

/// What becomes of one document of a bulk request.
struct BulkOutcome: Hashable, Sendable {
    enum Action: String, Hashable, Sendable {
        case create, index, update, delete
    }

    var action: Action
    /// Why it is not taken; nil: it is.
    var problem: String?
}

/// Reads Elasticsearch's bulk requests: `{"create":{…}}`, the document, and so on, a line each.
///
/// Only documents that are created or indexed are taken; one that is no JSON object is refused for
/// itself, as the protocol has it. A line that is no action makes all that follows unreadable: then
/// nothing is taken. A record is the document's line as it came.
enum BulkReader {
    static func read(_ body: consuming [UInt8]) throws(HTTPContentError) -> ShipperRecords {
        var found = ShipperRecords()
        var lines = Lines(bytes: body)
        var refused = 0
        while let line = try lines.next() {
            if line.isEmpty { continue }
            let place = lines.number
            guard let action = action(lines.bytes.span, line) else {
                throw HTTPContentError(
                    .badRequest,
                    "Malformed action/metadata line [\(place)], expected create or index")
            }
            var problem: String?
            switch action {
            case .delete: problem = "documents are not deleted"
            case .update, .create, .index:
                guard let document = try lines.next() else {
                    throw HTTPContentError(.badRequest, "line [\(place)] has no document behind it")
                }
                problem =
                    action == .update
                    ? "documents are not changed"
                    : ObjectLineReader.problem(lines.bytes.span, document)
                if problem == nil { try found.add(document) }
            }
            refused += problem == nil ? 0 : 1
            found.outcomes.append(BulkOutcome(action: action, problem: problem))
            guard found.outcomes.count <= Limits.bulkItemsMax,
                refused <= Limits.bulkRefusedMax
            else {
                throw HTTPContentError(
                    .contentTooLarge,
                    "more than \(Limits.bulkItemsMax) documents, or \(Limits.bulkRefusedMax) "
                        + "that are not taken")
            }
        }
        guard !found.outcomes.isEmpty else {
            throw HTTPContentError(.badRequest, "request body is required")
        }
        found.bytes = lines.bytes
        return found
    }

    private struct Lines {
        let bytes: [UInt8]
        var number = 0
        private var at = 0

        init(bytes: consuming [UInt8]) { self.bytes = bytes }

        /// The next line, empty if it is blank; nil if there is none.
        mutating func next() throws(HTTPContentError) -> Range<Int>? {
            guard at < bytes.count else { return nil }
            guard let end = ByteSearch.first(of: 0x0A, in: bytes.span, at..<bytes.count) else {
                throw HTTPContentError(
                    .badRequest, "The bulk request must be terminated by a newline [\\n]")
            }
            defer { at = end + 1 }
            number += 1
            return ObjectLineReader.trimmed(bytes.span, at..<end)
        }
    }

    /// The action of a line: an object with one member, an object; what that says is for a store
    /// with indexes.
    private static func action(_ bytes: Span<UInt8>, _ line: Range<Int>) -> BulkOutcome.Action? {
        do throws(JSONScanner.Failure) {
            var scanner = JSONScanner(bytes, line, depthMax: JSONScanner.depthLimit)
            guard case .beginObject = try scanner.next(), case .key(let name) = try scanner.next(),
                case .beginObject = try scanner.next()
            else { return nil }
            while scanner.depth > 1 { _ = try scanner.next() }
            guard case .endObject = try scanner.next(), case .end = try scanner.next() else {
                return nil
            }
            let word = String(decoding: bytes.copied(name.range), as: UTF8.self)
            return BulkOutcome.Action(rawValue: word)
        } catch {
            return nil
        }
    }
}

extension ShipperRecords {
    /// What is answered to a bulk request when its documents are durable, as short as clients bear
    /// it: they read `errors`, and the status and error of each item.
    var bulkAnswer: [UInt8] {
        var out: [UInt8] = []
        let hasErrors = outcomes.contains { $0.problem != nil }
        out.append(utf8: #"{"took":0,"errors":\#(hasErrors),"items":["#)
        for (number, outcome) in outcomes.enumerated() {
            if number > 0 { out.append(UInt8(ascii: ",")) }
            out.append(utf8: #"{"\#(outcome.action.rawValue)":{"status":"#)
            if let problem = outcome.problem {
                out.append(utf8: #"400,"error":{"type":"document_parsing_exception","reason":"#)
                JSONText.appendString(problem, to: &out)
                out.append(utf8: "}}}")
            } else {
                out.append(utf8: "201}}")
            }
        }
        out.append(utf8: "]}")
        return out
    }

    /// What was not taken of a bulk request, in a few words; empty: all was.
    var bulkRemark: String {
        let refused = outcomes.lazy.compactMap(\.problem)
        guard let first = refused.first else { return "" }
        return "\(refused.count) of \(outcomes.count) documents: \(first)"
    }
}
