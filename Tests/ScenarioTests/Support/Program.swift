import Foundation

/// A program that was run to its end, and what it said.
struct Finished {
    var status: Int32
    var output: Data
    var errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// Runs programs of this machine.
enum Program {
    /// The `hisui` under test: `HISUI_BINARY`, else the one beside the tests.
    static var hisui: String {
        if let named = ProcessInfo.processInfo.environment["HISUI_BINARY"] { return named }
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return tests.appendingPathComponent("hisui").path
    }

    /// Runs a program to its end.
    ///
    /// - Parameter input: what it reads; without one it reads nothing.
    static func run(
        _ path: String, _ arguments: [String], input: Data? = nil,
        environment: [String: String] = [:], seconds: Double = 60
    ) throws -> Finished {
        // Files and not pipes: nothing waits for a reader, however much is written.
        let folder = try Scratch()
        let outPath = folder.path + "/out"
        let errPath = folder.path + "/err"
        try input?.write(to: URL(fileURLWithPath: folder.path + "/in"))
        let child = try Child(
            try find(path), arguments, input: input == nil ? nil : folder.path + "/in",
            output: outPath, errors: errPath, environment: environment)
        let status = try child.wait(seconds: seconds, ([path] + arguments).joined(separator: " "))
        return Finished(
            status: status, output: try Data(contentsOf: URL(fileURLWithPath: outPath)),
            errors: String(
                decoding: try Data(contentsOf: URL(fileURLWithPath: errPath)), as: UTF8.self))
    }

    static func hisui(_ arguments: String..., input: Data? = nil) throws -> Finished {
        try run(hisui, arguments, input: input)
    }

    /// Runs a shell script that has to succeed.
    @discardableResult
    static func shell(_ script: String) throws -> Finished {
        let finished = try run("/bin/bash", ["-euo", "pipefail", "-c", script])
        guard finished.status == 0 else {
            throw ScenarioError(
                "script ended with \(finished.status): \(script)\n\(finished.errors)")
        }
        return finished
    }

    /// Finds a program as the shell would; says which package has it when it is missing.
    static func find(_ name: String) throws -> String {
        if name.contains("/") { return name }
        for folder in ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/lib/systemd"] {
            let path = folder + "/" + name
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw ScenarioError("'\(name)' is not installed; ops/test installs what the scenarios need")
    }
}

struct ScenarioError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// A folder that goes when nobody needs it any more.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/hisui-scenario.XXXXXX".utf8CString)
        // Safe: mkdtemp replaces the Xs within the terminated array.
        guard unsafe mkdtemp(&template) != nil else { throw ScenarioError("mkdtemp failed") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Waits until `condition` holds, looking often; throws with `what` when it does not in time.
func eventually(
    _ what: String, within seconds: Double = 30, _ condition: () throws -> Bool
) throws {
    let deadline = Date().addingTimeInterval(seconds)
    while try !condition() {
        guard Date() < deadline else {
            throw ScenarioError("did not happen in \(seconds) s: \(what)")
        }
        Thread.sleep(forTimeInterval: 0.05)
    }
}

/// A TCP or UDP port nobody uses now.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // Safe: the kernel reads and writes one sockaddr_in, which lives on this frame.
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            let bound = unsafe bind(descriptor, generic, length)
            return bound == 0 ? unsafe getsockname(descriptor, generic, &length) : bound
        }
    }
    guard status == 0 else { throw ScenarioError("no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
}
