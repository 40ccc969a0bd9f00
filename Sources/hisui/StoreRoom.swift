import HisuiBytes
import HisuiEvent
import HisuiFile

/// How much room the store's disk has left.
enum StoreRoom {
    static func lines(store: String) throws -> String {
        let free: Int
        do throws(FileError) {
            free = try RealFileSystem().freeBytes(store)
        } catch {
            throw Failure(.refused, "\(error)")
        }
        var text = say(
            "Free on the store's disk: \(free.grouped) bytes.\n",
            "保管庫のディスクの空き: \(free.grouped) バイト。\n")
        if free < Limits.diskRoomLeast {
            text += say(
                "That is full, or nearly: what finds no room waits at its source or in the spill "
                    + "ring. Make room.\n",
                "ほぼ満杯です。保管できない記録は送信元または退避領域で待ちます。空きを作ってください。\n")
        }
        return text
    }
}
