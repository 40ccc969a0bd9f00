/// Names of the fields that are no fields of a shape.
enum FieldName {
    static let time = "_time"
    static let message = "_msg"
    static let stream = "_stream"
    static let zone = "zone.name"
    static let source = "hisui.source"
    static let storeStream = "zone.stream"
    static let index = "zone.index"
    static let parser = "hisui.parser"
    static let rule = "hisui.rule"
    static let flags = "hisui.flags"
    static let received = "event.created"
    static let sender = "log.source.address"
    /// The process that sent a record through a Unix socket, as the kernel says.
    static let senderPID = "hisui.sender.pid"
    static let senderUID = "hisui.sender.uid"
    static let senderGID = "hisui.sender.gid"
    /// `true` for a record that may have been delivered before.
    static let duplicate = "hisui.duplicate"
    /// `true` for a row that the filter selects, among those around it (`stream_context`).
    static let hit = "hisui.hit"
    /// The number of the stretch of rows one after the other that it stands in.
    static let context = "hisui.context"
    /// The record, byte for byte.
    ///
    /// Shown only where it is asked for by name.
    static let record = "event.original"

    /// The name a field is known by: `message` is LogsQL's `_msg`.
    static func canonical(_ name: String) -> String {
        name.isEmpty || name == "message" ? message : name
    }
}
