import HisuiPolicy
import HisuiYAML

/// Any bytes as a recipe: a recipe or reasons with places; what is filled in stands there, and
/// nothing in it steers a terminal.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecipe(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: the fuzzer gives `count` readable bytes, copied here.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    let (recipe, diagnostics) = RecipeReader.read(input, file: "f")
    precondition(diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 })
    precondition((recipe == nil) == !diagnostics.isEmpty)
    guard let recipe else { return 0 }
    precondition(!recipe.ways.isEmpty)
    for way in recipe.ways {
        let pasted = way.paste([.address: "192.0.2.1", .port: "514"])
        precondition(!pasted.contains("{address}") && !pasted.contains("{port}"))
        for text in [pasted, way.place, way.placeJapanese, way.note, way.noteJapanese] {
            precondition(
                text.unicodeScalars.allSatisfy {
                    $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F
                })
        }
    }
    return 0
}
