import Glibc

/// A lock with a condition to wait for.
@safe
final class Gate: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    init() {
        // Safe: allocated here and owned by this object alone until `deinit`.
        unsafe lock = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        // Safe: nobody holds a reference any more, so nobody waits.
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(lock)
        unsafe changed.deallocate()
        unsafe lock.deallocate()
    }

    /// Runs `body` under the lock and wakes everybody who waits.
    func change<T>(_ body: () -> T) -> T {
        // Safe: both were made in `init` and live as long as this object.
        unsafe pthread_mutex_lock(lock)
        defer {
            unsafe pthread_cond_broadcast(changed)
            unsafe pthread_mutex_unlock(lock)
        }
        return body()
    }

    /// Waits until `body`, run under the lock, gives something.
    func wait<T>(_ body: () -> T?) -> T {
        // Safe: as above.
        unsafe pthread_mutex_lock(lock)
        defer {
            unsafe pthread_cond_broadcast(changed)
            unsafe pthread_mutex_unlock(lock)
        }
        while true {
            if let value = body() { return value }
            unsafe pthread_cond_wait(changed, lock)
        }
    }
}

/// A thread that runs a closure, to be joined once.
@safe
struct WorkerThread {
    private let thread: pthread_t

    /// Nil if the system gives no thread.
    init?(_ body: @escaping @Sendable () -> Void) {
        let box = Box(body)
        var thread = pthread_t()
        let retained = unsafe Unmanaged.passRetained(box)
        // Safe: the reference is taken back by the thread, or below if there is none.
        let failed = unsafe pthread_create(
            &thread, nil,
            { argument in
                // Safe: the box that was retained for this thread.
                let box = unsafe Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
                box.body()
                return nil
            }, retained.toOpaque())
        guard failed == 0 else {
            unsafe retained.release()
            return nil
        }
        self.thread = thread
    }

    func join() {
        _ = pthread_join(thread, nil)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
