import CLinux
import Glibc

/// A thread of its own for work that blocks: reading sockets, waiting for the disk.
///
/// The pool behind Swift's tasks has as many threads as the machine has processors; a task that
/// waits in a system call would take one of two away. Blocking work therefore runs here, and the
/// task that stands for it in the service group only waits for the end.
enum WorkerThread {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Runs `body` on a new thread and returns when it has returned.
    ///
    /// - Parameter name: shown by `top -H` and debuggers; the kernel keeps 15 bytes.
    static func run(_ name: String, _ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            start(name) {
                body()
                done.resume()
            }
        }
    }

    private static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        // Safe: the retained object is taken over by the new thread, once.
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body)).toOpaque()
        let status = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                unsafe hisui_thread_name(start.name)
                start.body()
                return nil
            }, start)
        unsafe pthread_attr_destroy(&attributes)
        precondition(status == 0, "the system refused a thread: error \(status)")
    }
}
