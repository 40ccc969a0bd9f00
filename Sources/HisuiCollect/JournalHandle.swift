import CSystemd
import Glibc
import HisuiEvent

/// libsystemd's reader of a set of journal files.
///
/// One thread; closed with the value.
///
/// Calls return what libsystemd returns: a negative errno, 0 for "no entry", 1 for "moved".
@safe
struct JournalHandle: ~Copyable {
    // Safe: the pointer is made in `init`, never handed out, and closed in `deinit` only.
    private let journal: OpaquePointer
    /// Readable when something has changed; watched from the first moment, because libsystemd
    /// otherwise holds deleted files open (systemd#14695).
    let descriptor: Int32

    init(_ place: JournalPlace) throws(CollectError) {
        var opened: OpaquePointer?
        var status: Int32
        switch place {
        case .local(let namespace):
            // Safe: each call writes one pointer, which lives on this frame.
            status = unsafe sd_journal_open_namespace(
                &opened, namespace, Int32(SD_JOURNAL_LOCAL_ONLY))
        case .directory(let path):
            status = unsafe sd_journal_open_directory(&opened, path, 0)
        case .files(let paths):
            status = unsafe Self.openFiles(paths, &opened)
        }
        guard status >= 0, let opened = unsafe opened else {
            throw CollectError(
                .cannotRead, operation: "open journal", place: place.name, errno: -status,
                hint: "readable by root and members of the group systemd-journal")
        }
        unsafe journal = opened
        // Fields come whole: libsystemd would otherwise cut them at 64 KiB.
        unsafe sd_journal_set_data_threshold(opened, 0)
        descriptor = unsafe sd_journal_get_fd(opened)
    }

    deinit { unsafe sd_journal_close(journal) }

    private static func openFiles(
        _ paths: [String], _ opened: inout OpaquePointer?
    ) -> Int32 {
        var copies: [UnsafePointer<CChar>?] = unsafe paths.map { unsafe UnsafePointer(strdup($0)) }
        unsafe copies.append(nil)
        // Safe: the copies live until the call is over, and libsystemd keeps none of them.
        defer {
            for i in unsafe copies.indices {
                unsafe free(UnsafeMutableRawPointer(mutating: copies[i]))
            }
        }
        return unsafe sd_journal_open_files(&opened, &copies, 0)
    }

    // Safe (all below): the handle is open as long as this value lives.
    borrowing func next() -> Int32 { unsafe sd_journal_next(journal) }
    borrowing func previous() -> Int32 { unsafe sd_journal_previous(journal) }
    borrowing func seekHead() -> Int32 { unsafe sd_journal_seek_head(journal) }
    borrowing func seekTail() -> Int32 { unsafe sd_journal_seek_tail(journal) }
    /// Takes up what has changed on disk: `SD_JOURNAL_NOP`, `_APPEND`, `_INVALIDATE` or an error.
    borrowing func process() -> Int32 { unsafe sd_journal_process(journal) }

    borrowing func seek(realtime: UInt64) -> Int32 {
        unsafe sd_journal_seek_realtime_usec(journal, realtime)
    }

    borrowing func seek(cursor: [UInt8]) -> Int32 {
        var text = cursor.map { CChar(bitPattern: $0) }
        text.append(0)
        return unsafe sd_journal_seek_cursor(journal, text)
    }

    /// Reads the cursor of the current entry into `text`.
    borrowing func cursor(_ text: inout [UInt8]) -> Int32 {
        var made: UnsafeMutablePointer<CChar>?
        let status = unsafe sd_journal_get_cursor(journal, &made)
        guard status >= 0, let made = unsafe made else { return status }
        // Safe: libsystemd hands over a terminated string that is ours to free.
        let count = unsafe strlen(made)
        text.removeAll(keepingCapacity: true)
        unsafe made.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
            unsafe text.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        }
        unsafe free(made)
        return 0
    }

    /// Gives the fields of the current entry to `record`.
    ///
    /// - Returns: 0, or a negative errno.
    borrowing func takeFields(into record: inout JournalRecord) -> Int32 {
        unsafe sd_journal_restart_data(journal)
        while true {
            var data: UnsafeRawPointer?
            var count = 0
            let status = unsafe sd_journal_enumerate_available_data(journal, &data, &count)
            if status <= 0 { return status }
            // Safe: the data stays valid until the next call on the handle.
            let field = unsafe UnsafeRawBufferPointer(start: data, count: count)
            record.take(unsafe field.bindMemory(to: UInt8.self).span)
        }
    }
}

/// Which journal files are read.
enum JournalPlace: Hashable, Sendable {
    /// This machine's, of the default or a named namespace.
    case local(namespace: String?)
    /// All files in a directory and the directories of machines below it.
    case directory(String)
    case files([String])

    /// For ids and messages.
    var name: String {
        switch self {
        case .local(let namespace): namespace.map { "@\($0)" } ?? "local"
        case .directory(let path): path
        case .files(let paths): paths.count == 1 ? paths[0] : paths.joined(separator: ",")
        }
    }

    /// Whether every number of a writer should be seen: not in hand-picked files, where other
    /// files of the same writer are left out on purpose.
    var isComplete: Bool { if case .files = self { false } else { true } }

    /// Whether each entry is written once: journald copies entries of its own.
    var isOfOthers: Bool { if case .directory = self { true } else { false } }
}
