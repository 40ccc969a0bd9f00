import HisuiBytes
import HisuiEvent

/// What is known of the sessions, handles and objects of a source, and what its next record makes
/// of that.
///
/// What becomes of a record depends on the records of its source up to it and on nothing else:
/// neither on batches nor on the clock of this machine. So a file that is imported gives the events
/// that the daemon gave.
struct EventFolder: Sendable {
    typealias Kind = FoldDefinition.Kind

    /// What a record says.
    struct Facts {
        var step: FoldDefinition.Step
        var isFailure = false
        var time: Int64 = 0
        /// Its number among those of the source.
        var position: UInt64 = 0
        /// Machine, sender and logon session, and machine and sender alone.
        var session: [UInt8] = []
        var machine: [UInt8] = []
        var process: [UInt8] = []
        var handle: [UInt8] = []
        var object: [UInt8] = []
        var address: [UInt8] = []
        var access: UInt32 = 0
    }

    enum Outcome {
        /// The record is what it is.
        case own
        /// It is a part of an event that stands elsewhere, or will.
        case part
        case event(Event)
    }

    /// What stands beside the record at which an event is given.
    struct Event {
        var kind: Kind
        var object: [UInt8]
        var address: [UInt8]
        /// Operations since the event before, of this session and object.
        var count: Int
        /// When the first of them was.
        var start: Int64
        /// Numbers of the records that tell of them, the latest `positionsMax`.
        var positions: [UInt64]
    }

    struct Handle {
        var object: ObjectKey
        /// Its path as it was written.
        var path: [UInt8]
        /// Rights it was opened with; nil: that was not told, nor will be when it is closed.
        var asked: UInt32?
        /// When the right to delete was used, and nothing has come of it yet.
        var removal: Int64?
        /// Soon after, something was put into the object's folder.
        var isRenaming = false

        /// Whether a deletion may be of this handle and not of a later one with its number: one
        /// that was not seen to open is never seen to close.
        func isOpen(_ facts: Facts, _ definition: FoldDefinition) -> Bool {
            guard asked == nil else { return true }
            return EventFolder.isWithin(
                definition.windowNanoseconds * EventFolder.auditedWindows, facts.time,
                after: removal)
        }
    }

    struct ObjectKey: Hashable {
        var session: [UInt8]
        /// Its path, ASCII letters small.
        var path: [UInt8]
    }

    /// An object as a session uses it.
    struct Object {
        var path: [UInt8]
        var count = 0
        var asks = 0
        var start = Int64.min
        var positions: [UInt64] = []
        /// Kinds that were used and not told.
        var pending: Set<Kind> = []
        /// Kinds told in a window of time, and which window that is.
        var told: Set<Kind> = []
        var window = Int64.min
        var wasUsed = false

        /// Forgets what an event of that kind tells too.
        mutating func forgetPending(upTo kind: Kind) {
            if kind == .asked || kind == .failed { return }
            pending = pending.filter { $0.rawValue > kind.rawValue }
        }

        /// Begins to count anew, an event of that kind having been given.
        mutating func begin(after kind: Kind) {
            asks = 0
            positions = []
            if kind != .asked { count = 0 }
            if count == 0 { start = .min }
            if kind == .delete || kind == .rename { wasUsed = false }
        }
    }

    static let sessionsMax = 16_384
    static let handlesMax = 16_384
    static let objectsMax = 16_384
    static let foldersMax = 16_384
    static let positionsMax = 64
    /// How long something put into a folder, and a file written or given another name there, belong
    /// together.
    static let togetherNanoseconds: Int64 = 2_000_000_000
    /// For so many windows a folder whose objects tell of their use is expected to go on so.
    static let auditedWindows: Int64 = 10

    /// Where sessions come from.
    private var sessions = RecentTable<[UInt8], [UInt8]>(countMax: sessionsMax)
    private var handles = RecentTable<[UInt8], Handle>(countMax: handlesMax)
    private var objects = RecentTable<ObjectKey, Object>(countMax: objectsMax)
    /// Handles that may turn out to delete or to rename, by session, process and folder.
    private var removals = RecentTable<[UInt8], [UInt8]>(countMax: foldersMax)
    /// When a session's process last put something into a folder.
    private var additions = RecentTable<[UInt8], Int64>(countMax: foldersMax)
    /// When the use of objects of a folder was last told, by machine, folder and kind.
    private var audited = RecentTable<[UInt8], Int64>(countMax: foldersMax)
    /// Operations that no event tells of, because what was known of them had to be let go.
    private(set) var lost: UInt64 = 0
    /// Records of the source before the batch at hand.
    var count: UInt64 = 0

