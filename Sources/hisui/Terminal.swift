import Glibc
import HisuiBytes
import Synchronization

/// Standard output: data only. Collected, and written in large pieces.
final class StandardOutput: Sendable {
    static let shared = StandardOutput()

    private let buffer = Mutex<[UInt8]>([])
    private let atClose = Mutex<(@Sendable () -> Void)?>(nil)

    /// Whether a person looks at it.
    let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Whether what is shown there may have colours: not where `NO_COLOR` says otherwise
    /// (no-color.org).
    let isColoured = isatty(STDOUT_FILENO) == 1 && !wantsNoColour()

    private static func wantsNoColour() -> Bool {
        // Safe: the string is read before anything can change the environment.
        unsafe getenv("NO_COLOR").map { unsafe $0.pointee != 0 } ?? false
    }

    /// Columns of the terminal; nil where nobody can say.
    static func terminalColumns() -> Int? {
        var size = winsize()
        // Safe: the call writes one structure.
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    /// The columns to which a table for a person is cut; nil where nobody looks: nothing is cut.
    var columnsMax: Int? { isTerminal ? Self.terminalColumns() ?? 80 : nil }

    /// Whether some kilobytes can be written now without waiting for a reader.
    static func hasRoom() -> Bool {
        var entry = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        // Safe: the kernel writes one pollfd, which lives on this frame.
        return unsafe poll(&entry, 1, 0) > 0
    }

    func write(_ text: String) { write(text.utf8) }

    func write(_ bytes: some Sequence<UInt8>) {
        buffer.withLock { buffer in
            buffer.append(contentsOf: bytes)
            if buffer.count >= 64 << 10 { flush(&buffer) }
        }
    }

    /// Writes what was collected.
    func flush() {
        buffer.withLock { if !$0.isEmpty { flush(&$0) } }
    }

    /// Ends the program as a write would if the reader has gone away while nothing was written.
    func check() {
        // Nothing is asked for: errors are told always.
        var entry = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        // Safe: the kernel writes one pollfd, which lives on this frame.
        guard unsafe poll(&entry, 1, 0) > 0, entry.revents & Int16(POLLERR) != 0 else { return }
        endAsClosed()
    }

    private func endAsClosed() -> Never {
        atClose.withLock { $0 }?()
        Glibc.exit(0)
    }

    /// What is still to be done when the reader has gone away; must not write to this output.
    func onClosed(_ body: @escaping @Sendable () -> Void) { atClose.withLock { $0 = body } }

    /// A reader that has gone away (`| head`) ends the program quietly; any other failure ends it
    /// with a message, because output that is cut must not look whole.
    private func flush(_ buffer: inout [UInt8]) {
        switch writeAll(buffer, to: STDOUT_FILENO) {
        case 0: break
        case EPIPE: endAsClosed()
        case let code:
            StandardError.write("hisui: cannot write to standard output: \(systemMessage(code))\n")
            Glibc.exit(Failure.Status.refused.rawValue)
        }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Standard error: everything that is said to the operator beside the data.
enum StandardError {
    static let isTerminal = isatty(STDERR_FILENO) == 1

    static func write(_ text: String) {
        _ = writeAll(Array(text.utf8), to: STDERR_FILENO)
    }
}

/// Writes all bytes; returns 0 or the error number.
private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var start = 0
    while start < bytes.count {
        // Safe: the pointer is used inside the closure, within the array's bounds.
        let written = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(descriptor, buffer.baseAddress! + start, bytes.count - start)
        }
        if written < 0 {
            if errno == EINTR { continue }
            if errno == EAGAIN {
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                unsafe Glibc.poll(&poll, 1, -1)
                continue
            }
            return errno
        }
        start += written
    }
    return 0
}

/// The system's words for an error number.
func systemMessage(_ code: Int32) -> String {
    // Safe: the C library returns a string it keeps; it is copied at once.
    unsafe String(cString: strerror(code))
}

/// A line on the terminal that says how far long work has come; nothing when nobody looks.
struct Progress {
    private var lastShown = 0.0
    private let started = monotonicSeconds()

    /// Shows `text()` when work has gone on for a second and the last showing is long ago enough.
    mutating func show(_ text: (_ elapsedSeconds: Double) -> String) {
        guard StandardError.isTerminal else { return }
        let now = monotonicSeconds()
        guard now - started > 1, now - lastShown > 0.2 else { return }
        lastShown = now
        StandardError.write("\r\u{1B}[K" + text(now - started))
    }

    /// Removes the line.
    func clear() {
        if lastShown > 0 { StandardError.write("\r\u{1B}[K") }
    }
}

/// Seconds of a clock that does not jump.
func monotonicSeconds() -> Double { Double(SystemClock.monotonicMicroseconds()) / 1e6 }
