import HisuiShape

/// What a pipe that writes fields does where the row has a value, or where it found none.
enum WritingMode: Hashable, Sendable {
    case overwrite
    /// Fields that have a value keep it.
    case keepOriginal
    /// Fields for which nothing was found keep their value.
    case skipEmpty

    func print(to out: inout String) {
        switch self {
        case .overwrite: break
        case .keepOriginal: out += " keep_original_fields"
        case .skipEmpty: out += " skip_empty_results"
        }
    }

    /// Takes the words if they stand here.
    static func parse(_ parser: inout Parser) -> WritingMode {
        if parser.takeKeyword("keep_original_fields") { return .keepOriginal }
        if parser.takeKeyword("skip_empty_results") { return .skipEmpty }
        return .overwrite
    }

    /// What a pipe needs that makes `results` of `sources` in the rows that pass `condition`.
    func needs(
        after: FieldNeeds, results: some Sequence<String>, sources: some Sequence<String>,
        condition: Filter?
    ) -> FieldNeeds {
        var needs = after
        // What is always overwritten nobody has to read.
        if self == .overwrite, condition == nil {
            needs = results.reduce(needs) { $0.removing($1) }
        }
        return needs.adding(sources).adding(condition?.fields ?? [])
    }
}

extension ResultRow {
    /// Sets a field as `mode` says.
    ///
    /// - Throws: `memory` if the row gets longer than `PipeLimits.rowBytesMax`.
    mutating func write(
        _ name: Int32, _ value: [UInt8], _ mode: WritingMode, _ type: Shape.FieldType = .keyword
    ) throws(QueryFailure) {
        switch mode {
        case .keepOriginal where index(ofNumber: name) != nil: return
        case .skipEmpty where value.isEmpty: return
        default: break
        }
        try Self.check(bytes.count + value.count)
        set(name, value, type)
    }

    /// Refuses what would make a row too long: pipes can make much of little.
    static func check(_ count: Int) throws(QueryFailure) {
        guard count <= PipeLimits.rowBytesMax else {
            throw QueryFailure(
                .memory,
                "a pipe makes a row longer than \(PipeLimits.rowBytesMax >> 20) MiB")
        }
    }
}

extension Filter {
    /// Appends ` if (…)`.
    func printCondition(to out: inout String) {
        out += " if ("
        print(to: &out)
        out += ")"
    }
}

extension StageContext {
    /// The number of a field that a row's text names; what such names take is accounted for.
    func number(ofFound name: String) throws(QueryFailure) -> Int32 {
        let known = names.count
        let number = names.number(name)
        if names.count > known { try budget.take(name.utf8.count + 96, for: "names of fields") }
        return number
    }
}