    mutating func endBatch(records: Int) { count += UInt64(records) }

    mutating func take(_ facts: Facts, _ definition: FoldDefinition) -> Outcome {
        if !facts.address.isEmpty { _ = sessions.put(facts.address, for: facts.session) }
        switch facts.step {
        case .address: return .own
        case .ask: return ask(facts, definition)
        case .open: return open(facts, definition)
        case .use: return use(facts, definition)
        case .permission:
            guard !facts.object.isEmpty else { return .own }
            let key = note(facts)
            count(1, key, facts)
            return give(.permission, key, facts, definition)
        case .delete:
            let name = handleName(facts)
            guard let handle = handles[name], handle.isOpen(facts, definition) else {
                return .own
            }
            handles.change(name) { $0.removal = nil }
            note(facts, handle.object, handle.path)
            return give(.delete, handle.object, facts, definition)
        case .close: return close(facts, definition)
        }
    }

    // MARK: Steps

    private mutating func ask(_ facts: Facts, _ definition: FoldDefinition) -> Outcome {
        guard !facts.object.isEmpty else { return .own }
        let key = note(facts)
        if facts.isFailure { return refuse(key, facts, definition) }
        begin(key, facts)
        objects.change(key) { $0.asks += 1 }
        // Where each use is told, what was asked for is a part of that.
        let kind = definition.bits.kind(of: facts.access) ?? .read
        let last = audited[folderName(facts.machine, key.path, kind)]
        let isTold = Self.isWithin(
            definition.windowNanoseconds * Self.auditedWindows, facts.time, after: last)
        return isTold ? .part : give(.asked, key, facts, definition)
    }

    private mutating func refuse(
        _ key: ObjectKey, _ facts: Facts, _ definition: FoldDefinition
    ) -> Outcome {
        count(1, key, facts)
        return give(.failed, key, facts, definition)
    }

    private mutating func open(_ facts: Facts, _ definition: FoldDefinition) -> Outcome {
        guard !facts.object.isEmpty else { return .own }
        let key = note(facts)
        if facts.isFailure { return refuse(key, facts, definition) }
        begin(key, facts)
        put(Handle(object: key, path: facts.object, asked: facts.access), facts)
        return .part
    }

    private mutating func use(_ facts: Facts, _ definition: FoldDefinition) -> Outcome {
        guard !facts.object.isEmpty else { return .own }
        let key = note(facts)
        if facts.isFailure { return refuse(key, facts, definition) }
        let name = handleName(facts)
        if handles[name]?.object != key { put(Handle(object: key, path: facts.object), facts) }
        guard var kind = definition.bits.kind(of: facts.access) else { return .part }
        _ = audited.put(facts.time, for: folderName(facts.machine, key.path, kind))
        let wasUsed = objects[key]?.wasUsed ?? false
        objects.change(key) { $0.wasUsed = true }
        count(1, key, facts)
        let asked = handles[name]?.asked
        switch kind {
        case .write:
            if !wasUsed, isAddition(key, facts) { kind = .create }
            if let renamed = noteAddition(key, facts) {
                return give(.rename, renamed, facts, definition)
            }
        case .remove:
            handles.change(name) { $0.removal = facts.time }
            _ = removals.put(name, for: placeName(facts, Self.folder(of: key.path)))
        default: break
        }
        objects.change(key) { $0.pending.insert(kind) }
        // Rights that were asked for may tell more than this one: then the end is waited for.
        let most = asked.flatMap { definition.bits.kind(of: $0) } ?? .read
        let waits = asked != nil && (most.rawValue > kind.rawValue || kind == .remove)
        return waits ? .part : give(kind, key, facts, definition)
    }

    private mutating func close(_ facts: Facts, _ definition: FoldDefinition) -> Outcome {
        let name = handleName(facts)
        guard let handle = handles.remove(name) else { return .own }
        note(facts, handle.object, handle.path)
        let pending = objects[handle.object]?.pending ?? []
        if handle.asked != nil, handle.removal != nil, pending.contains(.remove) {
            return give(
                handle.isRenaming ? .rename : .remove, handle.object, facts, definition)
        }
        guard let most = pending.max(by: { $0.rawValue < $1.rawValue }) else { return .part }
        return give(most, handle.object, facts, definition)
    }

    // MARK: Events

