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

extension Timestamp {
    /// RFC 3339 in UTC with nanoseconds, as acts hold times.
    var utcText: String { text(.utc, fractionDigits: 9) }

    /// RFC 3339 in a time zone.
    func text(_ zone: TimeZoneRules, fractionDigits: Int = 0) -> String {
        var text: [UInt8] = []
        TimeText.appendRFC3339(
            nanoseconds: nanoseconds,
            offsetSeconds: zone.offsetSeconds(atUTCNanoseconds: nanoseconds),
            fractionDigits: fractionDigits, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The time that an RFC 3339 text with an offset says.
    init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard let (end, value) = TimeText.rfc3339(bytes.span, 0..<bytes.count),
            end == bytes.count, value.offsetSeconds != nil,
            let nanoseconds = value.nanoseconds(zone: .utc, received: 0)
        else { return nil }
        self.init(nanoseconds: nanoseconds)
    }
}
