import HisuiBytes
import HisuiQuery
import HisuiStore

extension SearchCommand {
    /// Runs the query and shows how, and nothing of what it finds; records the search.
    func explain(
        _ query: Query, _ format: RowFormat, _ record: SearchRecord, started: Int
    ) throws {
        let reader = try store.open()
        let snapshot = try unmasking.applied(
            to: store.snapshot(of: reader, acts: acts), store.store, record)
        let query = withoutRepeated(query, snapshot)
        let opened = SystemClock.monotonicMicroseconds() - started
        record.watch()
        let trace = QueryTrace()
        var settings = QueryOptions()
        settings.trace = trace
        options.apply(to: &settings, started: started)
        let runner = QueryRunner(snapshot: snapshot, query: query, options: settings)
        try record.run(runner, { _ in true }) {}
        let explanation = SearchExplanation(
            query: query, explanation: trace.explanation, read: reader.bytesRead,
            resultRows: record.rows, openMicroseconds: opened)
        if format == .table {
            StandardOutput.shared.write(explanation.text)
        } else {
            StandardOutput.shared.write(explanation.line)
        }
        StandardOutput.shared.flush()
        record.write("done")
    }
}
