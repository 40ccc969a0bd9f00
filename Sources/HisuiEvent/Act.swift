/// Something Hisui or an operator did: one row of the store's acts (操作記録).
///
/// On disk an act is one JSON object on one line, its names flat and dotted, in the order `time`,
/// `act`, `zone.name`, the actor's, then the act's own; `docs/acts.md` lists them by kind.
public struct Act: Sendable {
    /// What was done. The raw value is stored; never rename.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A daemon began to work on its zone, ended, or took over a changed configuration.
        case start, stop, reload
        case `import`
        /// A file of a folder was taken, or was not.
        case file
        /// A detection found something.
        case finding
        /// Somebody looked at the records.
        case search
        /// A bundle was made.
        case evidence
        /// Records were deleted, and what a retention policy planned or was told.
        case deletion, retention
        /// A key was made, used up or handed over.
        case key
        /// A log became a segment, or segments became one.
        case segment
        /// A verification, or something that it found.
        case integrity
        case setup
        /// The store took nothing for a while; what could not wait was kept elsewhere.
        case spill
        /// A source fell silent, or speaks again.
        case silence
        /// The machine's clock was put, or that of a sender differs from it.
        case clock
        /// The share of a source's records that parser rules know fell, or rose again.
        case coverage
    }

    /// What a field of an act can be.
    public enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int64)
        case boolean(Bool)
        /// At most `Limits.actListMax` texts.
        case list([String])
    }

    public typealias Field = (name: String, value: Value)

    public var kind: Kind
    public var time: Timestamp
    /// The zone it was about; nil if it was about the whole store.
    public var zone: String?
    public var actor: Actor
    /// The act's own fields, in order; no name twice, and none of those in `ownNames`.
    public var fields: [Field]

    public init(
        _ kind: Kind, time: Timestamp, zone: String? = nil, actor: Actor, fields: [Field] = []
    ) {
        self.kind = kind
        self.time = time
        self.zone = zone
        self.actor = actor
        self.fields = fields
    }

    /// The source of all acts.
    public static let source = Source(id: "hisui:acts", kind: .acts, form: .json)

    /// The value of one of the act's own fields.
    /// - Complexity: O(fields).
    public subscript(_ name: String) -> Value? { fields.first { $0.name == name }?.value }

    /// A field that is one text.
    public func text(_ name: String) -> String? {
        guard case .text(let text)? = self[name] else { return nil }
        return text
    }

    /// A field that is an integer.
    public func integer(_ name: String) -> Int64? {
        guard case .integer(let integer)? = self[name] else { return nil }
        return integer
    }

    /// A field that is a list; a single text is a list of one.
    public func list(_ name: String) -> [String]? {
        switch self[name] {
        case .list(let list)?: list
        case .text(let text)?: [text]
        default: nil
        }
    }
}

extension Act: Hashable {
    public static func == (a: Act, b: Act) -> Bool {
        a.kind == b.kind && a.time == b.time && a.zone == b.zone && a.actor == b.actor
            && a.fields.elementsEqual(b.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(time)
        hasher.combine(zone)
        for field in fields { hasher.combine(field.name) }
    }
}

/// Who acted, as the system says it; every text comes from outside, and is escaped where it is
/// shown.
public struct Actor: Hashable, Sendable {
    /// The raw value is stored; never rename.
    public enum Kind: String, Hashable, Sendable {
        case daemon
        /// A person, or what a person set going: the command line.
        case `operator`
    }

    public var kind: Kind
    /// The account's name, by its uid.
    public var user: String?
    public var uid: UInt32?
    /// The uid that logged in, which `su` and `sudo` do not change (`/proc/self/loginuid`).
    public var loginUID: UInt32?
    /// Who called `sudo` (`SUDO_USER`); what the environment says, so no proof.
    public var sudoUser: String?
    public var terminal: String?
    /// The address of the SSH client (`SSH_CONNECTION`, `SSH_CLIENT`); likewise.
    public var sshClient: String?
    public var pid: Int32?
    /// Program and version, e.g. `hisui 0.1.0`.
    public var program: String?

    public init(
        _ kind: Kind, user: String? = nil, uid: UInt32? = nil, loginUID: UInt32? = nil,
        sudoUser: String? = nil, terminal: String? = nil, sshClient: String? = nil,
        pid: Int32? = nil, program: String? = nil
    ) {
        self.kind = kind
        self.user = user
        self.uid = uid
        self.loginUID = loginUID
        self.sudoUser = sudoUser
        self.terminal = terminal
        self.sshClient = sshClient
        self.pid = pid
        self.program = program
    }
}
