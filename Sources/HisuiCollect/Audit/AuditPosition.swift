import HisuiBytes
import HisuiEvent

/// Until when auditd was listened to, and what the kernel's count of lost records was; the position
/// of an `AuditCollector`.
///
///     version   u8 = 1
///     seen      i64: nanoseconds since 1970; 0: it was never listened to
///     kind      u8: of what is known of the count
///       0         nothing
///       1         u64: hash of the boot's id; u32: the count
///       2         i32: the errno with which the kernel refused to say it
///
/// Integers are little-endian. Anything else is refused as a whole.
package struct AuditPosition: Hashable, Sendable {
    package enum Losses: Hashable, Sendable {
        case unknown
        case counted(boot: UInt64, lost: UInt32)
        case refused(Int32)
    }

    /// `.none`: never.
    var seen = Timestamp.none
    package internal(set) var losses = Losses.unknown

    package init() {}

    package init?(_ bytes: Span<UInt8>) {
        var reader = ByteReader(bytes)
        do throws(ByteReader.Short) {
            guard try reader.u8() == Self.version else { return nil }
            let time = Int64(bitPattern: try reader.u64())
            guard time >= 0 else { return nil }
            seen = time == 0 ? .none : Timestamp(nanoseconds: time)
            switch try reader.u8() {
            case 0: break
            case 1: losses = .counted(boot: try reader.u64(), lost: try reader.u32())
            case 2:
                let error = Int32(bitPattern: try reader.u32())
                guard error > 0 else { return nil }
                losses = .refused(error)
            default: return nil
            }
        } catch {
            return nil
        }
        guard reader.remaining == 0 else { return nil }
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.appendLittleEndian(seen == .none ? 0 : max(0, seen.nanoseconds))
        switch losses {
        case .unknown: bytes.append(0)
        case .counted(let boot, let lost):
            bytes.append(1)
            bytes.appendLittleEndian(boot)
            bytes.appendLittleEndian(lost)
        case .refused(let error):
            bytes.append(2)
            bytes.appendLittleEndian(error)
        }
        return bytes
    }

    /// Goes on by an answer of the kernel.
    ///
    /// What was lost before the first answer of all is nobody's. A count that has fallen was set to
    /// 0, by a start of the machine or by `auditctl --reset-lost`: all of it is new.
    ///
    /// - Parameter boot: hash of the id of the boot that the answer is of.
    /// - Returns: how many records were lost since the answer before.
    package mutating func take(_ answer: AuditStatus.Answer, boot: UInt64) -> UInt32 {
        let before = losses
        switch answer {
        case .refused(let error):
            // What is known stays: the kernel goes on counting, and may answer again.
            if case .counted = before { return 0 }
            losses = .refused(error)
            return 0
        case .status(let status):
            losses = .counted(boot: boot, lost: status.lost)
            guard case .counted(let oldBoot, let old) = before else { return 0 }
            return oldBoot == boot && status.lost >= old ? status.lost - old : status.lost
        }
    }

    private static let version: UInt8 = 1
}
