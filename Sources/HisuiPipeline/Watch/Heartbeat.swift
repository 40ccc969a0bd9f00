public import HisuiEvent
public import HisuiFile
public import HisuiParse
import HisuiStore

/// What the daemon of a zone says of itself every few seconds: `<store>/state/<zone>.heartbeat`.
///
///     heartbeat 1
///     time 2026-11-27T01:02:03.000000000Z      when it was written
///     state running                            or stopped: the last one, after an orderly end
///     zone lgwan
///     program hisui 0.1.0
///     pid 4711
///     boot 6f2c…                               the kernel's id of this run of the machine
///     elapsed 86400000                         milliseconds since its start
///     started 2026-11-26T00:00:00.000000000Z   when the daemon began
///     interval 10                              seconds until the next one
///     stored 123456                            records since then
///     sources 12                               under watch
///     silent 1                                 of them, now
///     waiting 0                                records in the spill ring, now
///     dropped 0                                records dropped there since the daemon began
///     unjoined 0                               events of several records without a row
///     unfolded 0                               operations on files that were not told
///     unpaired 0                               records whose pairs stayed text
///
/// Lines end with a line feed; a reader passes over names it does not know. Written whole, under
/// another name first; and only while the writer turns, so that a file that grows old means a
/// daemon that does not work, whatever its process does.
public struct Heartbeat: Hashable, Sendable {
    public enum State: String, Sendable {
        case running, stopped
    }

    public var time: Timestamp
    public var state: State
    public var zone: String
    public var program: String
    public var pid: Int32
    public var bootID: String
    public var elapsed: Int64
    public var started: Timestamp
    public var intervalSeconds: Int
    public var stored: UInt64 = 0
    public var sources = 0
    public var silent = 0
    public var waiting: UInt64 = 0
    public var dropped: UInt64 = 0
    /// What the parser did not say of records since the daemon began.
    public var losses = ParseLosses()

    var text: String {
        let lines: [(String, String)] = [
            ("heartbeat", "1"), ("time", time.utcText), ("state", state.rawValue), ("zone", zone),
            ("program", program), ("pid", "\(pid)"), ("boot", bootID), ("elapsed", "\(elapsed)"),
            ("started", started.utcText), ("interval", "\(intervalSeconds)"),
            ("stored", "\(stored)"), ("sources", "\(sources)"), ("silent", "\(silent)"),
            ("waiting", "\(waiting)"), ("dropped", "\(dropped)"),
            ("unjoined", "\(losses.unjoined)"), ("unfolded", "\(losses.unfolded)"),
            ("unpaired", "\(losses.unpaired)"),
        ]
        return lines.map { "\($0) \($1)\n" }.joined()
    }

    init(
        time: Timestamp, state: State, zone: String, program: String, pid: Int32, bootID: String,
        elapsed: Int64, started: Timestamp, intervalSeconds: Int
    ) {
        self.time = time
        self.state = state
        self.zone = zone
        self.program = program
        self.pid = pid
        self.bootID = bootID
        self.elapsed = elapsed
        self.started = started
        self.intervalSeconds = intervalSeconds
    }

    /// Nil for anything that is no heartbeat of this version.
    init?(_ text: String) {
        var values: [String: String] = [:]
        guard text.hasSuffix("\n") else { return nil }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            guard let space = line.firstIndex(of: " ") else { return nil }
            let value = String(line[line.index(after: space)...])
            guard values.updateValue(value, forKey: String(line[..<space])) == nil else {
                return nil
            }
        }
        guard values["heartbeat"] == "1",
            let time = values["time"].flatMap(Timestamp.init(rfc3339:)),
            let state = values["state"].flatMap(State.init), let zone = values["zone"],
            let program = values["program"], let pid = values["pid"].flatMap({ Int32($0) }),
            let bootID = values["boot"], let elapsed = values["elapsed"].flatMap({ Int64($0) }),
            let started = values["started"].flatMap(Timestamp.init(rfc3339:)),
            let interval = values["interval"].flatMap({ Int($0) }), (1...3600).contains(interval),
            let stored = values["stored"].flatMap({ UInt64($0) }),
            let sources = values["sources"].flatMap({ Int($0) }),
            let silent = values["silent"].flatMap({ Int($0) }),
            let waiting = UInt64(values["waiting"] ?? "0"),
            let dropped = UInt64(values["dropped"] ?? "0"),
            let unjoined = UInt64(values["unjoined"] ?? "0"),
            let unfolded = UInt64(values["unfolded"] ?? "0"),
            let unpaired = UInt64(values["unpaired"] ?? "0")
        else { return nil }
        self.init(
            time: time, state: state, zone: zone, program: program, pid: pid, bootID: bootID,
            elapsed: elapsed, started: started, intervalSeconds: interval)
        self.stored = stored
        self.sources = sources
        self.silent = silent
        self.waiting = waiting
        self.dropped = dropped
        losses = ParseLosses(unjoined: unjoined, unfolded: unfolded, unpaired: unpaired)
    }

    /// The last heartbeat of a zone; nil if there is none, or none that can be read.
    public static func read(
        _ fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String
    ) -> Heartbeat? {
        let path = Filenames.heartbeat(store: store, zone: zone)
        guard
            let bytes = try? fileSystem.bytes(path, from: 0, count: Limits.heartbeatBytesMax)
        else { return nil }
        return Heartbeat(String(decoding: bytes, as: UTF8.self))
    }

    /// The last heartbeats of all zones that ever had a daemon, by zone.
    public static func all(
        _ fileSystem: any FileSystem = RealFileSystem(), store: String
    ) -> [Heartbeat] {
        let names = (try? fileSystem.list(Path.join(store, Filenames.state))) ?? []
        return names.compactMap(Filenames.heartbeatZone)
            .compactMap { read(fileSystem, store: store, zone: $0) }
    }

    func write(_ fileSystem: any FileSystem, store: String) throws(FileError) {
        let path = Filenames.heartbeat(store: store, zone: zone)
        try fileSystem.createDirectory(Path.parent(of: path))
        try fileSystem.writeDurably(Array(text.utf8), to: path)
    }
}

/// How the daemon before this one ended. The raw value is stored in acts; never rename.
enum PreviousEnd: String, Hashable, Sendable {
    /// There was none, or it left no sign.
    case unknown
    /// In an orderly way.
    case stopped
    /// It was killed, or broke off, while the machine went on.
    case killed
    /// The machine went down with it: loss of power, a crash, a restart without a stop.
    case machineWentDown = "machine-went-down"

    /// - Parameter bootID: the kernel's id of the machine's run now.
    init(_ last: Heartbeat?, bootID: String) {
        switch last {
        case nil: self = .unknown
        case let last? where last.state == .stopped: self = .stopped
        case let last?: self = last.bootID == bootID ? .killed : .machineWentDown
        }
    }
}
