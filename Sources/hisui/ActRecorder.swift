import HisuiEvent
import HisuiFile
import HisuiPipeline
import HisuiProof
import HisuiStore

/// Records in a store what an operator does to it.
enum ActRecorder {
    /// Appends an act of the person at the command line; where that cannot be done says so on
    /// standard error. What the person asked for was done all the same.
    ///
    /// - Returns: whether it is recorded.
    @discardableResult
    static func record(
        _ kind: Act.Kind, at time: Timestamp = .now(), store: String, zone: String? = nil,
        fields: [Act.Field]
    ) -> Bool {
        let act = Act(kind, time: time, zone: zone, actor: .current(), fields: fields)
        do throws(StoreError) {
            let log = ActLog(fileSystem: RealFileSystem(), store: store, now: { .now() })
            try log.append([act])
            sign(store)
            return true
        } catch {
            StandardError.write(
                say(
                    "hisui: not recorded among the store's acts: \(error)\n",
                    "hisui: この操作は操作記録に残りません（保管庫に書き込めません）: \(error)\n"))
            return false
        }
    }

    /// Signs for the acts at once: no daemon may ever run on this store. Where one does, what
    /// cannot be signed for now is with its next checkpoint.
    static func sign(_ store: String) {
        do throws(ProofError) {
            try ActsProof(store: store).extend()
        } catch {
            StandardError.write(
                say(
                    "hisui: recorded, but not signed for yet: \(error)\n",
                    "hisui: 操作記録には残りましたが、まだ署名できません: \(error)\n"))
        }
    }
}
