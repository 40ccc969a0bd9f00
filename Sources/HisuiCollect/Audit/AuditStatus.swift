import CLinux
import Glibc
import HisuiBytes

/// What the kernel's audit says of itself: `struct audit_status` of linux/audit.h.
package struct AuditStatus: Hashable, Sendable {
    /// 0: nothing is audited; 1 it is; 2 it is, and until the machine is started again nobody can
    /// change that.
    package var enabled: UInt32
    /// Records that the kernel had to drop since it was started, or since the count was last set to
    /// 0 (`auditctl --reset-lost`).
    package var lost: UInt32
    /// Records that wait for auditd, and how many may.
    package var backlog: UInt32
    package var backlogLimit: UInt32

    /// What came of a question.
    package enum Answer: Hashable, Sendable {
        case status(AuditStatus)
        /// The kernel, or this system, does not say: an `errno`, such as EPERM without
        /// CAP_AUDIT_CONTROL or in a container.
        case refused(Int32)
    }

    package init(enabled: UInt32, lost: UInt32, backlog: UInt32, backlogLimit: UInt32) {
        self.enabled = enabled
        self.lost = lost
        self.backlog = backlog
        self.backlogLimit = backlogLimit
    }

    /// Reads a message of netlink (RFC 3549 section 2.3.2) that answers AUDIT_GET:
    ///
    ///     length u32, type u16, flags u16, sequence u32, port u32      of the header
    ///     type 1000: mask, enabled, failure, pid, rate limit, backlog limit, lost, backlog u32 …
    ///     type 2:    error i32, 0 or a negative errno …
    ///
    /// Integers are the machine's, which are little-endian on all that Hisui runs on. What newer
    /// kernels add behind is passed over. Anything else is `refused(EBADMSG)`.
    package static func answer(_ message: Span<UInt8>) -> Answer {
        var reader = ByteReader(message)
        do throws(ByteReader.Short) {
            let length = try reader.u32()
            let type = try reader.u16()
            _ = (try reader.u16(), try reader.u64())
            guard length >= headerBytes, length <= message.count else { return .refused(EBADMSG) }
            var body = ByteReader(message, headerBytes..<Int(length))
            switch type {
            case errorType:
                let error = Int32(bitPattern: try body.u32())
                return .refused(error < 0 && error > -4096 ? -error : EBADMSG)
            case statusType:
                var numbers: [UInt32] = []
                for _ in 0..<8 { numbers.append(try body.u32()) }
                return .status(
                    AuditStatus(
                        enabled: numbers[1], lost: numbers[6], backlog: numbers[7],
                        backlogLimit: numbers[5]))
            default: return .refused(EBADMSG)
            }
        } catch {
            return .refused(EBADMSG)
        }
    }

    /// Asks the kernel; blocks for a second at the most.
    package static func ask() -> Answer {
        var message = [UInt8](repeating: 0, count: messageBytesMax)
        // Safe: the array has the capacity that is given.
        let count = unsafe hisui_audit_ask(&message, message.count, 1000)
        guard count >= 0 else { return .refused(-count) }
        return answer(message.span.extracting(0..<Int(count)))
    }

    private static let headerBytes = 16
    private static let errorType: UInt16 = 2
    private static let statusType: UInt16 = 1000
    /// Kernels answer with 60 bytes today; more may be added to the structure.
    private static let messageBytesMax = 4096
}
