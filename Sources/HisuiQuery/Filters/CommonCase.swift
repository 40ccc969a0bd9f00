import HisuiEvent

/// The ways in which `contains_common_case(…)` and `equals_common_case(…)` write a phrase: as it
/// stands, in capitals, in small letters, and each of its capitals small by itself.
enum CommonCase {
    /// The ways to write a phrase, itself first, none twice; nil if it has too many capitals.
    ///
    /// Bytes that are no text have no case.
    static func variants(of phrase: [UInt8]) -> [[UInt8]]? {
        let text = String(decoding: phrase, as: UTF8.self)
        guard text.utf8.elementsEqual(phrase) else { return [phrase] }
        let scalars = Array(text.unicodeScalars)
        let capitals = scalars.indices.filter { scalars[$0].properties.isUppercase }
        guard capitals.count <= capitalsMax else { return nil }
        var variants = [phrase, Array(text.uppercased().utf8), Array(text.lowercased().utf8)]
        for mask in 0..<1 << capitals.count {
            var variant: [UInt8] = []
            for (index, scalar) in scalars.enumerated() {
                let isSmall = capitals.firstIndex(of: index).map { mask >> $0 & 1 == 1 } ?? false
                variant += isSmall ? scalar.properties.lowercaseMapping.utf8 : String(scalar).utf8
            }
            variants.append(variant)
        }
        var known: Set<[UInt8]> = []
        return variants.filter { known.insert($0).inserted }
    }

    /// Each doubles the number of ways.
    static let capitalsMax = 10

    /// Takes `(phrase, …)`: all ways of all of them.
    static func parse(_ parser: inout Parser) throws(QueryError) -> [[UInt8]] {
        try parser.expect("(")
        let start = parser.current
        var all: [[UInt8]] = []
        for phrase in try parser.valueList() {
            guard let variants = variants(of: phrase) else {
                throw parser.limit("a phrase of more than \(capitalsMax) capitals", at: start)
            }
            all += variants
            guard all.count <= Limits.queryListMax else {
                throw parser.limit("more than \(Limits.queryListMax) ways to write", at: start)
            }
        }
        return all
    }
}
