import CLinux
import Glibc
import HisuiEvent
import Synchronization

/// Numbers of batches that have become durable, on their way from the writer's thread to the
/// listener's: `descriptor` is readable while there are some.
final class StreamReceipts: ReceiptDesk {
    let descriptor: Int32
    private let numbers = Mutex<[UInt64]>([])

    /// - Precondition: the process has a file descriptor left.
    init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(descriptor >= 0, "no file descriptor left for receipts")
    }

    deinit { close(descriptor) }

    func becameDurable(_ number: UInt64) {
        let isFirst = numbers.withLock { numbers in
            numbers.append(number)
            return numbers.count == 1
        }
        if isFirst { eventfd_write(descriptor, 1) }
    }

    /// Takes them, in the order in which they came.
    func take() -> [UInt64] {
        var value: eventfd_t = 0
        // Safe: the call writes one integer.
        unsafe eventfd_read(descriptor, &value)
        return numbers.withLock { numbers in
            defer { numbers.removeAll() }
            return numbers
        }
    }
}
