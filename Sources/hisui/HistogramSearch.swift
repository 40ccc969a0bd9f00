import Glibc
import HisuiBytes
import HisuiEvent
import HisuiQuery
import HisuiStore

extension SearchCommand {
    /// Columns where nobody's terminal tells.
    private static let columnsUsual = 80

    /// Shows how many events of a query there are over time, and records the search.
    func showHistogram(
        _ query: Query, over snapshot: Snapshot, _ zone: TimeZoneRules, _ format: RowFormat,
        _ record: SearchRecord, started: Int
    ) throws {
        var settings = QueryOptions()
        options.apply(to: &settings, started: started)
        let columns = StandardOutput.shared.columnsMax ?? Self.columnsUsual
        let histogram: Histogram
        do throws(QueryFailure) {
            // A line each: a terminal that has twice the columns has room for twice the lines.
            histogram = try Histogram(
                snapshot: snapshot, query: query, options: settings, timeZone: zone,
                stepsMax: max(10, columns / 2))
        } catch {
            try record.end(with: error)
        }
        for _ in histogram.bars { record.countRow() }
        if format == .table {
            StandardOutput.shared.write(
                HistogramText(
                    histogram, timeZone: zone, columns: columns,
                    isColoured: StandardOutput.shared.isColoured
                ).text)
            StandardOutput.shared.flush()
        } else {
            let output = RowOutput(
                format, showsEvents: false, timeZone: zone, fields: Histogram.rowFields,
                hasMark: options.mark)
            histogram.emit { output.take($0) }
            output.finish()
        }
        record.write("done")
        Glibc.exit(histogram.bars.isEmpty ? Failure.Status.negative.rawValue : 0)
    }
}
