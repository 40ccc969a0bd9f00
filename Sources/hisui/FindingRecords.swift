import HisuiBytes
import HisuiEvent
import HisuiStore

/// A record that a finding names.
struct FindingRecord {
    /// `zone/stream/index`, as the finding says it.
    var reference: String
    var time: Timestamp?
    /// The record as text, without whom it names where that must not be shown; nil where it is not
    /// there.
    var bytes: [UInt8]?
    /// Why it is not there.
    var missing = ""

    /// An object on a line: the record as text under `event.original`, or `missing`.
    var json: [UInt8] {
        var line = JSONLine()
        line.add("event.reference", reference)
        if let time { line.add("_time", time.utcText) }
        if let bytes {
            line.add("event.original", String(decoding: bytes, as: UTF8.self))
        } else {
            line.add("missing", missing)
        }
        return line.line
    }
}

/// Reads the records that findings name.
enum FindingRecords {
    private struct Place {
        var stream: Snapshot.Stream
        var index: UInt64
    }

    /// The records of `references`, in their order; those that are not there with the reason.
    static func read(
        _ references: some Sequence<String>, store: String
    ) throws(Failure) -> [FindingRecord] {
        let places = references.map { ($0, place(of: $0)) }
        var records: [FindingRecord] = []
        do throws(StoreError) {
            let zones = Set(places.compactMap { $0.1?.stream.zone })
            let snapshot = try StoreReader(path: store).snapshot(zones: zones)
            var deletions: [StoredAct]?
            for (reference, place) in places {
                var record = FindingRecord(reference: reference)
                guard let place else {
                    record.missing = say("no reference to a record", "記録への参照ではありません")
                    records.append(record)
                    continue
                }
                try fill(&record, place, snapshot)
                if record.bytes == nil {
                    if deletions == nil {
                        deletions = try ActReader(store: store).acts(kinds: [.deletion]).acts
                    }
                    record.missing = reason(place, snapshot, deletions ?? [])
                }
                records.append(record)
            }
        } catch {
            throw Failure(.refused, "\(error)")
        }
        return records
    }

    private static func place(of reference: String) -> Place? {
        let parts = reference.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let index = UInt64(parts[2]) else { return nil }
        return Place(
            stream: Snapshot.Stream(zone: String(parts[0]), stream: String(parts[1])), index: index)
    }

    private static func fill(
        _ record: inout FindingRecord, _ place: Place, _ snapshot: Snapshot
    ) throws(StoreError) {
        for block in snapshot.blocks
        where block.zone == place.stream.zone && block.stream == place.stream.stream
            && block.firstIndex <= place.index && place.index < block.endIndex
        {
            let row = Int(place.index - block.firstIndex)
            var bytes: [UInt8] = []
            do throws(StoreError) {
                try block.appendText(row: row, to: &bytes)
                record.time = Timestamp(nanoseconds: try block.times()[row])
                record.bytes = bytes
            } catch {
                guard error.code == .damaged else { throw error }
                StandardError.write("hisui: \(error)\n")
            }
            return
        }
    }

    /// Why a record is not there.
    private static func reason(
        _ place: Place, _ snapshot: Snapshot, _ deletions: [StoredAct]
    ) -> String {
        let deletion = deletions.first { stored in
            guard stored.act.zone == place.stream.zone,
                stored.act.text("stream") == place.stream.stream,
                let first = stored.act.integer("leaves.first"),
                let end = stored.act.integer("leaves.end"), let index = Int64(exactly: place.index)
            else { return false }
            return first <= index && index < end
        }
        if let deletion {
            let day = String(deletion.act.time.utcText.prefix(10))
            let policy = deletion.act.text("policy.id") ?? "-"
            return say(
                "deleted by retention on \(day), policy \(policy): act \(deletion.index)",
                "保存期間満了により \(day) に廃棄（ポリシー \(policy)、操作記録 \(deletion.index)）")
        }
        guard let next = snapshot.nextIndices[place.stream] else {
            return say("missing: the store has no such stream", "欠落: この系列は保管庫にありません")
        }
        if place.index >= next {
            return say(
                "missing: the stream ends before it, at record \(next)",
                "欠落: 系列は \(next) 件目より前で終わっています")
        }
        return say(
            "missing: no file holds it, and no deletion is recorded",
            "欠落: 保管庫になく、廃棄記録もありません")
    }
}
