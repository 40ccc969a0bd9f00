import Foundation

/// A real systemd-journald with a `/run` of its own, in a mount namespace. Needs root.
final class RunningJournal {
    let folder: Scratch
    private let process: Child

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
                "mount --bind '\(run)' /run && exec \(try Program.find("systemd-journald"))",
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

    /// Writes numbered lines through the socket that syslog() uses.
    func log(_ tag: String, _ numbers: Range<Int>) throws {
        try Program.shell(
            "seq -f '\(tag) %.0f end' \(numbers.lowerBound) \(numbers.upperBound - 1)"
                + " | logger -u '\(folder.path)/run/systemd/journal/dev-log' -t \(tag)")
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
        process.signal(SIGTERM)
        _ = try? process.wait(seconds: 10)
    }
}
