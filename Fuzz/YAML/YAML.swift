import HisuiYAML

/// Any bytes as a YAML file: nodes or an error with a place, never a crash.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzYAML(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: the fuzzer gives `count` readable bytes, copied here.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    guard let roots = try? YAMLDocument.parse(input, file: "f") else { return 0 }
    for root in roots { walk(root) }
    return 0
}

/// Touches everything a reader of nodes can ask for.
private func walk(_ node: YAMLNode) {
    precondition(node.line >= 1 && node.column >= 1)
    _ = (node.int, node.double, node.bool, node.isNull, node.string, node.described)
    node.sequence?.forEach(walk)
    for entry in node.mapping ?? [] {
        precondition(entry.key.text != nil)
        walk(entry.value)
    }
}
