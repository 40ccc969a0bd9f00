import Glibc
import HisuiCollect
import Testing

/// A real systemd-journald in a mount namespace of its own.
///
/// It writes to a directory that is seen from here too. It needs the right to make one (root); a
/// test without it fails and says so.
final class TestJournald {
    let directory = TestDirectory()
    /// Where the journal files are.
    var journal: String { directory.path("journal") }
    private let socket: Int32
    private let pid: Int32

    init() throws {
        for name in ["journal", "sockets", "runtime"] {
            shell("mkdir -p '\(directory.path(name))'")
        }
        directory.append(
            "journald.conf",
            "[Journal]\nStorage=volatile\nReadKMsg=no\nRateLimitIntervalSec=0\nAudit=no\n"
                + "ForwardToSyslog=no\nForwardToKMsg=no\nForwardToConsole=no\nForwardToWall=no\n")
        let root = directory.path
        directory.append(
            "start.sh",
            """
            mount -t tmpfs tmpfs /run &&
            mkdir -p /run/systemd/journal /run/log/journal &&
            mount --bind '\(root)/sockets' /run/systemd/journal &&
            mount --bind '\(root)/journal' /run/log/journal &&
            mount --bind '\(root)/journald.conf' /etc/systemd/journald.conf || exit 1
            /lib/systemd/systemd-journald &
            echo $! > '\(root)/pid'
            wait
            """)
        shell(
            "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; timeout -k 5 600 "
                + "unshare -m sh '\(root)/start.sh' > '\(root)/output' 2>&1 "
                + "< /dev/null &")
        let path = directory.path("sockets/socket")
        for _ in 0..<2000 where unsafe access(path, F_OK) != 0 { usleep(5000) }
        socket = Self.connect(path)
        let text = String(decoding: shell("cat '\(root)/pid'").output, as: UTF8.self)
        pid = Int32(text.filter(\.isNumber)) ?? -1
        guard socket >= 0, pid > 1 else {
            let output = String(decoding: shell("cat '\(root)/output'").output, as: UTF8.self)
            Issue.record("cannot run journald in a mount namespace; run as root: \(output)")
            throw CollectError(.system, operation: "run", place: "systemd-journald")
        }
    }

    deinit {
        if pid > 1 { kill(pid, SIGTERM) }
        if socket >= 0 { close(socket) }
    }

    private static func connect(_ path: String) -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Safe: the path is shorter than the structure's room for it.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (i, byte) in path.utf8.enumerated() { unsafe room[i] = byte }
        }
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(
                    descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status == 0 ? descriptor : -1
    }

    /// Writes an entry in journald's native protocol, waiting while journald is busy.
    func write(_ fields: [(name: String, value: [UInt8])]) {
        var message: [UInt8] = []
        for field in fields {
            message += Array(field.name.utf8) + [0x0a]
            var count = UInt64(field.value.count)
            for _ in 0..<8 {
                message.append(UInt8(truncatingIfNeeded: count))
                count >>= 8
            }
            message += field.value + [0x0a]
        }
        let sent = unsafe send(socket, message, message.count, 0)
        #expect(sent == message.count)
    }

    func write(_ text: String) { write([(name: "MESSAGE", value: Array(text.utf8))]) }

    /// Numbered entries.
    func write(_ range: Range<Int>) { for i in range { write("number \(i)") } }

    func rotate() {
        let before = files().count
        kill(pid, SIGUSR2)
        eventually("the rotation") { files().count > before }
    }

    /// Removes all archived files.
    func vacuum() { shell("journalctl -q --directory='\(journal)' --vacuum-files=1 2>&1") }

    func files() -> [String] {
        String(decoding: shell("find '\(journal)' -name '*.journal'").output, as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    /// What journalctl makes of the journal.
    func export() -> [UInt8] { shell("journalctl -q --directory='\(journal)' -o export").output }

    /// Waits until journald has written an entry.
    func settle(_ text: String) {
        let pattern = "MESSAGE=\(text)"
        eventually("journald to write \(text)") {
            shell("journalctl -q --directory='\(journal)' '\(pattern)' | grep -q .").status == 0
        }
    }
}

extension TestSink {
    /// The numbers of `TestJournald.write(_: Range<Int>)`, in order of arrival.
    var numbers: [Int] {
        texts.compactMap { record in
            record.split(separator: "\n").first { $0.hasPrefix("MESSAGE=number ") }
                .flatMap { Int($0.dropFirst(15)) }
        }
    }

}

/// What `journalctl -o export` prints, taken apart without the code under test.
struct Exported {
    struct Field {
        var name: String
        /// With the line feed.
        var bytes: [UInt8]
    }

    var cursor = ""
    var fields: [Field] = []

    /// The entries of a whole output.
    static func entries(_ bytes: [UInt8]) -> [Exported] {
        var entries: [Exported] = []
        var entry = Exported()
        var at = 0
        while at < bytes.count {
            let start = at
            if bytes[at] == 0x0a {
                entries.append(entry)
                entry = Exported()
                at += 1
                continue
            }
            while bytes[at] != 0x3d && bytes[at] != 0x0a { at += 1 }
            let name = String(decoding: bytes[start..<at], as: UTF8.self)
            if bytes[at] == 0x0a {
                let length = bytes[at + 1..<at + 9].reversed().reduce(0) { $0 << 8 | Int($1) }
                at += 9 + length
            } else {
                while bytes[at] != 0x0a { at += 1 }
            }
            at += 1
            entry.take(Field(name: name, bytes: Array(bytes[start..<at])))
        }
        return entries
    }

    private mutating func take(_ field: Field) {
        if field.name == "__CURSOR" {
            cursor = String(decoding: field.bytes.dropFirst(9).dropLast(), as: UTF8.self)
        } else {
            fields.append(field)
        }
    }

    /// The record that Hisui makes of the entry.
    var record: [UInt8] {
        let parts = cursor.split(separator: ";")
        let number = UInt64(parts[1].dropFirst(2), radix: 16) ?? 0
        var record: [UInt8] = []
        for name in ["__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP"] {
            record += fields.first { $0.name == name }?.bytes ?? []
        }
        record += Array("__SEQNUM=\(number)\n__SEQNUM_ID=\(parts[0].dropFirst(2))\n".utf8)
        record += fields.first { $0.name == "_BOOT_ID" }?.bytes ?? []
        let rest = fields.enumerated().filter {
            !$0.element.name.hasPrefix("__") && $0.element.name != "_BOOT_ID"
        }
        let sorted = rest.sorted {
            let (left, right) = (Array($0.element.name.utf8), Array($1.element.name.utf8))
            return left == right
                ? $0.offset < $1.offset : left.lexicographicallyPrecedes(right)
        }
        return record + sorted.flatMap(\.element.bytes)
    }

    /// A collector's position just after the entry.
    var position: [UInt8] { [1] + Array(cursor.utf8) }
}
