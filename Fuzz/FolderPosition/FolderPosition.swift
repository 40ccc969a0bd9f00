import HisuiCollect

/// Feeds saved positions of folders: what is read is written back as it was, or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFolderPosition(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    guard let position = FolderPosition(bytes.span) else { return 0 }
    precondition(position.encoded == bytes)
    return 0
}
