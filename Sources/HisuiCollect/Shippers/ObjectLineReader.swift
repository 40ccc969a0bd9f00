import HisuiBytes
import HisuiEvent

/// Reads lines that are JSON objects; blank ones are passed over, and the last one may end without
/// its line feed.
///
/// A record is a line as it came, without its line feed and a carriage return before it.
enum ObjectLineReader {
    static func read(_ body: consuming [UInt8]) throws(HTTPContentError) -> ShipperRecords {
        var found = ShipperRecords()
        let bytes = body.span
        var number = 0
        var at = 0
        while at < bytes.count {
            let end = ByteSearch.first(of: 0x0A, in: bytes, at..<bytes.count) ?? bytes.count
            number += 1
            let line = trimmed(bytes, at..<end)
            at = end + 1
            if line.isEmpty { continue }
            if let problem = problem(bytes, line) {
                throw HTTPContentError(.badRequest, "line \(number): \(problem)")
            }
            try found.add(line)
        }
        found.bytes = body
        return found
    }

    /// A line without the carriage returns at its end; empty if it is blank.
    static func trimmed(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Range<Int> {
        var end = line.upperBound
        while end > line.lowerBound, bytes[end - 1] == 0x0D { end -= 1 }
        for index in line.lowerBound..<end where bytes[index] != 0x20 && bytes[index] != 0x09 {
            return line.lowerBound..<end
        }
        return line.lowerBound..<line.lowerBound
    }

    /// Why a text is no JSON object; nil if it is one.
    static func problem(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
        do throws(JSONScanner.Failure) {
            var scanner = JSONScanner(bytes, range, depthMax: JSONScanner.depthLimit)
            guard case .beginObject = try scanner.next() else { return "it is no JSON object" }
            while true {
                if case .end = try scanner.next() { return nil }
            }
        } catch {
            return "expected \(error.expected) at byte \(error.position - range.lowerBound)"
        }
    }
}
