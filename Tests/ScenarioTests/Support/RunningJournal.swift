import Foundation

/// A real systemd-journald with a `/run` of its own, in a mount namespace. Needs root.
final class RunningJournal {
    let folder: Scratch
    private let process: Child
    private var namespace: Child?

    /// Where its journal files are, seen from outside.
    var directory: String { folder.path + "/run/log/journal" }

    init() throws {
        guard geteuid() == 0 else {
            throw ScenarioError("a journald of the test's own needs root; run ops/test as root")
        }
        folder = try Scratch()
        let run = folder.path + "/run"
        try FileManager.default.createDirectory(
            atPath: run + "/systemd/journal", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: run + "/log/journal", withIntermediateDirectories: true)
        process = try Child(
            try Program.find("unshare"),
            [
                "-m", "/bin/bash", "-c",
                // The journald of a namespace writes to /var/log/journal, if that is there.
                "mount --bind '\(run)' /run && mount -t tmpfs log /var/log && exec "
                    + (try Program.find("systemd-journald")),
            ],
            errors: folder.path + "/journald.err")
        let socket = run + "/systemd/journal/dev-log"
        try eventually("journald listens: \(try errors())") {
            guard process.isRunning else { throw ScenarioError("journald ended: \(try errors())") }
            return FileManager.default.fileExists(atPath: socket)
        }
    }

    private func errors() throws -> String {
        try String(contentsOfFile: folder.path + "/journald.err", encoding: .utf8)
    }

    var pid: Int32 { process.pid }

    /// Writes numbered lines through the socket that syslog() uses.
    func log(_ tag: String, _ numbers: Range<Int>, namespace: String? = nil) throws {
        let place = "journal" + (namespace.map { "." + $0 } ?? "")
        try Program.shell(
            "seq -f '\(tag) %.0f end' \(numbers.lowerBound) \(numbers.upperBound - 1)"
                + " | logger -u '\(folder.path)/run/systemd/\(place)/dev-log' -t \(tag)")
    }

    /// Starts the journald of a namespace beside it; it ends with this one.
    func startNamespace(_ name: String) throws {
        let journald = try Program.find("systemd-journald")
        namespace = try Child(
            try Program.find("nsenter"),
            [
                "-t", "\(process.pid)", "-m", "/bin/bash", "-c",
                "mkdir -p /run/systemd/journal.\(name) && exec \(journald) \(name)",
            ], errors: folder.path + "/\(name).err")
        let socket = folder.path + "/run/systemd/journal.\(name)/dev-log"
        try eventually("the journald of \(name) listens") {
            FileManager.default.fileExists(atPath: socket)
        }
    }

    /// Runs a command among its files and sockets.
    func inside(_ command: String) throws {
        try Program.shell("nsenter -t \(process.pid) -m \(command)")
    }

    /// Waits until journald has written the last of `log`'s lines.
    func waitFor(_ tag: String, _ number: Int) throws {
        try eventually("journald has written \(tag) \(number)") {
            try Program.shell(
                "journalctl --directory='\(directory)' -o cat -t \(tag) -n 1 2>/dev/null || true"
            ).text.contains("\(tag) \(number) end")
        }
    }

    func rotate() throws {
        let before = try files().count
        process.signal(SIGUSR2)
        try eventually("a journal file was rotated") { try files().count > before }
    }

    /// Removes rotated files, as `journalctl --vacuum-size` does on a full disk.
    func vacuum() throws {
        try Program.shell("journalctl --directory='\(directory)' --vacuum-files=1 >/dev/null 2>&1")
    }

    func files() throws -> [String] {
        try Program.shell("find '\(directory)' -name '*.journal'").lines
    }

    deinit {
        namespace?.signal(SIGTERM)
        _ = try? namespace?.wait(seconds: 10)
        process.signal(SIGTERM)
        _ = try? process.wait(seconds: 10)
    }
}
