import HisuiPolicy
import HisuiYAML

/// Any bytes as a configuration: a value or reasons with places, never both, neither or a crash.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConfiguration(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: the fuzzer gives `count` readable bytes, copied here.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    let (configuration, diagnostics) = Configuration.load(input, file: "f")
    precondition((configuration == nil) != diagnostics.isEmpty)
    precondition(diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 })
    if let configuration {
        precondition(configuration.ownZone != nil)
        for source in configuration.sources { _ = configuration.stream(forSource: source.id) }
    }
    return 0
}
