import CLinux
import Glibc
import HisuiBytes
import HisuiFile

/// Plays the sources of one zone: sends lines to the daemon's sockets and appends them to the files
/// that it follows, all sources together in order of time.
struct DemoSender {
    private let ports: DemoPorts
    private var connection: Int32 = -1
    private var datagrams: Int32 = -1
    private var files: [Int: any OpenFile] = [:]
    private var pending: [Int: [UInt8]] = [:]
    private var datagramsSent = 0

    /// Bytes collected for a file or connection before they are written.
    private static let pendingBytesMax = 16 << 10
    /// Datagrams between two looks at the receiver's queue: they fit into the smallest buffer.
    private static let datagramsBetweenLooks = 32
    /// How long a daemon may take to empty its queue.
    private static let patienceSeconds = 10.0

    init(ports: DemoPorts) { self.ports = ports }

    /// Sends everything; returns when the last byte is handed to the kernel.
    ///
    /// - Parameter folder: the directory of the zone's log files, which exists.
    mutating func send(
        _ zone: DemoPlan.Zone, _ lines: [[DemoLine]], folder: String
    ) throws(Failure) {
        defer { finish() }
        try open(zone, folder: folder)
        var next = [Int](repeating: 0, count: lines.count)
        while true {
            var earliest: Int?
            for feed in lines.indices where next[feed] < lines[feed].count {
                if let best = earliest, lines[best][next[best]].time <= lines[feed][next[feed]].time
                {
                    continue
                }
                earliest = feed
            }
            guard let feed = earliest else { break }
            try take(lines[feed][next[feed]].bytes, feed, zone.feeds[feed].way)
            next[feed] += 1
        }
        for feed in zone.feeds.indices { try write(feed) }
    }

    private mutating func open(_ zone: DemoPlan.Zone, folder: String) throws(Failure) {
        for (feed, source) in zone.feeds.enumerated() {
            switch source.way {
            case .tcp: connection = try Self.connect(ports.tcp, stream: 1)
            case .udp: datagrams = try Self.connect(ports.udp, stream: 0)
            case .file(let name):
                do throws(FileError) {
                    files[feed] = try RealFileSystem().open(Path.join(folder, name), .create)
                } catch {
                    throw Failure(.refused, "\(error)")
                }
            }
        }
    }

    /// A socket connected to a port of this machine.
    static func connect(_ port: UInt16, stream: Int32) throws(Failure) -> Int32 {
        // Safe: the string lives as long as the call.
        let socket = unsafe hisui_connect_inet("127.0.0.1", port, stream)
        guard socket >= 0 else {
            throw Failure(
                .refused, "cannot connect to 127.0.0.1:\(port): \(systemMessage(-socket))")
        }
        return socket
    }

    private mutating func take(
        _ line: [UInt8], _ feed: Int, _ way: DemoPlan.Way
    ) throws(Failure) {
        if case .udp = way {
            try send(line, to: datagrams)
            datagramsSent += 1
            if datagramsSent % Self.datagramsBetweenLooks == 0 { try waitForEmptyQueue() }
            return
        }
        pending[feed, default: []] += line + [UInt8(ascii: "\n")]
        if pending[feed, default: []].count >= Self.pendingBytesMax { try write(feed) }
    }

    private mutating func write(_ feed: Int) throws(Failure) {
        guard let bytes = pending[feed], !bytes.isEmpty else { return }
        pending[feed] = []
        guard let file = files[feed] else { return try send(bytes, to: connection) }
        do throws(FileError) {
            try file.append(bytes.span)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    private func send(_ bytes: [UInt8], to socket: Int32) throws(Failure) {
        var start = 0
        while start < bytes.count {
            // Safe: the pointer is used inside the closure, within the array's bounds.
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(socket, buffer.baseAddress! + start, bytes.count - start, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw Failure(.refused, "cannot send to the daemon: \(systemMessage(errno))")
            }
            start += count
        }
    }

    /// A datagram for which there is no room is lost, and this is no test of that.
    private func waitForEmptyQueue() throws(Failure) {
        let deadline = monotonicSeconds() + Self.patienceSeconds
        while let waiting = Self.queuedBytes(ports.udp), waiting > 0 {
            guard monotonicSeconds() < deadline else {
                throw Failure(.refused, "the daemon does not read its UDP port \(ports.udp)")
            }
            usleep(500)
        }
    }

    /// Bytes that wait at a UDP port of this machine, as the kernel tells; nil if it is not bound.
    static func queuedBytes(_ port: UInt16) -> Int? {
        var place = String(port, radix: 16, uppercase: true)
        while place.count < 4 { place = "0" + place }
        guard let table = try? RealFileSystem().bytes("/proc/net/udp", from: 0, count: 1 << 20)
        else { return nil }
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 4, words[1].hasSuffix(":" + place),
                let queues = words[4].split(separator: ":").last
            else { continue }
            return Int(queues, radix: 16)
        }
        return nil
    }

    /// Two ports of this machine that nobody listens at.
    static func freePorts() throws(Failure) -> DemoPorts {
        var found: [UInt16] = []
        for stream: Int32 in [1, 0] {
            // Safe: the string lives as long as the call.
            let socket = unsafe hisui_listen_inet("127.0.0.1", 0, stream, 0)
            guard socket >= 0 else {
                throw Failure(.refused, "no free port: \(systemMessage(-socket))")
            }
            found.append(UInt16(truncatingIfNeeded: hisui_bound_port(socket)))
            close(socket)
        }
        return DemoPorts(tcp: found[0], udp: found[1])
    }

    private mutating func finish() {
        for socket in [connection, datagrams] where socket >= 0 { close(socket) }
        for file in files.values { file.close() }
        files.removeAll()
    }
}
