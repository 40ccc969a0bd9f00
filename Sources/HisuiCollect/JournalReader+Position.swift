import Glibc
import HisuiEvent

/// Finding the place where an earlier run stopped.
extension JournalReader {
    /// How far reading has come.
    var position: JournalPosition {
        JournalPosition(entry: last, writers: writers, isComplete: knowsEachWriter)
    }

    /// Goes to just after the saved entry, so that what is taken next is the first entry not seen.
    ///
    /// `sd_journal_seek_cursor` succeeds for an entry that no longer exists, and lands on some
    /// other one, so the landing is always compared. What is missing is then told by numbers, when
    /// the next entry is taken.
    ///
    /// - Returns: 0 or more, or a negative errno.
    mutating func seek(to saved: [UInt8]?) -> Int32 {
        guard let saved else { return begin() }
        guard let position = JournalPosition(saved.span) else { return seekFirst() }
        return go(to: position)
    }

    /// Begins at the first entry, and says so before anything is read: what is removed until it is
    /// read is missing in the numbers then, even if the daemon is killed before.
    private mutating func begin() -> Int32 {
        if place.isComplete {
            for (writer, numbers) in files.look().writers {
                reach(numbers.beginning(of: writer))
            }
            if !writers.isEmpty { handOver(positionOnly: true) }
        }
        return handle?.seekHead() ?? 0
    }

    private mutating func seekFirst() -> Int32 {
        reportGap(nil, "the saved position is no journal cursor; reading from the first entry")
        return handle?.seekHead() ?? 0
    }

    /// The same for a position that is one.
    mutating func go(to position: JournalPosition) -> Int32 {
        isOnEntry = false
        if let cursor = position.entry, (handle?.seek(cursor: cursor.text) ?? 0) < 0 {
            return seekFirst()
        }
        writers = position.writers
        knowsEachWriter = position.isComplete
        guard let cursor = position.entry else { return handle?.seekHead() ?? 0 }
        last = cursor
        expected = nil
        let moved = handle?.next() ?? 0
        if moved < 0 { return moved }
        if moved == 0 { return seekBackFromEnd(cursor) }
        var landed: [UInt8] = []
        guard let found = readCursor(&landed) else { return -EBADMSG }
        if found.isSameEntry(as: cursor) { return 0 }
        return seekNear(cursor, found)
    }

    /// The landing is another entry: the saved one may stand right before it (libsystemd lands
    /// beyond it at a change of boot, systemd#38912), or be gone.
    private mutating func seekNear(_ saved: JournalCursor, _ found: JournalCursor) -> Int32 {
        if found.writer == saved.writer && found.number < saved.number {
            return seekBackFromEnd(saved)
        }
        isOnEntry = true
        expected = saved
        if let back = handle?.previous(), back > 0 {
            var text: [UInt8] = []
            if let before = readCursor(&text), before.isSameEntry(as: saved) { expected = nil }
            return handle?.next() ?? 0
        }
        // Nothing before it: libsystemd has left the entry, so go to the first one again.
        let status = handle?.seekHead() ?? 0
        return status < 0 ? status : handle?.next() ?? 0
    }

    /// Looks from the journal's end when no entry follows the saved one.
    ///
    /// If the saved one is not the last, the clock went back, or an older state of the disk came
    /// back. libsystemd would wait for ever (systemd#6213).
    /// Goes on at the first entry that is no older than the saved one, or after the last entry.
    private mutating func seekBackFromEnd(_ saved: JournalCursor) -> Int32 {
        var status = handle?.seekTail() ?? 0
        if status >= 0 { status = handle?.previous() ?? 0 }
        if status < 0 { return status }
        if status == 0 {
            // An empty journal: whatever comes first is compared with the saved entry.
            expected = saved
            return handle?.seekHead() ?? 0
        }
        var text: [UInt8] = []
        guard let tail = readCursor(&text) else { return -EBADMSG }
        if tail.isSameEntry(as: saved) { return 0 }
        if place.isOfOthers, knowsEachWriter, files.look().writers[saved.writer] == nil {
            // Its files are gone. What the others have that was not taken is told by their numbers.
            expected = saved
            return handle?.seekHead() ?? 0
        }
        writers = JournalWriters()
        knowsEachWriter = false
        reportGap(nil, "the saved position lies in the journal's future; going on by time")
        guard tail.realtime >= saved.realtime else { return 0 }
        status = handle?.seek(realtime: saved.realtime) ?? 0
        if status < 0 { return status }
        status = handle?.next() ?? 0
        isOnEntry = status > 0
        return status
    }
}
