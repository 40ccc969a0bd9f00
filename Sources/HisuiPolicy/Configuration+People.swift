public import HisuiBytes

extension Configuration {
    /// A person who uses Hisui.
    public struct Operator: Hashable, Sendable {
        public var name: String
        /// In Japanese; the same as `name` where none is given.
        public var nameJapanese: String
        /// The login on the machines, by which acts are attributed; unique.
        public var account: String
        public var section: String?
        /// What the person may do, by zone; never empty.
        public var roles: [String: Set<Role>]
        /// Whether one person may both investigate and administrate: then each such act waits for
        /// the superior's confirmation.
        public var isSingle: Bool
    }

    /// What an operator may do in a zone.
    public enum Role: String, Sendable, CaseIterable {
        /// Sees what is masked by policy, masked.
        case viewer
        /// Investigates: searches, handles alerts.
        case analyst
        /// Checks: evidence, acts of the others.
        case auditor
        /// Configures, holds keys, lets go of records.
        case administrator
    }

    /// Whom to tell.
    public struct Contact: Hashable, Sendable {
        public var name: String
        /// In Japanese; the same as `name` where none is given.
        public var nameJapanese: String
        public var section: String?
        /// What the person is there for, in free words.
        public var duty: String?
        public var mail: String?
        public var telephone: String?
    }

    /// When people are at work: what happens outside is remarkable.
    public struct OpeningHours: Hashable, Sendable {
        /// Days of the week, 0 is Sunday.
        public var weekdays: Set<Int> = [1, 2, 3, 4, 5]
        /// Minutes after midnight; less than `closes`.
        public var opens = 8 * 60 + 30
        /// Minutes after midnight, at most 1,440; the first minute that is outside.
        public var closes = 17 * 60 + 15
        /// Days on which nobody works: holidays.
        public var closedDays: Set<Day> = []

        /// 8:30 to 17:15 from Monday to Friday.
        public init() {}

        /// Whether somebody is at work at a time of the organisation's clocks.
        public func contains(_ time: CivilTime) -> Bool {
            let minute = time.hour * 60 + time.minute
            return weekdays.contains(time.weekday) && minute >= opens && minute < closes
                && !closedDays.contains(Day(time))
        }
    }
}

/// A day of the calendar, in no zone in particular.
public struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int

    /// Nil if there is no such day, or its year is not within 1 to 9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= CivilTime.daysInMonth(month, year: year)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day of a valid time.
    public init(_ time: CivilTime) {
        year = time.year
        month = time.month
        day = time.day
    }

    /// The day that `YYYY-MM-DD` spells.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count == 10, bytes[4] == dash, bytes[7] == dash else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            guard bytes[range].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return Int(String(decoding: bytes[range], as: UTF8.self))
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10) else {
            return nil
        }
        self.init(year: year, month: month, day: day)
    }

    /// Midnight at which it begins.
    public var midnight: CivilTime { CivilTime(year: year, month: month, day: day) }

    public static func < (a: Day, b: Day) -> Bool {
        (a.year, a.month, a.day) < (b.year, b.month, b.day)
    }

    public var description: String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
}
