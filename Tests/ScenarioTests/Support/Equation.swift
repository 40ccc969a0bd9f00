import Foundation
import Testing

/// The accounting of every source of a store adds up, by the program's own output.
func expectEquation(_ store: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let status = try Program.hisui("sources", "--store", store, "--format", "jsonl")
    #expect(status.status == 0, "\(status.errors)", sourceLocation: sourceLocation)
    #expect(!status.lines.isEmpty, sourceLocation: sourceLocation)
    for line in status.lines {
        let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        // A listener that turned somebody away has no records.
        if row?["listener"] != nil { continue }
        guard let row, let offered = row["offered"] as? Int, let stored = row["stored"] as? Int,
            let deduplicated = row["deduplicated"] as? Int, let dropped = row["dropped"] as? Int,
            let source = row["source"] as? String, let zone = row["zone"] as? String
        else {
            Issue.record("not a source: \(line)", sourceLocation: sourceLocation)
            continue
        }
        #expect(offered == stored + deduplicated + dropped, sourceLocation: sourceLocation)
        // What is counted as stored is there to be found.
        let found = try Program.hisui(
            "search", "--store", store, "--zone", zone, "--format", "jsonl", "--",
            "hisui.source:=\"\(source)\" | stats count() as n")
        #expect(
            found.text.contains("\"n\":\(stored)") || found.text.contains("\"n\":\"\(stored)\""),
            "\(source): stored \(stored), found \(found.text)", sourceLocation: sourceLocation)
    }
}
