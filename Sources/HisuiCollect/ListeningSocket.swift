import CLinux
import Glibc
import HisuiEvent

/// A bound socket; closed with the object.
///
/// A Unix socket's path is removed then.
final class ListeningSocket: Sendable {
    let descriptor: Int32
    /// As configured, with the port the system chose if 0 was asked for: `127.0.0.1:5514`.
    let place: String
    let port: UInt16
    private let path: String?
    var isUnix: Bool { path != nil }

    /// Binds UDP or TCP (`stream`) at a numeric address; port 0 lets the system choose.
    init(address: String, port: UInt16, stream: Bool) throws(CollectError) {
        let kind = stream ? "TCP" : "UDP"
        let written = address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address
        // Safe (here and below): strings are passed as terminated copies for the call only.
        descriptor = unsafe hisui_listen_inet(address, port, stream ? 1 : 0, 0)
        guard descriptor >= 0 else {
            throw CollectError(
                .cannotListen, operation: "listen on \(kind)", place: "\(written):\(port)",
                errno: -descriptor, hint: Self.hint(-descriptor))
        }
        path = nil
        self.port = UInt16(truncatingIfNeeded: max(0, hisui_bound_port(descriptor)))
        place = "\(written):\(self.port)"
    }

    /// Binds a Unix socket, of datagrams or with connections (`stream`).
    ///
    /// Takes the place of a socket nobody listens on any more, and of nothing else.
    init(path: String, mode: UInt32, stream: Bool) throws(CollectError) {
        let isStream: Int32 = stream ? 1 : 0
        var status = unsafe hisui_listen_unix(path, mode, isStream)
        if status == -EADDRINUSE, Self.isStaleSocket(path) {
            unsafe unlink(path)
            status = unsafe hisui_listen_unix(path, mode, isStream)
        }
        guard status >= 0 else {
            throw CollectError(
                .cannotListen, operation: "listen on Unix socket", place: path, errno: -status,
                hint: Self.hint(-status))
        }
        descriptor = status
        port = 0
        place = path
        self.path = path
    }

    deinit {
        close(descriptor)
        if let path { unsafe unlink(path) }
    }

    private static func isStaleSocket(_ path: String) -> Bool {
        var found = stat()
        // Safe: the call writes one structure, which lives on this frame.
        guard unsafe lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFSOCK else {
            return false
        }
        return unsafe hisui_unix_is_alive(path) == 0
    }

    /// Who has connected through a Unix socket, as the kernel says; nil if it does not.
    static func process(of descriptor: Int32) -> SenderCredentials? {
        var process = SenderCredentials(pid: 0, uid: 0, gid: 0)
        // Safe: the call writes three integers.
        let status = unsafe hisui_peer_process(
            descriptor, &process.pid, &process.uid, &process.gid)
        return status == 0 ? process : nil
    }

    private static func hint(_ errno: Int32) -> String {
        switch errno {
        case EADDRINUSE: "another program listens there; stop it or configure another place"
        case EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE"
        case EADDRNOTAVAIL: "give an IPv4 or IPv6 address of this machine, not a name"
        default: ""
        }
    }
}
