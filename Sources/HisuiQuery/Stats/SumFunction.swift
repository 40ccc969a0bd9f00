import HisuiBytes

/// `sum(a, b)`, `avg(a, b)` and `rate_sum(a, b)`: of all values that are numbers; `NaN` where none
/// is.
struct SumFunction: StatsFunction {
    enum Kind: String, Hashable, Sendable {
        case sum
        case average = "avg"
        case rate = "rate_sum"
    }

    let arguments: FunctionFields
    let kind: Kind

    var fields: [String] { arguments.named }
    var open: OpenFields? { arguments.open }
    var isRate: Bool { kind == .rate }

    func print(to out: inout String) { arguments.printCall(kind.rawValue, to: &out) }

    func accumulator() -> (any StatsAccumulator)? {
        Accumulator(isAverage: kind == .average)
    }

    /// A sum that is exact while whole numbers are added and 64 bits hold it.
    private struct Sum {
        var whole: Int64 = 0
        var real = 0.0
        var isWhole = true
        var count: UInt64 = 0

        mutating func add(_ number: Number) {
            count += 1
            add(whole: number.whole, real: number.value)
        }

        mutating func add(_ other: Sum) {
            count += other.count
            add(whole: other.isWhole ? other.whole : nil, real: other.value)
        }

        private mutating func add(whole more: Int64?, real value: Double) {
            if isWhole, let more {
                let (sum, overflow) = whole.addingReportingOverflow(more)
                if !overflow {
                    whole = sum
                    return
                }
            }
            if isWhole {
                isWhole = false
                real = Double(whole)
            }
            real += value
        }

        var value: Double { isWhole ? Double(whole) : real }
    }

    private struct Accumulator: StatsAccumulator {
        let isAverage: Bool
        var sums: [Sum] = []

        init(isAverage: Bool) {
            self.isAverage = isAverage
        }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            while sums.count <= group { sums.append(Sum()) }
            for index in own {
                if let number = Number(values.bytes.span.extracting(values.ranges[index])) {
                    sums[group].add(number)
                }
            }
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for (number, sum) in other.sums.enumerated() {
                while sums.count <= groups[number] { sums.append(Sum()) }
                sums[groups[number]].add(sum)
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            guard group < sums.count, sums[group].count > 0 else {
                out.append(utf8: "NaN")
                return
            }
            let sum = sums[group]
            if isAverage {
                Number(sum.value / Double(sum.count)).append(to: &out)
            } else if sum.isWhole {
                out.appendDecimal(sum.whole)
            } else {
                Number(sum.real).append(to: &out)
            }
        }

        var memory: Int { sums.count * 32 }
    }
}
