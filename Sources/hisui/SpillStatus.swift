import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiStore

/// What waits beside the store, because it took nothing, and what was dropped for want of room.
enum SpillStatus {
    /// A line for each zone with something to say; empty if there is none.
    static func lines(_ snapshot: Snapshot, store: String) throws -> String {
        var text = ""
        for zone in Set(snapshot.sourceStates.keys.map(\.zone)).sorted() {
            let states = SourceList.states(of: snapshot).filter { $0.0.zone == zone }.map(\.1)
            let dropped = states.reduce(0) { $0 + $1.account[.spillFull] }
            let path = place(store: store, zone: zone)
            let survey = try survey(path, states)
            if survey.records > 0 {
                text += say(
                    "Zone \(zone): \(survey.records.grouped) records wait in \(path) for the "
                        + "store (\(survey.bytes.grouped) bytes).\n",
                    "領域 \(zone): \(survey.records.grouped) 件が \(path) で保管待ちです"
                        + "（\(survey.bytes.grouped) バイト）。\n")
            }
            if dropped > 0 {
                text += say(
                    "Zone \(zone): \(dropped.grouped) records were dropped because the spill ring "
                        + "was full or failed.\n",
                    "領域 \(zone): 退避領域の満杯または障害により \(dropped.grouped) 件を"
                        + "取りこぼしました。\n")
            }
        }
        return text.isEmpty ? "" : "\n" + text
    }

    /// The folder of a zone's spill ring, as its daemon wrote it down.
    private static func place(store: String, zone: String) -> String {
        let place = Filenames.spillPlace(store: store, zone: zone)
        let told = try? RealFileSystem().bytes(place, from: 0, count: Limits.pathBytesMax)
        return told.map { String(decoding: $0, as: UTF8.self) }
            ?? Filenames.spillPath(store: store, zone: zone, place: nil)
    }

    private static func survey(_ path: String, _ states: [SourceState]) throws -> SpillSurvey {
        var positions: [String: [UInt8]] = [:]
        for state in states where SpillClass.isUnstoppable(state.source.kind) {
            positions[state.source.id] = SpillRing.later(
                state.position, positions[state.source.id] ?? [])
        }
        do throws(StoreError) {
            return try SpillSurvey(path, on: RealFileSystem(), durable: positions)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}
