/// A fast hash of 64 bits for tables and filters: the same on every run and machine, so it may be
/// stored, and well mixed in all bits, so any of them may be taken.
///
/// It is not cryptographic: who knows it can make collisions, so whatever it finds equal must be
/// compared.
///
/// Words are folded by the full product of two of them (the construction of wyhash).
public enum Hash64 {
    @usableFromInline static let k0: UInt64 = 0xA076_1D64_78BD_642F
    @usableFromInline static let k1: UInt64 = 0xE703_7ED1_A0B4_28DB
    @usableFromInline static let k2: UInt64 = 0x8EBC_6AF0_9C88_C6E3
    @usableFromInline static let k3: UInt64 = 0x5899_65CC_7537_4CC3

    /// The hash of `bytes`, another one for each `seed`.
    ///
    /// - Complexity: O(n).
    public static func of(_ bytes: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        unsafe bytes.withUnsafeBytes { buffer in
            // Safe: the words read lie inside the buffer, by the bounds in `fold`.
            unsafe fold(buffer, seed)
        }
    }

    /// The hash of two hashes or numbers, in this order.
    @inlinable
    public static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        product(product(a ^ k0, b ^ k1) ^ k2, a ^ k3)
    }

    @inlinable
    static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let wide = a.multipliedFullWidth(by: b)
        return wide.high ^ wide.low
    }

    @unsafe
    private static func fold(_ buffer: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
        let count = buffer.count
        func word(_ at: Int) -> UInt64 {
            // Safe: every caller below has 8 bytes at `at`.
            UInt64(littleEndian: unsafe buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        }
        func half(_ at: Int) -> UInt64 {
            // Safe: every caller below has 4 bytes at `at`.
            let half = unsafe buffer.loadUnaligned(fromByteOffset: at, as: UInt32.self)
            return UInt64(UInt32(littleEndian: half))
        }
        var state = seed ^ product(seed ^ k0, k1)
        let a: UInt64
        let b: UInt64
        if count > 16 {
            var at = 0
            if count > 48 {
                var second = state
                var third = state
                while at + 48 < count {
                    state = product(word(at) ^ k1, word(at + 8) ^ state)
                    second = product(word(at + 16) ^ k2, word(at + 24) ^ second)
                    third = product(word(at + 32) ^ k3, word(at + 40) ^ third)
                    at += 48
                }
                state ^= second ^ third
            }
            while at + 16 < count {
                state = product(word(at) ^ k1, word(at + 8) ^ state)
                at += 16
            }
            a = word(count - 16)
            b = word(count - 8)
        } else if count >= 8 {
            a = word(0)
            b = word(count - 8)
        } else if count >= 4 {
            a = half(0)
            b = half(count - 4)
        } else if count > 0 {
            // Safe: `count` is at least 1, and the three places are below it.
            let (first, middle) = unsafe (buffer[0], buffer[count >> 1])
            let last = unsafe buffer[count - 1]
            a = UInt64(first) << 16 | UInt64(middle) << 8 | UInt64(last)
            b = 0
        } else {
            a = 0
            b = 0
        }
        let folded = (a ^ k1).multipliedFullWidth(by: b ^ state)
        return product(folded.low ^ k0 ^ UInt64(count), folded.high ^ k1)
    }
}
