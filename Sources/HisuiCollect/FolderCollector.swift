import Glibc
public import HisuiBytes
import HisuiEvent

/// Takes the files that another program drops into a folder, each once and whole: the daily export
/// of an asset-management tool, the messages that a mail server delivers.
///
/// A file is taken when it is complete, which the folder's rule tells, and known again by the
/// SHA-256 of its bytes, whatever it is called. Its rows are records, the columns' names their
/// fields; see `TableRule`. The folder is one source; the sender of a record is its file.
///
///     appears ─▶ complete? ─▶ digest known? ──no──▶ rows, position ─▶ note: taken
///                                │ yes
///                                └▶ note: duplicate
///
/// What becomes of every file is told by a `FileNote`, which is handed over with the last of its
/// rows.
public final class FolderCollector: Collector {
    /// What tells that a file is complete.
    public enum Completion: Hashable, Sendable {
        /// Size and time of change have stayed the same for so many seconds.
        case stable(seconds: Int)
        /// Its name: the writer gives it the name that fits when it is done.
        case renamed
        /// A file beside it, called like it with this ending.
        case marker(suffix: String)
    }

    public let name: String
    private let pattern: FilePattern
    private let completion: Completion
    private let rescanMilliseconds: Int64
    private let contents: FolderContents

    /// - Parameters:
    ///   - name: id of the source.
    ///   - pattern: absolute path of the files, wildcards in it.
    ///   - contents: what the files are; of tables, a byte order mark of UTF-16 may say another
    ///     encoding.
    ///   - rescanMilliseconds: how often to look without being told by the kernel.
    public init(
        name: String, pattern text: String, completion: Completion = .stable(seconds: 30),
        contents: FolderContents, rescanMilliseconds: Int = 2000
    ) throws(CollectError) {
        guard let pattern = FilePattern(text) else {
            throw CollectError(
                .badConfiguration, operation: "take files", place: text,
                hint: "patterns are absolute paths without ..")
        }
        self.name = name
        self.pattern = pattern
        self.completion = completion
        self.contents = contents
        self.rescanMilliseconds = Int64(rescanMilliseconds)
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        let taker = FolderTaker(
            source: Source(id: name, kind: .file, form: .line), saved: resume(name), sink: sink,
            contents: contents, stop: stop)
        var watch = DirectoryWatch()
        var arrivals = FolderArrivals(completion)
        while !stop.isRaised {
            var paths: [String] = []
            var directories: Set<String> = []
            pattern.expand({ directories.insert($0) }) { path, rotated in
                if rotated == nil { paths.append(path) }
            }
            if watch.add(directories) { continue }
            let complete = arrivals.complete(paths, Clock.monotonicMilliseconds())
            guard taker.take(complete, present: paths) else { return }
            var entries = [
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            // Safe: the array outlives the call; a descriptor of -1 is passed over.
            _ = unsafe poll(&entries, 2, Int32(clamping: min(rescanMilliseconds, 1000)))
            stop.wait(milliseconds: 20)
            watch.changes { _ in }
        }
    }
}

/// What the files of a folder are.
public enum FolderContents: Hashable, Sendable {
    case tables(TableRule, encoding: TextEncoding)
    case mail(MailRule)
}

/// Which files of a folder are complete.
struct FolderArrivals {
    private let completion: FolderCollector.Completion
    /// What files were when they were last seen to change, and when that was.
    private var seen: [String: (status: FileStatus, since: Int64)] = [:]

    init(_ completion: FolderCollector.Completion) { self.completion = completion }

    /// The files that are complete, those that changed longest ago first.
    ///
    /// - Parameter now: of a clock that is not set.
    mutating func complete(
        _ paths: [String], _ now: Int64
    ) -> [(path: String, status: FileStatus)] {
        var found: [(path: String, status: FileStatus)] = []
        var current: [String: (status: FileStatus, since: Int64)] = [:]
        for path in paths {
            guard let status = FileStatus(path) else { continue }
            switch completion {
            case .renamed: found.append((path, status))
            case .marker(let suffix):
                if FileStatus(path + suffix) != nil { found.append((path, status)) }
            case .stable(let seconds):
                let known = seen[path].flatMap { $0.status == status ? $0 : nil }
                let entry = known ?? (status, now)
                current[path] = entry
                let age = Clock.now().nanoseconds - status.modified
                // What is old when it is first seen was complete before.
                let isOld = known == nil && age >= Int64(seconds) * 1_000_000_000
                if isOld { current[path] = (status, now - Int64(seconds) * 1000) }
                if isOld || now - entry.since >= Int64(seconds) * 1000 {
                    found.append((path, status))
                }
            }
        }
        seen = current
        return found.sorted { ($0.status.modified, $0.path) < ($1.status.modified, $1.path) }
    }
}
