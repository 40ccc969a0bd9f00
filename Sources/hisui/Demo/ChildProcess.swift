import Glibc
import Synchronization

/// Another run of this program, started and waited for.
///
/// Belongs to one thread.
final class ChildProcess {
    let pid: pid_t
    private var ended: Int32?

    /// Those that run. They are asked to stop when this program ends, however it does so: where
    /// nobody reads its output any more it ends without going through any `deinit`.
    private static let running = Mutex<Set<pid_t>>([])
    private static let stopsAtExit: Void = {
        atexit {
            ChildProcess.running.withLock { for pid in $0 { kill(pid, SIGTERM) } }
        }
    }()

    /// Where a stream of the child goes.
    enum Target {
        /// Where this program's own goes.
        case inherited
        /// A descriptor of this program.
        case descriptor(Int32)
    }

    /// Starts this program again.
    ///
    /// - Parameter output: where its standard output goes; its standard error goes to `errors`.
    init(
        _ arguments: [String], output: Target = .inherited, errors: Target = .inherited
    ) throws(Failure) {
        // Safe: both structures live on this frame and are destroyed before it ends; the strings
        // are terminated copies that the call reads and that are freed after it.
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (target, stream) in [(output, STDOUT_FILENO), (errors, STDERR_FILENO)] {
            guard case .descriptor(let descriptor) = target else { continue }
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, stream)
        }
        // This program does not listen to SIGPIPE; its children decide for themselves.
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        unsafe sigaddset(&defaults, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var words = unsafe (["hisui"] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var number = pid_t()
        let status = unsafe posix_spawn(
            &number, "/proc/self/exe", &actions, &attributes, &words, environ)
        guard status == 0 else {
            throw Failure(.refused, "cannot start \(arguments): \(systemMessage(status))")
        }
        pid = number
        _ = Self.stopsAtExit
        Self.running.withLock { _ = $0.insert(number) }
    }

    /// Its exit status, 128 and more for a signal; nil while it runs.
    var status: Int32? {
        if let ended { return ended }
        var found: Int32 = 0
        // Safe: the call writes one number.
        guard unsafe waitpid(pid, &found, WNOHANG) == pid else { return nil }
        return note(found)
    }

    /// Waits for its end, and returns its exit status.
    func wait() -> Int32 {
        if let ended { return ended }
        var found: Int32 = 0
        // Safe: the call writes one number.
        while unsafe waitpid(pid, &found, 0) != pid { guard errno == EINTR else { return 127 } }
        return note(found)
    }

    private func note(_ found: Int32) -> Int32 {
        let status = found & 0x7F == 0 ? (found >> 8) & 0xFF : 128 + (found & 0x7F)
        ended = status
        Self.running.withLock { _ = $0.remove(pid) }
        return status
    }

    func signal(_ number: Int32) {
        if status == nil { kill(pid, number) }
    }

    /// Runs this program to its end and returns what it wrote to standard output.
    static func capture(
        _ arguments: [String], errors: Target = .inherited
    ) throws(Failure) -> (status: Int32, output: [UInt8]) {
        var ends: [Int32] = [0, 0]
        // Safe: the call writes two numbers.
        guard unsafe pipe(&ends) == 0 else {
            throw Failure(.refused, "cannot make a pipe: \(systemMessage(errno))")
        }
        defer { close(ends[0]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let child: ChildProcess
        do {
            child = try ChildProcess(arguments, output: .descriptor(ends[1]), errors: errors)
        } catch {
            close(ends[1])
            throw error
        }
        close(ends[1])
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            // Safe: the call writes within the buffer.
            let count = unsafe read(ends[0], &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            output += buffer[..<count]
        }
        return (child.wait(), output)
    }

    /// A daemon does not outlive a demonstration that fails.
    deinit {
        guard status == nil else { return }
        kill(pid, SIGTERM)
        _ = wait()
    }
}
