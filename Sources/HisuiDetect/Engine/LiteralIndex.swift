import CHisui
import HisuiBytes

/// Which triggers of one field a value meets, however many there are: one pass over the value.
///
/// A text sought inside a value is known by four of its bytes (two, if it is shorter), those that
/// are seldom; the value is gone through for all of them at once, and where one is met the whole
/// text is compared. A text that the value must be, or begin or end with, is looked up by a hash.
struct LiteralIndex {
    /// A trigger that was met.
    struct Hit {
        var test: Int
        /// Whether the test holds with it; if not, it must be asked.
        var isEnough: Bool
    }

    private struct Entry {
        /// Where its text is in `texts`.
        var first: Int
        var count: Int
        /// Where in the text its gram stands.
        var at: Int
        var test: Int
        var isCased: Bool
        var isEnough: Bool
    }

    private let texts: [UInt8]
    private let entries: [Entry]
    private let tables: Tables
    private let beyondASCII: [Hit]

    private struct Tables {
        var whole = Buckets()
        /// By how many bytes at the start, or at the end, are looked up; longest first.
        var starts: [(width: Int, buckets: Buckets)] = []
        var ends: [(width: Int, buckets: Buckets)] = []
        var fours = Grams()
        var twos = Grams()
    }

    private static let widths = [16, 8, 4, 2, 1]

    init(_ triggers: [(test: Int, trigger: Trigger)]) {
        var grouped: [Key: [Entry]] = [:]
        var texts: [UInt8] = []
        var beyondASCII: [Hit] = []
        let common = GramCounts(triggers.lazy.map(\.trigger))
        for (test, trigger) in triggers {
            var entry = Entry(
                first: texts.count, count: trigger.text.count, at: 0, test: test,
                isCased: trigger.isCased, isEnough: trigger.isEnough)
            let folded = trigger.text.map(ByteSearch.lowered)
            let key: Key
            switch trigger.place {
            case .beyondASCII:
                beyondASCII.append(Hit(test: test, isEnough: trigger.isEnough))
                continue
            case .whole:
                key = Key(table: .whole, width: 0, value: Hash64.of(folded.span))
            case .start:
                let width = Self.width(folded.count)
                key = Key(
                    table: .start, width: width,
                    value: Hash64.of(folded.span.extracting(..<width)))
            case .end:
                let width = Self.width(folded.count)
                key = Key(
                    table: .end, width: width,
                    value: Hash64.of(folded.span.extracting((folded.count - width)...)))
            case .inside:
                let (gram, at, width) = common.rarest(of: folded)
                entry.at = at
                key = Key(table: .inside, width: width, value: UInt64(gram))
            }
            texts += trigger.isCased ? trigger.text : folded
            grouped[key, default: []].append(entry)
        }
        (entries, tables) = Self.placed(grouped)
        self.texts = texts
        self.beyondASCII = beyondASCII
    }

    private struct Key: Hashable {
        enum Table { case whole, start, end, inside }
        var table: Table
        var width: Int
        var value: UInt64
    }

    private static func width(_ count: Int) -> Int {
        widths.first { $0 <= count } ?? 1
    }

    /// Puts entries of one key side by side, and the keys into their tables.
    private static func placed(_ grouped: [Key: [Entry]]) -> ([Entry], Tables) {
        var entries: [Entry] = []
        var keys: [Key: [(UInt64, Range<Int>)]] = [:]
        for (key, list) in grouped {
            let first = entries.count
            entries += list
            keys[Key(table: key.table, width: key.width, value: 0), default: []]
                .append((key.value, first..<entries.count))
        }
        var tables = Tables()
        for (table, keys) in keys {
            switch table.table {
            case .whole: tables.whole = Buckets(keys)
            case .start: tables.starts.append((table.width, Buckets(keys)))
            case .end: tables.ends.append((table.width, Buckets(keys)))
            case .inside where table.width == 4: tables.fours = Grams(keys)
            case .inside: tables.twos = Grams(keys)
            }
        }
        tables.starts.sort { $0.width > $1.width }
        tables.ends.sort { $0.width > $1.width }
        return (entries, tables)
    }

    /// Appends the triggers that a value meets; some may come more than once.
    ///
    /// - Parameter folded: the value in lower case.
    /// - Complexity: O(bytes), but for what is compared where grams are met.
    func meet(_ value: Span<UInt8>, folded: Span<UInt8>, into hits: inout [Hit]) {
        if !tables.whole.isEmpty, let range = tables.whole[Hash64.of(folded)] {
            for number in range where entries[number].count == value.count {
                compare(number, at: 0, value, folded, &hits)
            }
        }
        for (width, buckets) in tables.starts where width <= value.count {
            guard let range = buckets[Hash64.of(folded.extracting(..<width))] else { continue }
            for number in range { compare(number, at: 0, value, folded, &hits) }
        }
        for (width, buckets) in tables.ends where width <= value.count {
            let end = folded.extracting((value.count - width)...)
            guard let range = buckets[Hash64.of(end)] else { continue }
            for number in range {
                compare(number, at: value.count - entries[number].count, value, folded, &hits)
            }
        }
        if !tables.fours.isEmpty { meetGrams(tables.fours, 4, value, folded, &hits) }
        if !tables.twos.isEmpty { meetGrams(tables.twos, 2, value, folded, &hits) }
        if !beyondASCII.isEmpty, !value.isASCII { hits += beyondASCII }
    }

    private func meetGrams(
        _ grams: Grams, _ width: Int, _ value: Span<UInt8>, _ folded: Span<UInt8>,
        _ hits: inout [Hit]
    ) {
        var from = 0
        while from + width <= folded.count {
            grams.forEachPlace(in: folded, width, from: &from) { place, gram in
                guard let range = grams.buckets[UInt64(gram)] else { return }
                for number in range {
                    compare(number, at: place - entries[number].at, value, folded, &hits)
                }
            }
        }
    }

    /// Notes the trigger if its text stands at `place`.
    @inline(__always)
    private func compare(
        _ number: Int, at place: Int, _ value: Span<UInt8>, _ folded: Span<UInt8>,
        _ hits: inout [Hit]
    ) {
        let entry = entries[number]
        guard place >= 0, place + entry.count <= value.count else { return }
        let part = (entry.isCased ? value : folded).extracting(place..<place + entry.count)
        let isThere = ByteSearch.equal(
            texts.span, entry.first..<entry.first + entry.count, part)
        if isThere { hits.append(Hit(test: entry.test, isEnough: entry.isEnough)) }
    }
}

extension Span<UInt8> {
    /// Whether all bytes are below 0x80.
    fileprivate var isASCII: Bool {
        for index in 0..<count where self[index] >= 0x80 { return false }
        return true
    }
}