    private mutating func give(
        _ kind: Kind, _ key: ObjectKey, _ facts: Facts, _ definition: FoldDefinition
    ) -> Outcome {
        guard let object = objects[key] else { return .own }
        let window = facts.time.floorDivided(by: definition.windowNanoseconds).quotient
        let told = object.window == window ? object.told : []
        let isTold = told.contains(kind) && !kind.isSingle
        objects.change(key) { object in
            object.told = told.union([kind])
            object.window = window
            object.forgetPending(upTo: kind)
            if !isTold { object.begin(after: kind) }
        }
        if isTold { return .part }
        return .event(
            Event(
                kind: kind, object: object.path, address: sessions[key.session] ?? [],
                count: max(1, kind == .asked ? object.asks : object.count),
                start: object.start == .min ? facts.time : object.start,
                positions: object.positions))
    }

    /// Takes down that a record is of an object.
    private mutating func note(_ facts: Facts) -> ObjectKey {
        let key = ObjectKey(session: facts.session, path: Self.folded(facts.object))
        note(facts, key, facts.object)
        return key
    }

    private mutating func note(_ facts: Facts, _ key: ObjectKey, _ path: [UInt8]) {
        if objects[key] == nil {
            let gone = objects.put(Object(path: path), for: key)
            lost += UInt64(gone?.count ?? 0)
        }
        objects.change(key) { object in
            // Shares are asked by names as clients write them.
            if facts.step != .ask, !facts.object.isEmpty { object.path = path }
            if object.positions.count == Self.positionsMax { object.positions.removeFirst() }
            object.positions.append(facts.position)
        }
    }

    private mutating func begin(_ key: ObjectKey, _ facts: Facts) {
        objects.change(key) { if $0.start == .min { $0.start = facts.time } }
    }

    private mutating func count(_ count: Int, _ key: ObjectKey, _ facts: Facts) {
        begin(key, facts)
        objects.change(key) { $0.count += count }
    }

    private mutating func put(_ handle: Handle, _ facts: Facts) {
        guard !facts.handle.isEmpty else { return }
        _ = handles.put(handle, for: handleName(facts))
    }

    // MARK: Folders

    /// Takes down that something was put into what may be a folder.
    ///
    /// - Returns: what of that folder has thereby been renamed, and has no end to wait for.
    private mutating func noteAddition(_ key: ObjectKey, _ facts: Facts) -> ObjectKey? {
        let place = placeName(facts, key.path)
        _ = additions.put(facts.time, for: place)
        guard let name = removals.remove(place), let handle = handles[name],
            handle.object.session == facts.session,
            Self.folder(of: handle.object.path) == key.path,
            Self.isSoon(facts.time, after: handle.removal)
        else { return nil }
        guard handle.asked == nil else {
            handles.change(name) { $0.isRenaming = true }
            return nil
        }
        handles.change(name) { $0.removal = nil }
        note(facts, handle.object, handle.path)
        return handle.object
    }

    /// Whether an object's folder was just put something into.
    private mutating func isAddition(_ key: ObjectKey, _ facts: Facts) -> Bool {
        let place = placeName(facts, Self.folder(of: key.path))
        return Self.isSoon(facts.time, after: additions.remove(place))
    }

    private static func isSoon(_ time: Int64, after other: Int64?) -> Bool {
        isWithin(togetherNanoseconds, time, after: other)
    }

    private static func isWithin(_ span: Int64, _ time: Int64, after other: Int64?) -> Bool {
        guard let other else { return false }
        let (elapsed, overflow) = time.subtractingReportingOverflow(other)
        return !overflow && (0...span).contains(elapsed)
    }

    /// The path of the folder that an object is in; empty where there is none.
    static func folder(of path: [UInt8]) -> [UInt8] {
        guard let end = path.lastIndex(of: 0x5C) else { return [] }
        return Array(path[..<end])
    }

    /// As paths are compared: ASCII letters small, no backslash at the end.
    static func folded(_ path: [UInt8]) -> [UInt8] {
        var folded = path.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        while folded.last == 0x5C { folded.removeLast() }
        return folded
    }

    // MARK: Names

    private func handleName(_ facts: Facts) -> [UInt8] {
        facts.machine + [0] + facts.process + [0] + facts.handle
    }

    private func placeName(_ facts: Facts, _ folder: [UInt8]) -> [UInt8] {
        facts.session + [0] + facts.process + [0] + folder
    }

    private func folderName(_ machine: [UInt8], _ path: [UInt8], _ kind: Kind) -> [UInt8] {
        machine + [UInt8(kind.rawValue)] + Self.folder(of: path)
    }
}
