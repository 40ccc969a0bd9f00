import Foundation

/// Debian's rsyslog as a sender: reads a file's lines, and sends each as it is told.
final class RSyslog {
    private let folder: Scratch
    private var process: Child?

    /// Sends by omfwd over TCP, line by line.
    convenience init(target port: Int) throws {
        try self.init(action: #"type="omfwd" target="127.0.0.1" port="\#(port)" protocol="tcp""#)
    }

    /// - Parameters:
    ///   - action: how it sends; retrying for ever is added.
    ///   - preamble: what comes before it in the configuration: modules, global settings.
    init(action: String, preamble: String = "") throws {
        folder = try Scratch()
        try """
        global(workDirectory="\(folder.path)")
        \(preamble)
        module(load="imfile" pollingInterval="1")
        input(type="imfile" file="\(folder.path)/feed.log" tag="feeder" ruleset="out")
        ruleset(name="out" queue.type="LinkedList" queue.size="200000"
                queue.dequeueBatchSize="512") {
          action(\(action)
                 action.resumeRetryCount="-1" action.resumeInterval="1")
        }
        """.write(toFile: folder.path + "/rsyslog.conf", atomically: true, encoding: .utf8)
        try Data().write(to: URL(fileURLWithPath: folder.path + "/feed.log"))
    }

    func start() throws {
        process = try Child(
            try Program.find("rsyslogd"),
            ["-n", "-f", folder.path + "/rsyslog.conf", "-i", folder.path + "/rsyslog.pid"],
            errors: folder.path + "/rsyslog.err")
    }

    /// Writes numbered lines into the file rsyslog reads, a thousand at a time.
    func feed(lines: Int) throws -> Child {
        try Child(
            "/bin/bash",
            [
                "-c",
                "for ((i = 0; i < \(lines); i += 1000)); do "
                    + "seq -f 'feed %.0f end' $i $((i + 999)); sleep 0.02; done "
                    + ">> '\(folder.path)/feed.log'",
            ])
    }

    func stop() {
        process?.signal(SIGTERM)
        _ = try? process?.wait(seconds: 10)
        process = nil
    }

    deinit { stop() }
}
