import HisuiBytes
import Testing

@Suite struct ByteReaderTests {
    @Test func readsWhatWasWritten() throws {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(UInt8(1))
        bytes.appendLittleEndian(UInt16(0x0302))
        bytes.appendLittleEndian(UInt32(0x0706_0504))
        bytes.appendLittleEndian(UInt64(0x0F0E_0D0C_0B0A_0908))
        #expect(bytes == Array(1...15))
        bytes.append(utf8: "翡翠")
        var reader = ByteReader(bytes.span)
        #expect(try reader.u8() == 1)
        #expect(try reader.u16() == 0x0302)
        #expect(try reader.u32() == 0x0706_0504)
        #expect(try reader.u64() == 0x0F0E_0D0C_0B0A_0908)
        #expect(try reader.take(6) == ByteRange(15..<21))
        #expect(reader.remaining == 0)
        #expect(try reader.take(0) == ByteRange(21..<21))
    }

    @Test func varintsRoundTrip() throws {
        var random = Randomness()
        var values: [UInt64] = [0, 1, 127, 128, 16_383, 16_384, .max, .max - 1, 1 << 63]
        for shift: UInt64 in 0..<64 {
            values += [1 << shift, (1 << shift) - 1, random.next() >> shift]
        }
        var bytes: [UInt8] = []
        for value in values {
            bytes.appendVarint(value)
            bytes.appendSignedVarint(Int64(bitPattern: value))
        }
        var reader = ByteReader(bytes.span)
        for value in values {
            #expect(try reader.varint() == value)
            #expect(try reader.signedVarint() == Int64(bitPattern: value))
        }
        #expect(reader.remaining == 0)
    }

    @Test func smallNegativeNumbersAreShort() {
        for (value, expected) in [(0, 0), (-1, 1), (1, 2), (-2, 3), (63, 126), (-64, 127)] {
            var bytes: [UInt8] = []
            bytes.appendSignedVarint(Int64(value))
            #expect(bytes == [UInt8(expected)])
        }
    }

    /// A number has one encoding and 64 bits.
    @Test(arguments: [
        [0x80, 0x00], [0xFF, 0x80, 0x00], [UInt8](repeating: 0xFF, count: 10),
        [UInt8](repeating: 0x80, count: 11), [UInt8](repeating: 0x80, count: 9) + [0x02],
        [0x80], [],
    ])
    func badVarintsAreRefused(bytes: [UInt8]) {
        var reader = ByteReader(bytes.span)
        var failure: ByteReader.Short?
        do { _ = try reader.varint() } catch { failure = error }
        #expect(failure == ByteReader.Short(position: 0, wanted: .varint))
        #expect(reader.position == 0)
    }

    /// What a read of each kind does with `end` bytes: how far it gets, or nil if it is refused.
    private func advance(_ kind: Int, _ end: Int) -> Int? {
        let bytes = [UInt8](repeating: 1, count: 32)
        var reader = ByteReader(bytes.span, 4..<4 + end)
        do {
            switch kind {
            case 1: _ = try reader.u8()
            case 2: _ = try reader.u16()
            case 4: _ = try reader.u32()
            case 8: _ = try reader.u64()
            default: _ = try reader.take(kind)
            }
        } catch {
            return reader.position == 4 && error.position == 4 ? nil : -1
        }
        return reader.position - 4
    }

    @Test func everyShortReadIsRefusedAndMovesNothing() {
        for end in 0..<12 {
            for kind in [1, 2, 4, 8, 9] {
                #expect(advance(kind, end) == (end < kind ? nil : kind))
            }
            #expect(advance(-1, end) == nil)
            #expect(advance(.max, end) == nil)
        }
    }

    @Test func decimals() {
        var random = Randomness()
        var values: [Int64] = [0, 9, 10, 11, 99, 100, -1, -10, .max, .min, .min + 1]
        for _ in 0..<2000 {
            values.append(
                Int64(bitPattern: random.next() >> UInt64.random(in: 0..<64, using: &random)))
        }
        for value in values {
            var bytes: [UInt8] = []
            bytes.appendDecimal(value)
            #expect(bytes.text == String(value))
            #expect(DecimalText.parse(bytes.span, bytes.all) == value)
            let unsigned = UInt64(bitPattern: value)
            bytes = []
            bytes.appendDecimal(unsigned)
            #expect(bytes.text == String(unsigned))
            #expect(DecimalText.parseUnsigned(bytes.span, bytes.all) == unsigned)
        }
        var wide: [UInt8] = []
        wide.appendDecimal(7, width: 3)
        wide.appendDecimal(0, width: 1)
        wide.appendDecimal(2026, width: 4)
        #expect(wide.text == "00702026")
    }

    @Test func everyShortTextAsNumber() {
        withEvery([UInt8]("09-+ x"), upTo: 4) { bytes in
            let text = bytes.text
            let plain = !text.contains("+")
            #expect(DecimalText.parse(bytes.span, bytes.all) == (plain ? Int64(text) : nil))
            let unsigned = plain && !text.contains("-") ? UInt64(text) : nil
            #expect(DecimalText.parseUnsigned(bytes.span, bytes.all) == unsigned)
        }
        for text in [
            "9223372036854775807", "9223372036854775808", "-9223372036854775808",
            "-9223372036854775809", "18446744073709551615", "18446744073709551616",
            "99999999999999999999", "00000000000000000000000000000012", "-0",
            "100000000000000000000000000000000000",
        ] {
            let bytes = [UInt8](text)
            #expect(DecimalText.parse(bytes.span, bytes.all) == Int64(text))
            if text.first != "-" {
                #expect(DecimalText.parseUnsigned(bytes.span, bytes.all) == UInt64(text))
            }
        }
        #expect(DecimalText.parse([UInt8]("a12b").span, 1..<3) == 12)
    }
}
