/// Which process sent a record, as the kernel says it (`SCM_CREDENTIALS`): the sender of records
/// that come through a Unix socket, as text `pid=4242 uid=1000 gid=1000`.
///
/// What the record itself says of its process is a claim; this is not.
public struct SenderCredentials: Hashable, Sendable, CustomStringConvertible {
    public var pid: Int32
    public var uid: UInt32
    public var gid: UInt32

    public init(pid: Int32, uid: UInt32, gid: UInt32) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// Reads what `description` gives; nil for any other text.
    public init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0].hasPrefix("pid="), words[1].hasPrefix("uid="),
            words[2].hasPrefix("gid="), let pid = Int32(words[0].dropFirst(4)),
            let uid = UInt32(words[1].dropFirst(4)), let gid = UInt32(words[2].dropFirst(4))
        else { return nil }
        self.init(pid: pid, uid: uid, gid: gid)
    }

    public var description: String { "pid=\(pid) uid=\(uid) gid=\(gid)" }
}
