import Glibc
import HisuiBytes

/// `histogram(a)`: how many values lie in each bucket of VictoriaMetrics' histograms, as a JSON
/// array of `{"vmrange":"1.000e+00...1.136e+00","hits":5}`.
///
/// Buckets have their upper bound, not their lower one: eighteen to a power of ten from 1e-9 to
/// 1e18, one below and one above. Values that are no numbers, or below 0, are in none.
struct HistogramFunction: StatsFunction {
    let field: String

    var fields: [String] { [field] }

    func print(to out: inout String) {
        out += "histogram("
        Quoting.append(field, to: &out)
        out += ")"
    }

    func accumulator() -> (any StatsAccumulator)? { Accumulator() }

    /// Takes what stands after `histogram`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> HistogramFunction {
        try parser.expect("(")
        let field = try parser.fieldName()
        try parser.expect(")")
        return HistogramFunction(field: field)
    }

    private static let perPower = 18
    private static let leastPower = -9
    private static let powers = 27
    /// Of the bucket above all others; that below them is 0.
    private static let last = perPower * powers + 1

    /// The bucket of a number that is not negative.
    static func bucket(of value: Double) -> Int {
        guard value > bound(0) else { return 0 }
        guard value <= bound(perPower * powers) else { return last }
        var bucket = Int(((log10(value) - Double(leastPower)) * Double(perPower)).rounded(.up))
        // The logarithm may be off by its last bit.
        while bucket > 1, value <= bound(bucket - 1) { bucket -= 1 }
        while bucket < last - 1, value > bound(bucket) { bucket += 1 }
        return max(1, bucket)
    }

    /// The upper bound of a bucket.
    private static func bound(_ bucket: Int) -> Double {
        let power = leastPower + bucket / perPower
        let part = bucket % perPower
        return part == 0
            ? pow(10, Double(power))
            : pow(10, Double(power) + Double(part) / Double(perPower))
    }

    static func appendRange(of bucket: Int, to out: inout [UInt8]) {
        if bucket == 0 { out.append(0x30) } else { appendBound(bucket - 1, to: &out) }
        out.append(utf8: "...")
        if bucket == last { out.append(utf8: "+Inf") } else { appendBound(bucket, to: &out) }
    }

    /// Appends an upper bound with three digits after the point.
    private static func appendBound(_ bucket: Int, to out: inout [UInt8]) {
        let part = Double(bucket % perPower) / Double(perPower)
        let thousandths = Int((pow(10, part) * 1000).rounded())
        let power = leastPower + bucket / perPower
        out.appendDecimal(thousandths / 1000)
        out.append(0x2E)
        out.appendDecimal(thousandths % 1000, width: 3)
        out.append(utf8: power < 0 ? "e-" : "e+")
        out.appendDecimal(abs(power), width: 2)
    }

    private struct Accumulator: StatsAccumulator {
        /// For each group the values of each bucket; empty where there are none.
        private var hits: [[UInt64]] = []

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            for index in own {
                guard let number = Number(values.bytes.span.extracting(values.ranges[index])),
                    number.value >= 0
                else { continue }
                makeRoom(for: group)
                hits[group][HistogramFunction.bucket(of: number.value)] += 1
            }
        }

        private mutating func makeRoom(for group: Int) {
            while hits.count <= group { hits.append([]) }
            if hits[group].isEmpty {
                hits[group] = [UInt64](repeating: 0, count: HistogramFunction.last + 1)
            }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for (number, some) in other.hits.enumerated() where !some.isEmpty {
                makeRoom(for: groups[number])
                for (bucket, count) in some.enumerated() { hits[groups[number]][bucket] += count }
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            out.append(UInt8(ascii: "["))
            var isFirst = true
            for (bucket, count) in (group < hits.count ? hits[group] : []).enumerated()
            where count > 0 {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                out.append(utf8: "{\"vmrange\":\"")
                HistogramFunction.appendRange(of: bucket, to: &out)
                out.append(utf8: "\",\"hits\":")
                out.appendDecimal(count)
                out.append(UInt8(ascii: "}"))
            }
            out.append(UInt8(ascii: "]"))
        }

        var memory: Int { hits.count * (HistogramFunction.last + 8) * 8 }
    }
}
