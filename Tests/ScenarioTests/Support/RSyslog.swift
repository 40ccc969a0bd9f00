import Foundation

/// Debian's rsyslog as a sender: reads a file's lines, sends each by omfwd over TCP.
final class RSyslog {
    private let folder: Scratch
    private var process: Process?

    init(target port: Int) throws {
        folder = try Scratch()
        try """
        global(workDirectory="\(folder.path)")
        module(load="imfile" pollingInterval="1")
        input(type="imfile" file="\(folder.path)/feed.log" tag="feeder" ruleset="out")
        ruleset(name="out" queue.type="LinkedList" queue.size="200000"
                queue.dequeueBatchSize="512") {
          action(type="omfwd" target="127.0.0.1" port="\(port)" protocol="tcp"
                 action.resumeRetryCount="-1" action.resumeInterval="1")
        }
        """.write(toFile: folder.path + "/rsyslog.conf", atomically: true, encoding: .utf8)
        FileManager.default.createFile(atPath: folder.path + "/feed.log", contents: nil)
    }

    func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Program.find("rsyslogd"))
        process.arguments = [
            "-n", "-f", folder.path + "/rsyslog.conf", "-i", folder.path + "/rsyslog.pid",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try Program.newFile(folder.path + "/rsyslog.err")
        try process.run()
        self.process = process
    }

    /// Writes numbered lines into the file rsyslog reads, a thousand at a time.
    func feed(lines: Int) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [
            "-c",
            "for ((i = 0; i < \(lines); i += 1000)); do "
                + "seq -f 'feed %.0f end' $i $((i + 999)); sleep 0.02; done "
                + ">> '\(folder.path)/feed.log'",
        ]
        try process.run()
        return process
    }

    func stop() {
        guard let process, process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    deinit { stop() }
}
