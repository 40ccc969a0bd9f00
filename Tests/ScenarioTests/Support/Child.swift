import Foundation

/// A program that was started: with no signal blocked, and looked at by its number alone.
///
/// Not Foundation's `Process`: that hands its children the blocked signals of the thread that
/// starts them, and now and then waits for ever for one that has ended.
final class Child {
    let pid: pid_t
    private var ended: Int32?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - input: a file that it reads; nil: nothing.
    ///   - output: the file its standard output goes to; nil: nowhere.
    ///   - errors: the file its standard error goes to, which may be the same; nil: nowhere.
    init(
        _ path: String, _ arguments: [String], input: String? = nil, output: String? = nil,
        errors: String? = nil, environment: [String: String] = [:]
    ) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        // Safe: both structures live on this frame and are destroyed before it ends; the strings
        // are terminated copies that the calls read.
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        let write = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output ?? "/dev/null", write, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errors ?? "/dev/null", write, 0o600)
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Safe: the copies made here are freed below, after the call that reads them.
        var argumentList = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        var variableList = unsafe variables.map { unsafe strdup("\($0)=\($1)") } + [nil]
        defer {
            unsafe argumentList.forEach { unsafe free($0) }
            unsafe variableList.forEach { unsafe free($0) }
        }
        var number = pid_t()
        let status = unsafe posix_spawn(
            &number, path, &actions, &attributes, &argumentList, &variableList)
        guard status == 0 else { throw ScenarioError("cannot start \(path): error \(status)") }
        pid = number
    }

    var isRunning: Bool { status == nil }

    /// Its exit status, 128 and more for a signal; nil while it runs.
    var status: Int32? {
        if let ended { return ended }
        var found: Int32 = 0
        // Safe: the call writes one number.
        guard unsafe waitpid(pid, &found, WNOHANG) == pid else { return nil }
        ended = found & 0x7F == 0 ? (found >> 8) & 0xFF : 128 + (found & 0x7F)
        return ended
    }

    func signal(_ number: Int32) {
        if isRunning { kill(pid, number) }
    }

    /// Waits for its end, and returns its exit status.
    @discardableResult
    func wait(seconds: Double = 60, _ what: String = "a program") throws -> Int32 {
        let deadline = Date().addingTimeInterval(seconds)
        while true {
            if let status { return status }
            guard Date() < deadline else {
                throw ScenarioError("\(what) did not end within \(seconds) s")
            }
            usleep(2000)
        }
    }

    deinit {
        guard isRunning else { return }
        kill(pid, SIGKILL)
        var found: Int32 = 0
        // Safe: the call writes one number.
        unsafe waitpid(pid, &found, 0)
    }
}
