import Glibc
import HisuiBytes
import HisuiQuery
import HisuiStore

extension SearchCommand {
    /// How often the store is looked at for what is new.
    private static let followMillis = 200

    /// Shows what arrives from now on, in every zone that is asked for, those too that are made
    /// later; until Ctrl-C, the last row that is wanted, `--timeout`, or a reader that goes away.
    ///
    /// Recorded at its beginning, so that a search that is killed is recorded too, and at its end.
    func followStore(
        _ query: Query, _ output: RowOutput, _ record: SearchRecord, started: Int
    ) throws {
        let reader = try store.open()
        var settings = output.options
        options.apply(to: &settings, started: started)
        do {
            let first = try unmasking.applied(
                to: reader.snapshot(acts: acts, zones: store.zones), store.store, record)
            record.begin()
            record.watch()
            var follower = try QueryFollower(query, options: settings, after: first.nextIndices) {
                record.countRow()
                return output.take($0)
            }
            let permitted = UnmaskingOptions.zones(of: first)
            func next() throws(StoreError) -> Snapshot {
                unmasking.unmasked(
                    try reader.snapshot(acts: acts, zones: store.zones, after: follower.seen),
                    permitted)
            }
            while try follower.take(next()) {
                output.flush()
                try QueryRunner.check(settings)
                StandardOutput.shared.check()
                usleep(UInt32(Self.followMillis * 1000))
            }
        } catch let error as StoreError {
            record.write("failed")
            throw Failure(.refused, "\(error)")
        } catch let error as QueryFailure {
            output.finish()
            try record.end(with: error)
        }
        output.finish()
        record.write("done")
    }
}
