import HisuiEvent
import Testing

@testable import HisuiQuery
@testable import HisuiStore

@Suite struct FollowTests {
    private func snapshot(_ blocks: [Block]) -> Snapshot {
        var snapshot = Snapshot()
        snapshot.blocks = blocks
        for block in blocks {
            let stream = Snapshot.Stream(zone: block.zone, stream: block.stream)
            snapshot.nextIndices[stream] = max(snapshot.nextIndices[stream] ?? 0, block.endIndex)
        }
        return snapshot
    }

    private final class Rows { var texts: [String] = [] }

    /// Rows come once, also where a block begins before what is new.
    @Test func everyRowComesOnce() throws {
        let rows = Rows()
        var follower = try QueryFollower(parsed("_time:1d user* or x | fields _msg")) { row in
            rows.texts.append(row.text("_msg") ?? "")
            return true
        }
        #expect(try follower.take(snapshot([block(["a u 1 x1 x"])])))
        #expect(try follower.take(snapshot([block(["a u 1 x1 x", "a u 1 no", "a u 1 x2 x"])])))
        #expect(try follower.take(snapshot([block(["a u 1 x2 x", "a u 1 x3 x"], first: 2)])))
        #expect(try follower.take(snapshot([block(["b u 1 y1 x"], zone: "other")])))
        #expect(rows.texts == ["x1 x", "x2 x", "x3 x", "y1 x"])
        #expect(follower.seen[Snapshot.Stream(zone: "local", stream: "default")] == 4)
    }

    @Test func limitCountsOverAll() throws {
        let rows = Rows()
        var follower = try QueryFollower(parsed("* | limit 3")) { row in
            rows.texts.append(row.text("_msg") ?? "")
            return true
        }
        #expect(try follower.take(snapshot([block(["a u 1 x1", "a u 1 x2"])])))
        #expect(try !follower.take(snapshot([block(["a u 1 x3", "a u 1 x4"], first: 2)])))
        #expect(rows.texts == ["x1", "x2", "x3"])
    }

    @Test func relativeTimesStayOpen() throws {
        let query = try parsed("_time:5m error").open
        #expect(query.description == "_time:5m error")
        guard case .and(let filters) = query.filter, case .time(let time) = filters[0] else {
            Issue.record("no time")
            return
        }
        #expect(time.last == .max)
    }

    @Test func figuresCannotFollow() throws {
        for text in ["* | stats count()", "* | sort by (a)", "* | top by (a)", "* | uniq by (a)"] {
            #expect(throws: QueryFailure.self) {
                try QueryFollower(parsed(text)) { _ in true }
            }
        }
    }
}
