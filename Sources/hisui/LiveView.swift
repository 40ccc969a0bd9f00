import HisuiBytes
import HisuiEvent
import HisuiQuery
import HisuiShape
import HisuiStore

/// What `hisui run --show` prints: events as they become durable, as `hisui search` would.
///
/// A person cannot read more than a few lines a second: above that, rows are counted and not shown,
/// so that looking never slows the daemon down.
final class LiveView: @unchecked Sendable {
    private static let rowsPerSecondMax = 50

    // Safe: `show` is called by the writer's thread only, and nothing else touches these.
    private var writer: EventTableWriter
    private var second = 0
    private var shownInSecond = 0
    private var hidden = 0
    private let query: Query

    init(timeZone: TimeZoneRules) throws {
        writer = EventTableWriter(
            timeZone: timeZone, isColoured: StandardOutput.shared.isColoured,
            columnsMax: StandardOutput.shared.isTerminal ? StandardOutput.terminalColumns() : nil)
        query = try Query.parse("*", now: Timestamp.now(), timeZone: timeZone)
    }

    func show(_ rows: RowBatch, _ shapes: ShapeTable) {
        let now = SystemClock.monotonicMilliseconds() / 1000
        if now != second {
            if hidden > 0, StandardOutput.hasRoom() {
                StandardOutput.shared.write(
                    say("… and \(hidden.grouped) more\n", "… ほか \(hidden.grouped) 件\n"))
                hidden = 0
            }
            second = now
            shownInSecond = 0
        }
        let room = Self.rowsPerSecondMax - shownInSecond
        let count = min(room, rows.rows.count)
        hidden += rows.rows.count - count
        guard count > 0 else { return }
        shownInSecond += count
        print(rows, shapes, count)
        StandardOutput.shared.flush()
    }

    private func print(_ rows: RowBatch, _ shapes: ShapeTable, _ count: Int) {
        var builder = BlockBuilder(zone: "", stream: "", firstIndex: 0)
        var some = rows
        some.rows.removeLast(rows.rows.count - count)
        _ = builder.append(some, from: 0, shapes: shapes)
        let view = self
        do {
            try QueryRunner(blocks: [builder.take()], query: query).run { row in
                // A terminal that was stopped must not stop the writer.
                guard StandardOutput.hasRoom() else {
                    view.hidden += 1
                    return true
                }
                var bytes: [UInt8] = []
                view.writer.write(row, to: &bytes)
                StandardOutput.shared.write(bytes)
                StandardOutput.shared.flush()
                return true
            }
        } catch {
            StandardError.write("hisui: \(error)\n")
        }
    }
}
