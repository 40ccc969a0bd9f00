/// What can stand in the text of a time, in any of the formats (`TimeFormat`).
///
/// All ways to stand are followed at once, one bit for each place that what was taken of a text so
/// far may end before:
///
///     monthDay   Nov  7 09:00:01
///     date       2025-11-17T09:00:01.123456+09:00    fraction and zone may be missing
///
/// What separates date and time, and the mark before the fraction, may be any byte.
enum TimePlaces {
    /// Whether `text` may be a part of a time; in lower case where case does not matter.
    ///
    /// - Complexity: O(bytes of `text`), and no more than the longest time has.
    static func mayHave(_ text: [UInt8], ignoresCase: Bool) -> Bool {
        guard text.count < TimeFormat.lengthMax else { return false }
        var ofMonthDay: UInt64 = .max
        var ofDate: UInt64 = .max
        for byte in text {
            let monthDay = monthDayAccepting(byte, ignoresCase: ignoresCase)
            ofMonthDay = (ofMonthDay & monthDay) << 1
            ofDate = following(ofDate & dateAccepting(byte, ignoresCase: ignoresCase))
            if ofMonthDay | ofDate == 0 { return false }
        }
        return true
    }

    /// The places of `places`, the first in the lowest bit, that have the byte `kind`.
    private static func places(_ kind: Unicode.Scalar, of places: StaticString) -> UInt64 {
        var bits: UInt64 = 0
        for (place, scalar) in "\(places)".unicodeScalars.enumerated() where scalar == kind {
            bits |= 1 << UInt64(place)
        }
        return bits
    }

    // A, B and C: the letters of a month; 0: a digit; s: a space or a digit; x: any byte; z: Z;
    // +: a sign. Others stand for themselves.
    private static let monthDay: StaticString = "ABC s0 00:00:00"
    private static let date: StaticString = "0000-00-00x00:00:00x0z+00:00"

    private static let monthDayDigits =
        places("0", of: monthDay) | places("s", of: monthDay)
    private static let monthDaySpaces = places(" ", of: monthDay) | places("s", of: monthDay)
    private static let monthDayColons = places(":", of: monthDay)
    private static let dateDigits = places("0", of: date)
    private static let dateColons = places(":", of: date)
    private static let dateMinuses = places("-", of: date) | places("+", of: date)
    private static let datePluses = places("+", of: date)
    private static let dateAny = places("x", of: date)
    private static let dateZ = places("z", of: date)

    private static func monthDayAccepting(_ byte: UInt8, ignoresCase: Bool) -> UInt64 {
        switch byte {
        case 0x30...0x39: return monthDayDigits
        case 0x20: return monthDaySpaces
        case 0x3A: return monthDayColons
        default:
            let small = byte | 0x20
            guard small &- 0x61 <= 25 else { return 0 }
            var accepting: UInt64 = 0
            let isCapital = byte != small
            if isCapital || ignoresCase, "jfmasond".utf8.contains(small) { accepting |= 1 }
            if !isCapital {
                if "aepuco".utf8.contains(small) { accepting |= 2 }
                if "nbrylgptvc".utf8.contains(small) { accepting |= 4 }
            }
            return accepting
        }
    }

    private static func dateAccepting(_ byte: UInt8, ignoresCase: Bool) -> UInt64 {
        switch byte {
        case 0x30...0x39: dateDigits | dateAny
        case 0x2D: dateMinuses | dateAny
        case 0x2B: datePluses | dateAny
        case 0x3A: dateColons | dateAny
        case 0x5A: dateZ | dateAny
        case 0x7A: ignoresCase ? dateZ | dateAny : dateAny
        default: dateAny
        }
    }

    /// Before which places a time may go on behind those that have taken a byte.
    private static func following(_ taken: UInt64) -> UInt64 {
        let next = taken << 1
        var here = next
        // Behind the seconds, before the mark: a zone may follow.
        if next >> 19 & 1 == 1 { here |= 0b11 << 21 }
        // Behind a digit of the fraction: another, or a zone.
        if next >> 21 & 1 == 1 { here |= 0b111 << 20 }
        // The colon of the zone may be missing.
        if next >> 25 & 1 == 1 { here |= 1 << 26 }
        return here
    }
}
