import Glibc
import HisuiBytes
public import HisuiEvent
import HisuiFile

/// Who runs this process, as the system says it.
extension Actor {
    /// The daemon.
    public static func daemon() -> Actor {
        var actor = Actor(.daemon)
        actor.takeProcess()
        return actor
    }

    /// The person at the command line.
    ///
    /// Account, login account and process are the kernel's word; the caller of `sudo` and the SSH
    /// client are what the environment says, and a person who means to deceive can change it. The
    /// name is that of `/etc/passwd`; accounts kept elsewhere go by their number.
    public static func current() -> Actor {
        var actor = Actor(.operator)
        actor.takeProcess()
        actor.sudoUser = bounded(environment("SUDO_USER"))
        actor.terminal = bounded(terminalName())
        actor.sshClient = bounded(sshClient())
        return actor
    }

    /// The account by which an act is attributed to a person: that which logged in, which `su` and
    /// `sudo` do not change, and where the machine does not know it, that of the process. Nil if
    /// `/etc/passwd` has no name for it.
    public var account: String? {
        guard let loginUID else { return user }
        return Self.bounded(Self.accountName(loginUID))
    }

    private mutating func takeProcess() {
        let uid = getuid()
        self.uid = uid
        user = Self.bounded(Self.accountName(uid))
        pid = getpid()
        program = Program.version
        let digits = Self.contents("/proc/self/loginuid", 16).prefix { (0x30...0x39).contains($0) }
        // All bits set: nobody logged in, as for a service.
        if let login = UInt32(String(decoding: digits, as: UTF8.self)), login != .max {
            loginUID = login
        }
    }

    /// A text from outside, cut to the bound; nil if there is none.
    private static func bounded(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        return String(decoding: text.utf8.prefix(Limits.actorTextBytesMax), as: UTF8.self)
    }

    private static func contents(_ path: String, _ count: Int) -> [UInt8] {
        // What cannot be read is not known; an act is recorded without it.
        (try? RealFileSystem().bytes(path, from: 0, count: count)) ?? []
    }

    private static func environment(_ name: String) -> String? {
        // Safe: the string is copied before anything can change the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// The name of an account in `/etc/passwd`: `name:password:uid:…`.
    private static func accountName(_ uid: UInt32) -> String? {
        let file = contents("/etc/passwd", Limits.accountFileBytesMax)
        let number = Array(String(uid).utf8)
        for line in file.split(separator: 0x0A) {
            let parts = line.split(separator: 0x3A, maxSplits: 3, omittingEmptySubsequences: false)
            if parts.count == 4, parts[2].elementsEqual(number) {
                return String(decoding: parts[0], as: UTF8.self)
            }
        }
        return nil
    }

    private static func terminalName() -> String? {
        for descriptor: Int32 in [STDIN_FILENO, STDERR_FILENO, STDOUT_FILENO] {
            guard isatty(descriptor) == 1 else { continue }
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            // Safe: the call writes at most the count given, its NUL included.
            guard unsafe ttyname_r(descriptor, &buffer, buffer.count) == 0 else { continue }
            let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return String(decoding: name, as: UTF8.self)
        }
        return nil
    }

    /// The first word of `SSH_CONNECTION` or `SSH_CLIENT`, of this process or, because `sudo` takes
    /// them away, of one that it comes from.
    private static func sshClient() -> String? {
        if let own = environment("SSH_CONNECTION") ?? environment("SSH_CLIENT") {
            return firstWord(Array(own.utf8)[...])
        }
        var process = getppid()
        for _ in 0..<Limits.ancestorsMax where process > 1 {
            let variables = contents("/proc/\(process)/environ", Limits.environmentBytesMax)
            for variable in variables.split(separator: 0) {
                for name in ["SSH_CONNECTION=", "SSH_CLIENT="]
                where variable.starts(with: name.utf8) {
                    return firstWord(variable.dropFirst(name.utf8.count))
                }
            }
            process = parent(of: process)
        }
        return nil
    }

    private static func firstWord(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix { $0 != 0x20 }, as: UTF8.self)
    }

    /// The fourth field of `/proc/<pid>/stat`, behind the program's name in parentheses.
    private static func parent(of process: Int32) -> Int32 {
        let status = contents("/proc/\(process)/stat", 4096)
        guard let end = status.lastIndex(of: UInt8(ascii: ")")) else { return 0 }
        let fields = status[(end + 1)...].split(separator: 0x20)
        guard fields.count > 1 else { return 0 }
        return Int32(String(decoding: fields[1], as: UTF8.self)) ?? 0
    }
}
