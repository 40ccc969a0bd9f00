import Testing

@testable import HisuiBytes

@Suite struct CRC32CTests {
    /// RFC 3720 B.4, and the check value of the catalogues.
    @Test func knownVectors() {
        let cases: [([UInt8], UInt32)] = [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E),
            (Array((0..<32).reversed()), 0x113F_DB5C),
            (
                [
                    0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 4, 0,
                    0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
                ], 0xD996_3A56
            ),
            ([UInt8]("123456789"), 0xE306_9283),
            ([], 0),
        ]
        for (bytes, expected) in cases {
            #expect(CRC32C.of(bytes.span) == expected)
            #expect(CRC32C.portable(bytes.span) == expected)
        }
    }

    @Test func instructionAndTablesAgreeAtEveryLengthAndSeam() {
        var random = Randomness()
        let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        for count in 0...bytes.count {
            let start = count % 9
            let part = bytes.span.extracting(min(start, count)..<count)
            let whole = CRC32C.of(part, seed: 7)
            #expect(whole == CRC32C.portable(part, seed: 7))
            let cut = part.count / 3
            let first = CRC32C.of(part.extracting(0..<cut), seed: 7)
            #expect(CRC32C.of(part.extracting(cut..<part.count), seed: first) == whole)
        }
    }
}

@Suite struct Hash64Tests {
    /// What is stored must not change: these were written down when the function was made.
    @Test func staysTheSame() {
        let lengths = [0, 1, 3, 4, 7, 8, 16, 17, 48, 49, 100, 1000]
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        let hashes = lengths.map { Hash64.of(bytes.span.extracting(0..<$0)) }
        #expect(hashes == Self.recorded)
        #expect(Hash64.mix(1, 2) == Self.recordedMix)
    }

    @Test func everyBitCounts() {
        var random = Randomness()
        for count in [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 64, 97, 200] {
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let before = Hash64.of(bytes.span)
            var flips = 0
            for bit in 0..<count * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8)
                let after = Hash64.of(bytes.span)
                bytes[bit / 8] ^= 1 << (bit % 8)
                #expect(after != before, "bit \(bit) of \(count) bytes")
                flips += (after ^ before).nonzeroBitCount
            }
            // Half of the bits change on average; the deviation of a mean of n is 4 / sqrt(n).
            let mean = Double(flips) / Double(count * 8)
            #expect(mean > 26 && mean < 38, "\(count) bytes: \(mean)")
        }
    }

    static let recorded: [UInt64] = [
        290_873_116_282_709_081, 18_293_321_427_576_844_444, 12_271_655_491_645_402_032,
        11_883_085_581_916_261_671,
        10_512_653_078_553_881_724, 17_369_590_193_338_085_232, 7_190_516_766_891_572_960,
        10_396_640_819_404_160_124,
        4_522_089_241_930_378_199, 3_464_988_544_681_768_254, 16_196_025_762_340_445_097,
        3_878_502_522_070_646_454,
    ]
    static let recordedMix: UInt64 = 4_917_329_362_831_995_467

    @Test func lengthSeedAndOrderCount() {
        let zeros = [UInt8](repeating: 0, count: 200)
        let byLength = Set((0...200).map { Hash64.of(zeros.span.extracting(0..<$0)) })
        #expect(byLength.count == 201)
        let bySeed = Set((0..<1000).map { Hash64.of(zeros.span, seed: $0) })
        #expect(bySeed.count == 1000)
        var pairs = Set<UInt64>()
        for a: UInt64 in 0..<100 { for b: UInt64 in 0..<100 { pairs.insert(Hash64.mix(a, b)) } }
        #expect(pairs.count == 10_000)
    }
}
