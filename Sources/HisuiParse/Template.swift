import HisuiBytes

/// A rule's `line`: what a message looks like, from its first byte to its last.
///
///     Failed {auth.method:word} for {user.name:user>} from {source.ip:ip}[[ ssh2]]
///     ------- ----------------  ---- --------------- ...                  --------
///     literal capture                right-anchored                       optional part
///
/// Elements are matched from left to right, and each has exactly one way to match where it stands.
/// Nothing that was decided is decided again, but for the end of a right-anchored capture, which is
/// moved to the left a number of times that the template fixes. So the cost of a line is linear.
struct Template: Hashable, Sendable {
    var elements: [Element]

    struct Element: Hashable, Sendable {
        var kind: Kind
        /// Where it begins in the text of the template, in code points from 0: for messages.
        var offset: Int
    }

    enum Kind: Hashable, Sendable {
        /// These bytes.
        case literal([UInt8])
        /// One of these byte strings; the longest that stands there. The empty one stands anywhere.
        case alternatives([[UInt8]])
        case capture(Capture)
        /// Taken when all of it matches where it stands, skipped otherwise.
        case optional([Element])
    }

    /// How deep optional parts stand in one another.
    static let optionalDepthMax = 2

    /// A stretch of the message that varies.
    struct Capture: Hashable, Sendable {
        /// The schema field it becomes; nil for `_`: it varies, and nobody asks for it.
        var field: String?
        /// Its local name, such as `_result`: no field, but what `when` and `cases` ask for.
        var local: String?
        var type: CaptureType
        /// Written `type>`: ends at the last place from which what follows fits, not the first.
        var isRightAnchored = false
        /// Of a `ts`: how the time is written.
        var format: TimeFormat?

        /// What `when` and `cases` call it.
        var name: String? { field ?? local }
    }
}

/// What a capture takes.
enum CaptureType: UInt8, Sendable, CaseIterable {
    /// One or more bytes without blank or tab; ends where the following text first stands.
    case word
    /// Decimal digits, possibly a minus before them.
    case int
    /// Hexadecimal digits, possibly `0x` before them.
    case hex
    /// An IPv4 or IPv6 address, possibly with `%interface`, that no further letter, digit or label
    /// touches: `192.0.2.1.example.org` is not one.
    case ip
    /// 0 to 65535.
    case port
    /// A host name (letters, digits, dot, hyphen, underline) or an address.
    case host
    /// Six pairs of hexadecimal digits with colons or hyphens between them.
    case mac
    /// A slash and what comes after, blanks included; ends where the following text first stands.
    case path
    /// A text in double quotes, in which a backslash takes away the meaning of the next byte.
    case quoted
    /// The name of an account: any bytes, none at all included.
    case user
    /// Any bytes, none at all included; ends where the following text first stands.
    case text
    /// Everything up to the end of the message, nothing at all included.
    case rest
    /// Blanks and tabs, none at all included.
    case blank
    /// A number with or without sign, fraction and exponent; kept as it stands.
    case float
    /// An address, a slash and the length of a network's prefix.
    case cidr
    /// A time written as `Capture.format` says.
    case ts
    /// Names and values up to the end of the message, as `PairText` takes them apart.
    case kv

    var name: String { "\(self)" }

    /// Whether only the text that follows says where it ends, so that what it captured may hold
    /// any byte.
    var isFree: Bool {
        switch self {
        case .path, .user, .text, .rest, .kv: true
        default: false
        }
    }

    /// Whether it takes everything up to the end of the message.
    var isRest: Bool { self == .rest || self == .kv }

    /// Whether it can be written with `>`.
    var canAnchorRight: Bool {
        switch self {
        case .path, .user, .text: true
        default: false
        }
    }

    /// Whether blanks before a message that begins with it are skipped: programs that pad a name
    /// to a width (sudo) put them there.
    var skipsBlanksAtStart: Bool {
        switch self {
        case .text, .rest, .kv, .blank, .quoted, .ts: false
        default: true
        }
    }
}

extension ArraySlice<Template.Element> {
    /// Whether a colon and a number surely follow.
    var beginsPort: Bool {
        guard count > 1, case .literal([0x3A]) = self[startIndex].kind,
            case .capture(let capture) = self[startIndex + 1].kind
        else { return false }
        return capture.type == .port || capture.type == .int
    }
}

extension Template {
    /// Calls `body` for every capture in order.
    func forEachCapture(_ body: (Capture, _ offset: Int) -> Void) {
        Self.forEachCapture(of: elements, body)
    }

    private static func forEachCapture(
        of elements: [Element], _ body: (Capture, _ offset: Int) -> Void
    ) {
        for element in elements {
            switch element.kind {
            case .capture(let capture): body(capture, element.offset)
            case .optional(let inner): forEachCapture(of: inner, body)
            default: break
            }
        }
    }

    /// Whether it ends with names and values.
    var hasPairs: Bool {
        var hasPairs = false
        forEachCapture { capture, _ in if capture.type == .kv { hasPairs = true } }
        return hasPairs
    }

    /// Bytes of text that every message has at least.
    var fixedBytes: Int {
        elements.reduce(0) { sum, element in
            switch element.kind {
            case .literal(let text): sum + text.count
            case .alternatives(let choices): sum + (choices.map(\.count).min() ?? 0)
            case .capture(let capture): sum + (capture.type == .quoted ? 2 : 0)
            case .optional: sum
            }
        }
    }

    /// Whether any literal text must stand in the message.
    var hasLiteralText: Bool {
        elements.contains { element in
            switch element.kind {
            case .literal: true
            case .alternatives(let choices): !choices.contains([])
            case .capture(let capture): capture.type == .quoted
            case .optional: false
            }
        }
    }
}
