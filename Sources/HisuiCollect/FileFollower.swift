import Glibc
import HisuiEvent

/// The loop of a `FileCollector`, on its thread: which files there are, and whose turn it is.
final class FileFollower {
    private let name: String
    private let patterns: [FilePattern]
    private let sink: any RecordSink
    /// Files that are there at the first beginning are read from their end: raised when it is
    /// durable that they were. Nil: all are read from their start.
    private let atEnd: StopSignal?
    /// Paths that are read from their start, whatever `atEnd` says: the collector had begun.
    private var later: Set<String> = []
    private let graceMilliseconds: Int64
    private let rules: CutRules
    private var watch = DirectoryWatch()
    /// In order of path, so that runs are alike.
    private var families: [FileFamily] = []
    private var familyOf: [String: FileFamily] = [:]
    /// Those without a position, found by the scan at work.
    private var unseen: [FileFamily] = []
    private var isFirstScan = true
    private var hasReportedTooMany = false

    init(
        name: String, patterns: [FilePattern], sink: any RecordSink, atEnd: StopSignal?,
        graceMilliseconds: Int64, rules: CutRules
    ) {
        self.name = name
        self.patterns = patterns
        self.sink = sink
        self.atEnd = atEnd
        self.graceMilliseconds = graceMilliseconds
        self.rules = rules
    }

    func run(
        until stop: StopSignal, rescanMilliseconds: Int64, resume: (String) -> [UInt8]?
    ) {
        var nextScan: Int64 = 0
        var isScanDue = true
        while !stop.isRaised {
            let now = Clock.monotonicMilliseconds()
            if isScanDue || now >= nextScan {
                scan(now, resume)
                nextScan = now + rescanMilliseconds
                isScanDue = false
                for family in families { family.isDirty = true }
            }
            for family in families where family.isDirty && !stop.isRaised {
                family.read(now)
                if family.isRefused { return }
            }
            if !families.contains(where: \.isDirty) {
                let next = families.compactMap(\.flushTime).min().map { min($0, nextScan) }
                wait(stop, (next ?? nextScan) - Clock.monotonicMilliseconds())
            }
            takeChanges(&isScanDue)
            let later = Clock.monotonicMilliseconds()
            for family in families where family.flushTime.map({ $0 <= later }) ?? false {
                family.isDirty = true
            }
        }
    }

    /// Sleeps until something changes; then a few milliseconds more, so that lines that are
    /// written one by one are taken together.
    private func wait(_ stop: StopSignal, _ milliseconds: Int64) {
        var entries = [
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        // Safe: the array outlives the call; a descriptor of -1 is passed over.
        let ready = unsafe poll(&entries, 2, Int32(clamping: max(0, min(milliseconds, 1000))))
        if ready > 0 { stop.wait(milliseconds: Self.gatherMilliseconds) }
    }

    private func takeChanges(_ isScanDue: inout Bool) {
        var names = false
        var grown: [String] = []
        watch.changes { change in
            switch change {
            case .names: names = true
            case .contents(let path): if grown.last != path { grown.append(path) }
            }
        }
        if names { isScanDue = true }
        for path in grown {
            if let family = familyOf[path] {
                family.isDirty = true
            } else {
                // A file under the name it was rotated to.
                for family in families where family.files.count > 1 { family.isDirty = true }
            }
        }
    }

    // MARK: Which files there are

    private func scan(_ now: Int64, _ resume: (String) -> [UInt8]?) {
        var paths: Set<String> = []
        var originals: Set<String> = []
        var directories: Set<String> = []
        func take(_ path: String, _ isRotated: Bool) {
            if isRotated { originals.insert(path) } else { paths.insert(path) }
        }
        for pattern in patterns {
            pattern.expand({ directories.insert($0) }, take)
        }
        // What changes between looking and watching is found by looking again.
        let unwatched = watch.add(directories)
        if unwatched {
            for pattern in patterns { pattern.expand({ _ in }, take) }
        }
        let matched = Set(paths.compactMap { FileStatus($0)?.identity })
        for family in families { family.rescan(now, keep: matched.contains) }
        if isFirstScan, atEnd != nil { findLater(resume) }
        // Those with a position first: they know which files they have read under other names.
        let new = paths.filter { familyOf[$0] == nil }.sorted()
        var saved: [String: [UInt8]] = [:]
        for path in new { saved[path] = resume(sourceID(path)) }
        // Rotated while nobody looked, and no new file at the path yet.
        for path in originals.subtracting(paths) where familyOf[path] == nil {
            if let position = resume(sourceID(path)) { add(path, position) }
        }
        for path in new where saved[path] != nil { add(path, saved[path]) }
        for path in new where saved[path] == nil { addUnseen(path) }
        for family in unseen { family.tellBeginning() }
        unseen = []
        if isFirstScan, let atEnd { tellBeginning(atEnd, resume) }
        isFirstScan = false
    }

    // MARK: Beginning at the end

    /// Finds what fits patterns that the collector has begun with before.
    private func findLater(_ resume: (String) -> [UInt8]?) {
        guard let saved = resume(name) else { return }
        let before = FileBeginning(saved.span)
        // What cannot be read tells at least that it has begun.
        for pattern in patterns where before?.patterns.contains(pattern.hash) ?? true {
            pattern.expand({ _ in }) { path, _ in later.insert(path) }
        }
    }

    /// Says behind the positions of all files that the collector has begun.
    private func tellBeginning(_ atEnd: StopSignal, _ resume: (String) -> [UInt8]?) {
        later = []
        let position = FileBeginning(patterns).encoded
        if resume(name) == position { return atEnd.raise() }
        var batch = RecordBatch(source: Source(id: name, kind: .file, form: .line))
        batch.position = position
        batch.receipt = Receipt(desk: atEnd, number: 0)
        _ = sink.put(batch)
    }

    private func beginsAtEnd(_ path: String) -> Bool {
        isFirstScan && atEnd != nil && !later.contains(path)
    }

    /// The id of the source that a path is.
    private func sourceID(_ path: String) -> String { SourceID.make(name, path) }

    /// A path that was never seen: a file of its own, or one that another path's file became.
    private func addUnseen(_ path: String) {
        guard let status = FileStatus(path), familyOf[path] == nil,
            !families.contains(where: { $0.knows(status, at: path) })
        else { return }
        guard let original = RotatedName.original(path), let family = familyOf[original] else {
            return add(path, nil)
        }
        if isFirstScan, !beginsAtEnd(original), unseen.contains(where: { $0 === family }) {
            family.prepend(path)
        }
    }

    private func add(_ path: String, _ saved: [UInt8]?) {
        guard families.count < Limits.followedFilesMax else { return reportTooMany() }
        let source = Source(id: sourceID(path), kind: .file, form: .line)
        let family = FileFamily(
            source: source, path: path, sink: sink, graceMilliseconds: graceMilliseconds,
            rules: rules)
        families.append(family)
        familyOf[path] = family
        family.begin(saved, atEnd: beginsAtEnd(path))
        if saved == nil { unseen.append(family) }
    }

    /// Says once that there are files that are not followed.
    private func reportTooMany() {
        if hasReportedTooMany { return }
        hasReportedTooMany = true
        var batch = RecordBatch(source: Source(id: name, kind: .file, form: .line))
        batch.gaps.append(
            Gap(
                source: name, detected: Clock.now(), count: nil,
                cause: "more than \(Limits.followedFilesMax) files fit; the rest is not followed"))
        batch.account.gaps = 1
        _ = sink.put(batch)
    }

    private static let gatherMilliseconds: Int32 = 3
}
