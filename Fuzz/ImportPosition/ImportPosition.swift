import HisuiCollect

/// Feeds the reader of the positions of imports. What is accepted is written again as it was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzImportPosition(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    if let position = ImportPosition(bytes.span) {
        precondition(position.encoded == bytes)
        var files = KnownFiles()
        files.add(position, source: "fuzz")
    }
    return 0
}
