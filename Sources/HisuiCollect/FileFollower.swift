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
    private(set) var families: [FileFamily] = []
    private(set) var familyOf: [String: FileFamily] = [:]
    /// Those without a position, found by the scan at work.
    private(set) var unseen: [FileFamily] = []
    private(set) var isFirstScan = true
    /// With which patterns it has begun, once it has looked.
    private var beginning: FileBeginning?
    private(set) var age = FileAge()
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
                takeChanges(&isScanDue)
                let began = Clock.monotonicMilliseconds()
                isScanDue = false
                scan(now, resume)
                takeChanges(&isScanDue)
                tellPassed(watch.passing.endLook(began: began), patterns)
                nextScan = now + rescanMilliseconds
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
        watch.passing.settle(Clock.monotonicMilliseconds())
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
        age.look(now)
        let found = look(resume)
        let (paths, places) = (found.paths, places(of: found.paths))
        for family in families {
            let hasRotated = found.rotated[family.path] != nil
            family.rescan(now, since: age.before, hasRotated, keep: { places[$0] != nil })
        }
        // Those with a position first: they know which files they have read under other names.
        let new = paths.filter { familyOf[$0] == nil }.sorted()
        var saved: [String: [UInt8]] = [:]
        for path in new { saved[path] = resume(sourceID(path)) }
        let left = found.rotated.keys.filter { familyOf[$0] == nil && !paths.contains($0) }
        // Rotated while nobody looked, and no new file at the path yet.
        for path in left.sorted() {
            if let position = resume(sourceID(path)) { add(path, position) }
        }
        for path in new where saved[path] != nil { add(path, saved[path]) }
        for family in families where !family.missing.isEmpty {
            settleMissing(family, found, places)
        }
        for path in new where saved[path] == nil { addUnseen(path) }
        for path in left.sorted() where familyOf[path] == nil { addLeft(path, found) }
        for family in unseen { addMissed(family, found) }
        for family in unseen { family.tellBeginning() }
        unseen = []
        if isFirstScan { tellBeginning(resume) }
        isFirstScan = false
    }

    /// What there is now.
    struct Found {
        /// Paths that fit.
        var paths: Set<String> = []
        /// Files that were rotated away from paths that fit.
        var rotated: [String: Set<String>] = [:]
        /// When the patterns began that found a path or its rotated files, the earliest of them.
        var begun: [String: Int64] = [:]
    }

    private func look(_ resume: (String) -> [UInt8]?) -> Found {
        var found = Found()
        var directories: Set<String> = []
        let saved = isFirstScan ? resume(name) : nil
        let before = beginning ?? saved.flatMap { FileBeginning($0.span) }
        let beginning = FileBeginning(patterns, after: before, now: age.looked)
        self.beginning = beginning
        func expand(_ pattern: FilePattern, _ visit: (String) -> Void) {
            let begun = beginning.patterns[pattern.hash] ?? age.looked
            // What cannot be read tells at least that it has begun.
            let isLater = saved != nil && before?.patterns.keys.contains(pattern.hash) ?? true
            pattern.expand(visit) { path, rotated in
                if isLater { later.insert(path) }
                found.begun[path] = min(found.begun[path] ?? .max, begun)
                if let rotated {
                    found.rotated[path, default: []].insert(rotated)
                } else {
                    found.paths.insert(path)
                }
            }
        }
        for pattern in patterns { expand(pattern) { directories.insert($0) } }
        // What changes between looking and watching is found by looking again.
        if watch.add(directories) {
            for pattern in patterns { expand(pattern) { _ in } }
        }
        return found
    }

    /// Which paths each file has that fits.
    func places(of paths: Set<String>) -> [FileIdentity: String] {
        var places: [FileIdentity: String] = [:]
        for path in paths {
            guard let identity = FileStatus(path)?.identity else { continue }
            places[identity] = min(path, places[identity] ?? path)
        }
        return places
    }

    // MARK: Beginning

    /// Says behind the positions of all files that the collector has begun.
    private func tellBeginning(_ resume: (String) -> [UInt8]?) {
        later = []
        guard let position = beginning?.encoded else { return }
        if resume(name) == position {
            atEnd?.raise()
            return
        }
        var batch = RecordBatch(source: Source(id: name, kind: .file, form: .line))
        batch.position = position
        if let atEnd { batch.receipt = Receipt(desk: atEnd, number: 0) }
        _ = sink.put(batch)
    }

    func beginsAtEnd(_ path: String) -> Bool {
        isFirstScan && atEnd != nil && !later.contains(path)
    }

    /// The id of the source that a path is.
    private func sourceID(_ path: String) -> String { SourceID.make(name, path) }

    /// A path that was never seen: a file of its own, or one that another path's file became.
    private func addUnseen(_ path: String) {
        guard let status = FileStatus(path), familyOf[path] == nil else { return }
        if let reader = reader(of: status, at: path, except: nil) {
            // Read to its end under its old name, and it has grown under the new one.
            guard reader.hasLeft(status, for: path), let family = make(path) else { return }
            family.takeOver(status, from: reader)
            return
        }
        guard let original = RotatedName.original(path), let family = familyOf[original] else {
            return add(path, nil)
        }
        if !beginsAtEnd(original), unseen.contains(where: { $0 === family }) {
            family.prepend(path)
        }
    }

    func add(_ path: String, _ saved: [UInt8]?) {
        guard let family = make(path) else { return }
        family.begin(saved, atEnd: beginsAtEnd(path))
        if saved == nil { unseen.append(family) }
    }

    /// A family that has no files yet; nil where there are too many.
    func make(_ path: String) -> FileFamily? {
        guard families.count < Limits.followedFilesMax else {
            reportTooMany()
            return nil
        }
        let source = Source(id: sourceID(path), kind: .file, form: .line)
        let family = FileFamily(
            source: source, path: path, sink: sink, graceMilliseconds: graceMilliseconds,
            rules: rules)
        family.readerElsewhere = { [unowned self, unowned family] status, place in
            self.reader(of: status, at: place, except: family)
        }
        families.append(family)
        familyOf[path] = family
        return family
    }

    /// Says once that there are files that are not followed.
    private func reportTooMany() {
        if hasReportedTooMany { return }
        hasReportedTooMany = true
        reportGap("more than \(Limits.followedFilesMax) files fit; the rest is not followed")
    }

    /// Tells a gap of what no followed path has.
    func reportGap(_ cause: String) {
        var batch = RecordBatch(source: Source(id: name, kind: .file, form: .line))
        batch.gaps.append(
            Gap(source: name, detected: Clock.now(), count: nil, cause: cause))
        batch.account.gaps = 1
        _ = sink.put(batch)
    }

    private static let gatherMilliseconds: Int32 = 3
}
