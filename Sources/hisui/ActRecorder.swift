import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPipeline
import HisuiStore

/// Records in a store what an operator does to it.
enum ActRecorder {
    /// Appends an act of the person at the command line; where that cannot be done says so on
    /// standard error. What the person asked for was done all the same.
    ///
    /// - Returns: whether it is recorded.
    @discardableResult
    static func record(
        _ kind: Act.Kind, store: String, zone: String? = nil, fields: [Act.Field]
    ) -> Bool {
        let act = Act(kind, time: .now(), zone: zone, actor: .current(), fields: fields)
        do throws(StoreError) {
            let log = ActLog(fileSystem: RealFileSystem(), store: store, now: { .now() })
            try log.append([act])
            // Signed for at once where it can be: no daemon may ever run on this store. What is
            // not covered now is with the next checkpoint.
            try? ActsProof(store: store).extend()
            return true
        } catch {
            StandardError.write(
                say(
                    "hisui: not recorded among the store's acts: \(error)\n",
                    "hisui: この操作は操作記録に残りません（保管庫に書き込めません）: \(error)\n"))
            return false
        }
    }
}
