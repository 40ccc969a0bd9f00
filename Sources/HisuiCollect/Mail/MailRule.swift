public import HisuiBytes

/// What is taken of the messages in a folder, beside the messages themselves.
public struct MailRule: Hashable, Sendable {
    /// Patterns of names of attachments that are tables, such as `*.csv`; case does not count.
    public var attachments: [String]
    /// Encoding of those that name none.
    public var encoding: TextEncoding
    public var table: TableRule

    public init(attachments: [String], encoding: TextEncoding, table: TableRule) {
        self.attachments = attachments
        self.encoding = encoding
        self.table = table
    }

    func isTable(_ attachment: MailMessage.Attachment) -> Bool {
        let name = attachment.name.map(ByteSearch.lowered)
        return attachments.contains { pattern in
            let pattern = pattern.utf8.map(ByteSearch.lowered)
            return Glob.match(pattern.span, name.span)
        }
    }
}
