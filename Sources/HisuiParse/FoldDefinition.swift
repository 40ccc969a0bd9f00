import HisuiBytes
import HisuiShape
import HisuiYAML

/// Which records of a definition tell of operations on objects, and what the events are that they
/// are folded into: `fold`, `events`, and `fold: …` of rules.
///
///     fold:
///       object: [ObjectName, ShareLocalPath+RelativeTargetName]
///       process: ProcessId
///       handle: HandleId
///       access: [AccessMask, AccessList]
///       when: { ObjectType: File }
///       window_seconds: 60
///       kinds: { read: "0x21", write: "0x116", delete: "0x10040", permission: "0xc0000" }
///       fields: { file.path: object, source.ip: address, hisui.joined.count: count }
///     rules:
///       - id: object-access
///         fold: use
///     events:
///       - id: file-read
///         when: { fold: read }
///         set: { event.action: file-access }
struct FoldDefinition: Sendable {
    /// What a record does.
    enum Step: String, CaseIterable, Sendable {
        /// A handle was opened, or refused.
        case open
        /// A right of a handle was used.
        case use
        /// Something was asked for by way of a share, or refused.
        case ask
        case delete
        case permission
        case close
        /// Says where a session comes from, and nothing else.
        case address
    }

    /// What an event tells. Of several that are known at once the last one here is told.
    enum Kind: Int, CaseIterable, Sendable {
        case asked, read, write, create, permission, remove, rename, delete, failed

        var name: String { "\(self)" }
        /// Whether every one is an event, however soon it follows.
        var isSingle: Bool { self != .asked && self != .read && self != .write && self != .failed }
    }

    /// What is known of an event beside its record.
    enum Value: String, CaseIterable, Sendable { case object, address, count, start }

    /// Names that a member may have, best first.
    typealias Names = [String]

    /// The first of which a record has all parts.
    var objects: [[Names]] = []
    var process: Names = []
    var handle: Names = []
    /// Masks or lists of rights; together.
    var access: [Names] = []
    /// What a record that has the member must have there.
    var conditions: [MemberDefinition.Condition] = []
    var windowNanoseconds: Int64 = 60_000_000_000
    var bits = Bits()
    var fields: [(name: String, type: Shape.FieldType, value: Value)] = []
    var events: [Event] = []
    /// Numbers in `events`, by kind.
    var eventOfKind: [Kind: Int] = [:]

    struct Event: Sendable {
        var id: String
        var constants: [Shape.Field]
    }

    /// What rights mean.
    struct Bits: Sendable {
        var read: UInt32 = 0
        var write: UInt32 = 0
        var delete: UInt32 = 0
        var permission: UInt32 = 0

        /// The most that the use of some rights tells; nil: nothing of interest.
        func kind(of access: UInt32) -> Kind? {
            if access & delete != 0 { return .remove }
            if access & permission != 0 { return .permission }
            if access & write != 0 { return .write }
            return access & read != 0 ? .read : nil
        }
    }

    /// Rights as Windows writes them: `0x10000`, `65536`, or `%%4416 %%1537`.
    ///
    /// The codes of lists are numbers of bits: %%4416 and on those of the object's kind, %%1537 and
    /// on those of all kinds.
    static func access(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
        var at = range.lowerBound
        func number(_ base: UInt64) -> UInt64 {
            var value: UInt64 = 0
            while at < range.upperBound, value <= UInt64(UInt32.max) {
                guard let digit = HexText.digit(text[at]), UInt64(digit) < base else { break }
                value = value * base + UInt64(digit)
                at += 1
            }
            return value
        }
        guard ByteSearch.first(of: 0x25, in: text, range) != nil else {
            if range.count > 2, text[at] == 0x30, text[at + 1] | 0x20 == 0x78 {
                at += 2
                return UInt32(truncatingIfNeeded: number(16))
            }
            return UInt32(truncatingIfNeeded: number(10))
        }
        var access: UInt32 = 0
        while let mark = ByteSearch.first(of: 0x25, in: text, at..<range.upperBound) {
            at = mark + 1
            let code = number(10)
            if (4416..<4432).contains(code) { access |= 1 << UInt32(code - 4416) }
            if (1537..<1553).contains(code) { access |= 1 << UInt32(code - 1537 + 16) }
        }
        return access
    }
}
