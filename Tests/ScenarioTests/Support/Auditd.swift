import Foundation

/// Debian's auditd with its plug-ins `af_unix` and `audisp-syslog`, on records that come over its
/// network port: nothing of the kernel's audit is touched (`local_events = no`).
///
/// It runs in a mount namespace of its own, where `/dev/log` is the socket at which the daemon
/// under test listens. Needs root.
final class Auditd {
    private let folder: Scratch
    private let port: Int
    /// Where plug-ins hand on records, and what auditd writes.
    let socket: String
    let file: String
    private let devLog: String
    private var process: Child?

    /// - Parameters:
    ///   - socket: path at which the plug-in `af_unix` listens.
    ///   - file: path of auditd's own log.
    ///   - devLog: path of the socket that is `/dev/log` for the plug-in `audisp-syslog`.
    init(socket: String, file: String, devLog: String) throws {
        folder = try Scratch()
        port = try freePort()
        self.socket = socket
        self.file = file
        self.devLog = devLog
        let manager = FileManager.default
        try manager.createDirectory(
            atPath: folder.path + "/plugins.d", withIntermediateDirectories: true)
        try manager.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try write(
            "auditd.conf",
            """
            local_events = no
            log_file = \(file)
            log_group = root
            log_format = ENRICHED
            flush = INCREMENTAL_ASYNC
            freq = 50
            max_log_file = 8
            num_logs = 5
            max_log_file_action = ROTATE
            name_format = NONE
            space_left = 75
            space_left_action = SYSLOG
            admin_space_left = 50
            admin_space_left_action = SYSLOG
            disk_full_action = SYSLOG
            disk_error_action = SYSLOG
            tcp_listen_port = \(port)
            use_libwrap = no
            distribute_network = yes
            plugin_dir = \(folder.path)/plugins.d
            """)
        try plugin("af_unix", "builtin_af_unix", "builtin", "0600 \(socket)")
        try plugin("syslog", Program.find("audisp-syslog"), "always", "LOG_INFO")
    }

    private func write(_ name: String, _ text: String) throws {
        let path = folder.path + "/" + name
        try (text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    }

    private func plugin(
        _ name: String, _ path: String, _ type: String, _ arguments: String
    ) throws {
        try write(
            "plugins.d/\(name).conf",
            "active = yes\ndirection = out\npath = \(path)\ntype = \(type)\nargs = \(arguments)\n"
                + "format = string")
    }

    /// Starts it and waits until it listens.
    func start() throws {
        let dev = "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && ln -s '\(devLog)' "
        process = try Child(
            "/usr/bin/unshare",
            [
                "--mount", "/bin/sh", "-c",
                dev + "/dev/log && exec '\(try Program.find("auditd"))' -n -c '\(folder.path)'",
            ], errors: folder.path + "/err")
        try eventually("auditd listens: \(errors)") {
            guard process?.isRunning == true else { throw ScenarioError("it ended: \(errors)") }
            return FileManager.default.fileExists(atPath: socket) && (try? feed([])) != nil
        }
    }

    private var errors: String {
        (try? String(contentsOfFile: folder.path + "/err", encoding: .utf8)) ?? ""
    }

    /// Gives it records, one after another, and waits until it has taken each: audit_rmw messages,
    /// which it acknowledges but for `EOE`, which it does not write.
    func feed(_ records: [String]) throws {
        let input = folder.path + "/feed"
        try Data(records.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: input))
        try Program.shell(
            """
            python3 -c '
            import socket, struct
            s = socket.create_connection(("127.0.0.1", \(port)))
            answers = s.makefile("rb")
            for number, line in enumerate(open("\(input)", "rb")):
                head = struct.pack("<IBBIHI", 0xff0000fe, 0, 0, 0, len(line), number)
                s.sendall(head + line)
                if b"type=EOE" not in line: assert len(answers.read(16)) == 16
            '
            """)
    }

    func stop() {
        process?.signal(SIGTERM)
        _ = try? process?.wait(seconds: 10)
        process = nil
    }

    deinit { stop() }
}
