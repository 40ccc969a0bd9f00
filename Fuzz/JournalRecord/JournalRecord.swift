import HisuiCollect

/// Feeds the fields of a journal entry, each after a byte with its length.
///
/// Their order makes no difference but among fields of one name, and the room is kept to.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJournalRecord(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    var fields: [[UInt8]] = []
    var at = 1
    while at < bytes.count {
        let end = min(at + 1 + Int(bytes[at]), bytes.count)
        fields.append(Array(bytes[(at + 1)..<end]))
        at = end
    }
    let room = Int(bytes[0]) * 8
    precondition(made(fields, room).record.count <= room)
    let whole = made(fields, 1 << 20)
    if fields.count <= 1024 { precondition(whole.isWhole) }
    var names = Set<ArraySlice<UInt8>>()
    let areUnique = fields.allSatisfy { names.insert($0.prefix { $0 != 0x3D }).inserted }
    if areUnique { precondition(made(fields.reversed(), 1 << 20).record == whole.record) }
    return 0
}

private func made(_ fields: [[UInt8]], _ room: Int) -> (record: [UInt8], isWhole: Bool) {
    var record = JournalRecord()
    record.begin(room: room)
    for field in fields { record.take(field.span) }
    var out: [UInt8] = []
    record.write(to: &out)
    return (out, record.isWhole)
}
