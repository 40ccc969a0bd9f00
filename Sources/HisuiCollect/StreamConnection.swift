import CLinux
import Glibc
import HisuiEvent

/// One connection of a `StreamReceiver`: its socket, TLS if it has some, and what is to be written.
final class StreamConnection<Session> {
    let descriptor: Int32
    /// Without its certificate until the handshake is done.
    var peer: StreamPeer
    let tls: TLSConnection?
    /// Set when the handshake is done.
    var session: Session?
    /// The source it is counted for, once something has come.
    var source: String?
    var lastRead: Int64
    let began: Int64
    /// What epoll is told to look for; 0: it is not told about this connection.
    var watched: UInt32 = 0
    /// Nothing is read before this time, monotonic milliseconds.
    var pausedUntil: Int64 = 0
    var isStuffed = false
    var closesWhenWritten = false
    var handshakeWantsOutput = false
    private var output: [UInt8] = []
    private var written = 0

    init(descriptor: Int32, peer: StreamPeer, tls: TLSConnection?, now: Int64) {
        self.descriptor = descriptor
        self.peer = peer
        self.tls = tls
        lastRead = now
        began = now
    }

    deinit { Glibc.close(descriptor) }

    /// The events to look for now.
    func interest(now: Int64) -> UInt32 {
        var events: UInt32 = 0
        if pausedUntil <= now, !isStuffed, !closesWhenWritten {
            events |= UInt32(EPOLLIN.rawValue)
        }
        if unsentCount > 0 || handshakeWantsOutput { events |= UInt32(EPOLLOUT.rawValue) }
        return events
    }

    var unsentCount: Int { output.count - written }

    func append(_ bytes: [UInt8]) { output += bytes }

    /// Bytes read, 0 at the end, or a negative errno.
    func read(_ buffer: inout [UInt8]) -> Int {
        if let tls { return tls.read(&buffer) }
        let size = buffer.count
        if var process = peer.process {
            // Safe: as below; and the call writes three integers.
            let count = unsafe hisui_receive_with_process(
                descriptor, &buffer, size, &process.pid, &process.uid, &process.gid)
            peer.process = process
            return Int(count)
        }
        // Safe: the buffer has the size that is given, and is not touched meanwhile.
        let count = unsafe recv(descriptor, &buffer, size, 0)
        return count < 0 ? -Int(errno) : count
    }

    /// Writes what the socket takes.
    ///
    /// - Returns: false if the connection is broken.
    func flush() -> Bool {
        while written < output.count {
            let count = write()
            if count == -Int(EAGAIN) || count == -Int(EINTR) { return true }
            if count <= 0 { return false }
            written += count
        }
        output.removeAll(keepingCapacity: output.capacity <= Self.outputKept)
        written = 0
        return true
    }

    private func write() -> Int {
        if let tls { return tls.write(output, from: written) }
        let start = written
        return unsafe output.withUnsafeBytes { buffer in
            // Safe: `start` is within the array, and is not its end.
            guard let base = buffer.baseAddress else { return 0 }
            let count = unsafe send(
                descriptor, base + start, buffer.count - start, Int32(MSG_NOSIGNAL))
            return count < 0 ? -Int(errno) : count
        }
    }

    /// Room that an idle connection keeps.
    private static var outputKept: Int { 4096 }
}
