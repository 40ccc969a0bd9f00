import Glibc
import HisuiBytes

/// A queue between two threads that holds a bounded weight: the only thing that joins stages.
///
/// A producer that can wait is made to wait when the queue is full, which is how a slow disk stops
/// the reading of a journal, a file or a TCP connection. A producer that must not wait is told that
/// there is no room. An element heavier than the bound is let in when the queue is empty, so that
/// nothing waits for ever.
@safe
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    // Safe: everything below is read and changed only while `mutex` is held.
    /// From `head` on; a place before it is nil, so that nothing is kept which was taken.
    private var elements: [(element: Element, weight: Int)?] = []
    private var head = 0
    private var weight = 0
    private var isClosed = false
    private let weightMax: Int
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let notEmpty: UnsafeMutablePointer<pthread_cond_t>
    private let notFull: UnsafeMutablePointer<pthread_cond_t>

    /// - Parameter weightMax: the bound, in the unit of the weights given to `put`.
    init(weightMax: Int) {
        self.weightMax = weightMax
        unsafe mutex = .allocate(capacity: 1)
        unsafe notEmpty = .allocate(capacity: 1)
        unsafe notFull = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        // Waiting must not depend on the wall clock, which may jump.
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(notEmpty, &attributes)
        unsafe pthread_cond_init(notFull, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(notEmpty)
        unsafe pthread_cond_destroy(notFull)
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
        unsafe notEmpty.deallocate()
        unsafe notFull.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Adds an element, waiting for room. False when the queue is closed; the element is dropped
    /// then, and was never acknowledged to anyone.
    func put(_ element: consuming Element, weight added: Int) -> Bool {
        let element = element
        return locked {
            while !isClosed && weight > 0 && weight + added > weightMax {
                unsafe pthread_cond_wait(notFull, mutex)
            }
            return insert(element, added)
        }
    }

    /// Adds an element if there is room now.
    func offer(_ element: consuming Element, weight added: Int) -> Bool {
        let element = element
        return locked {
            if weight > 0 && weight + added > weightMax { return false }
            return insert(element, added)
        }
    }

    /// Whether nothing more is let in.
    var isEnded: Bool { locked { isClosed } }

    /// Waits until `added` would fit, up to `milliseconds`; or until the queue is closed.
    func waitForRoom(_ added: Int, waitMillis milliseconds: Int) {
        var deadline = Self.deadline(inMillis: milliseconds)
        locked {
            while !isClosed && weight > 0 && weight + added > weightMax {
                if unsafe pthread_cond_timedwait(notFull, mutex, &deadline) == ETIMEDOUT { return }
            }
        }
    }

    private func insert(_ element: Element, _ added: Int) -> Bool {
        if isClosed { return false }
        elements.append((element, added))
        weight += added
        unsafe pthread_cond_signal(notEmpty)
        return true
    }

    /// What `take` found.
    enum Taken {
        case element(Element)
        /// Nothing came within the time.
        case nothing
        /// Closed and empty: nothing will come any more.
        case end
    }

    /// Takes the oldest element, waiting up to `milliseconds` for one (nil: without limit).
    func take(waitMillis milliseconds: Int?) -> Taken {
        let deadline = milliseconds.map(Self.deadline)
        return locked {
            while head == elements.count {
                if isClosed { return .end }
                guard var deadline else {
                    unsafe pthread_cond_wait(notEmpty, mutex)
                    continue
                }
                if unsafe pthread_cond_timedwait(notEmpty, mutex, &deadline) == ETIMEDOUT {
                    if head < elements.count { break }
                    return isClosed ? .end : .nothing
                }
            }
            guard let (element, taken) = elements[head].take() else {
                preconditionFailure("a place from the head on holds an element")
            }
            head += 1
            weight -= taken
            if head == elements.count {
                elements.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64, head * 2 >= elements.count {
                elements.removeFirst(head)
                head = 0
            }
            unsafe pthread_cond_broadcast(notFull)
            return .element(element)
        }
    }

    /// Lets nothing more in and wakes everyone; what is inside can still be taken.
    func close() {
        locked {
            isClosed = true
            unsafe pthread_cond_broadcast(notEmpty)
            unsafe pthread_cond_broadcast(notFull)
        }
    }

    private static func deadline(inMillis milliseconds: Int) -> timespec {
        let micros = SystemClock.monotonicMicroseconds() + milliseconds * 1000
        return timespec(tv_sec: micros / 1_000_000, tv_nsec: micros % 1_000_000 * 1000)
    }
}
