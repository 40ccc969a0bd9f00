import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiQuery
import HisuiStore

/// The rows of a store as the naive evaluator sees them: read by the one query that has no filter.
struct StoredData {
    let blocks: [Block]
    private(set) var rows: [PlainRow] = []

    /// - Parameter rowsMax: of larger stores so many of the first rows' blocks are asked.
    init(path: String, rowsMax: Int) throws {
        let reader = try StoreReader(fileSystem: RealFileSystem(), path: path)
        var blocks: [Block] = []
        var count = 0
        for block in try reader.snapshot().blocks where count < rowsMax {
            blocks.append(block)
            count += block.count
        }
        self.blocks = blocks
        let query = try Query.parse("*", now: Comparison.now, timeZone: .utc)
        var rows: [PlainRow] = []
        for names in [nil, ["zone.name", "zone.stream", "zone.index", "event.original"]] {
            var options = QueryOptions()
            options.fields = names
            var place = 0
            try QueryRunner(blocks: blocks, query: query, options: options).run { row in
                if names == nil { rows.append(Self.plain(row)) }
                if let index = row.index(of: "event.original") {
                    rows[place].fields["event.original"] = row.value(at: index)
                }
                place += 1
                return true
            }
        }
        self.rows = rows
    }

    private static func plain(_ row: borrowing ResultRow) -> PlainRow {
        var fields: [String: [UInt8]] = [:]
        for index in 0..<row.count {
            fields[row.name(at: index)] = row.value(at: index)
        }
        func text(_ name: String) -> String { String(decoding: fields[name] ?? [], as: UTF8.self) }
        return PlainRow(
            zone: text("zone.name"), stream: text("zone.stream"),
            index: UInt64(text("zone.index")) ?? 0, time: 0, fields: fields, record: [])
    }

    /// Makes filters that ask for what stands in the rows.
    func maker(seed: UInt64) -> FilterMaker {
        var maker = FilterMaker(generator: SeededGenerator(seed: seed &* 31), rows: rows)
        maker.asksTextOnly = true
        maker.asksTimes = false
        let names = Set(rows.flatMap(\.fields.keys)).subtracting(["_time", "event.created"])
            .filter { $0.utf8.allSatisfy { $0 == 0x2E || $0 == 0x5F || $0 &- 0x61 < 26 } }
        // Half of what is asked is asked of messages and records, as people do.
        let texts = [String](repeating: "_msg", count: names.count)
        maker.fields = names.sorted() + texts + ["event.original", "event.original", "missing"]
        let tokens = rows.prefix(2000).flatMap { $0["_msg"].split(separator: 0x20).prefix(6) }
        maker.words = Array(Set(tokens.map(Array.init))).sorted {
            $0.lexicographicallyPrecedes($1)
        }
        if maker.words.isEmpty { maker.words = TestData.words }
        return maker
    }
}

extension ResultRow {
    /// The bytes of a value.
    func value(at index: Int) -> [UInt8] {
        var value: [UInt8] = []
        value.append(valueBytes, range(at: index))
        return value
    }
}
