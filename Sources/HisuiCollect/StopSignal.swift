import CLinux
import Glibc
public import HisuiEvent
import Synchronization

/// Tells threads that block in system calls to come to an end: raised once, never lowered.
///
/// A collector waits for its sockets and for `descriptor` in the same `poll` or `epoll_wait`;
/// between two system calls it looks at `isRaised`. Raising is safe from any thread, as often as
/// one likes. The descriptor is closed with the object.
public final class StopSignal: Sendable {
    /// An eventfd, readable from the moment the signal is raised, for ever.
    ///
    /// Nobody reads it.
    public let descriptor: Int32
    private let raised = Atomic<Bool>(false)

    /// - Precondition: the process has a file descriptor left.
    public init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(descriptor >= 0, "no file descriptor left for a stop signal")
    }

    deinit { close(descriptor) }

    public var isRaised: Bool { raised.load(ordering: .acquiring) }

    public func raise() {
        guard !raised.exchange(true, ordering: .acquiringAndReleasing) else { return }
        eventfd_write(descriptor, 1)
    }

    /// Sleeps until the signal is raised or the time is over.
    ///
    /// - Returns: whether the signal is raised.
    @discardableResult
    public func wait(milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Safe: the kernel writes one pollfd, which lives on this frame.
        unsafe poll(&entry, 1, milliseconds)
        return isRaised
    }
}

/// Whoever waits for a batch to become durable may wait for a signal.
extension StopSignal: ReceiptDesk {
    public func becameDurable(_ number: UInt64) { raise() }
}
