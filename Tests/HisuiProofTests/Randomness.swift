import Glibc

/// Numbers that a seed decides (SplitMix64), so that a failure can be repeated: the seed is printed
/// and `HISUI_SEED` takes it back.
struct Randomness: RandomNumberGenerator {
    private var state: UInt64

    init(_ test: String = #function) {
        var seed = UInt64.random(in: .min ... .max)
        if let text = unsafe getenv("HISUI_SEED") {
            // Safe: the environment is not changed while the tests run.
            seed = UInt64(unsafe String(cString: text)) ?? seed
        }
        print("seed of \(test): \(seed)")
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// Up to `countMax` bytes drawn from `alphabet`, or from all bytes.
    mutating func bytes(_ countMax: Int, of alphabet: [UInt8] = []) -> [UInt8] {
        (0..<Int.random(in: 0...countMax, using: &self)).map { _ in
            alphabet.randomElement(using: &self) ?? UInt8.random(in: 0...255, using: &self)
        }
    }
}

/// Calls `body` with every sequence of up to `countMax` elements of `alphabet`.
func withEvery<T>(_ alphabet: [T], upTo countMax: Int, _ body: ([T]) -> Void) {
    func extend(_ sequence: [T]) {
        body(sequence)
        guard sequence.count < countMax else { return }
        for element in alphabet { extend(sequence + [element]) }
    }
    extend([])
}

extension [UInt8] {
    init(_ text: String) { self = Array(text.utf8) }

    var text: String { String(decoding: self, as: UTF8.self) }
    var all: Range<Int> { 0..<count }
}
