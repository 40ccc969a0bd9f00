import HisuiBytes
import HisuiShape

/// A way of reading named values, and what is asked of them.
struct FormatChoice: Sendable {
    var format: NamedFormat
    /// Definitions whose rules may know them: numbers in `DefinitionSet.memberDefinitions`.
    var definitions: [Int]
    /// Members that hold the time, best first; several are joined.
    var times: [[String]] = []
    /// Which messages are tried.
    var gate = FormatGate()
    /// What the values must be, by column, for lines that do not name them.
    var columnConditions: [(column: Int, values: ValueTable)] = []
}

/// Which messages may be in a format that does not say what it is: `match` of a definition.
///
/// Both must hold; what is empty always does.
struct FormatGate: Hashable, Sendable {
    var programs: [Definition.ProgramPattern] = []
    /// Bytes that the message begins with: one of these.
    var firsts: [[UInt8]] = []

    var isOpen: Bool { programs.isEmpty && firsts.isEmpty }

    func admits(_ text: Span<UInt8>, _ message: Range<Int>, _ program: Range<Int>?) -> Bool {
        let (firsts, programs) = (firsts.span, programs.span)
        var begins = firsts.isEmpty
        for index in firsts.indices where !begins {
            begins = Self.begins(text, message, with: firsts[index].span)
        }
        guard begins else { return false }
        if programs.isEmpty { return true }
        for index in programs.indices where programs[index].fits(text, program) { return true }
        return false
    }

    @inline(__always)
    fileprivate static func begins(
        _ text: Span<UInt8>, _ range: Range<Int>, with first: Span<UInt8>
    ) -> Bool {
        range.count >= first.count
            && ByteSearch.equal(text, range.lowerBound..<range.lowerBound + first.count, first)
    }
}

extension Definition.ProgramPattern {
    /// Whether that is the program, if there is one.
    fileprivate func fits(_ text: Span<UInt8>, _ program: Range<Int>?) -> Bool {
        switch self {
        case .any: return true
        case .exact(let name):
            return program.map { ByteSearch.equal(text, $0, name.span) } ?? false
        case .prefix(let name):
            guard let program else { return false }
            return FormatGate.begins(text, program, with: name.span)
        }
    }
}

/// The formats of named values that a set of definitions reads, and how a message finds its own.
///
///     first byte ─▶ formats that may be it ─▶ program, first bytes ─▶ values
///
/// A message whose first byte begins no format costs one look into a table.
struct FormatTable: Sendable {
    /// Those of `NamedFormat.known` first: JSON is number 0.
    private(set) var choices: [FormatChoice] = []
    /// The format of all records, without a header: lines of delimited values whose definition is
    /// the only one, and says nothing of how to tell them.
    private(set) var bound: Int?
    /// How journald's audit records are read, if a definition reads such.
    private(set) var journalAudit: Int?
    /// A format that a message may be in by its first byte, and the bytes that can follow.
    private struct Candidate: Hashable {
        var number: Int
        var seconds = TemplateBeginning.Bytes()
    }

    /// For each first byte those from one place up to another.
    private var byFirst = [Range<UInt32>](repeating: 0..<0, count: 256)
    private var candidates: [Candidate] = []

    init() {}

    /// - Parameter isOnly: there is one definition, to which a source is bound: it reads all that
    ///   is in its format.
    /// - Parameter isBound: whatever its `match` says of programs and first bytes.
    init(_ definitions: [MemberDefinition], isOnly: Bool, isBound: Bool = false) {
        choices = NamedFormat.known.map { format, firsts in
            // Blanks and a cookie may stand before an object: JSON looks itself.
            let gate = FormatGate(firsts: format == .json ? [] : firsts)
            return FormatChoice(format: format, definitions: [], gate: gate)
        }
        for (number, definition) in definitions.enumerated() {
            for format in definition.formats {
                add(format, of: definition, number, isOnly: isOnly, isBound: isBound)
            }
        }
        if let audit = choices.first(where: { $0.format == .audit }) {
            journalAudit = choices.count
            choices.append(audit)
            choices[choices.count - 1].format = .journalAudit
        }
        var known: [[Candidate]: Range<UInt32>] = [:]
        for byte in UInt8.min...UInt8.max {
            let list = choices.indices.compactMap { candidate($0, after: byte) }
            let first = UInt32(candidates.count)
            let range = known[list] ?? first..<first + UInt32(list.count)
            if known.updateValue(range, forKey: list) == nil { candidates += list }
            byFirst[Int(byte)] = range
        }
    }

    /// The candidate that a format is where a message begins with `byte`, if it is one.
    private func candidate(_ number: Int, after byte: UInt8) -> Candidate? {
        guard number != bound, number != journalAudit else { return nil }
        let firsts = number == 0 ? NamedFormat.known[0].firsts : choices[number].gate.firsts
        var candidate = Candidate(number: number)
        if firsts.isEmpty { candidate.seconds = .all }
        for first in firsts where first[0] == byte {
            if first.count == 1 { candidate.seconds = .all }
            candidate.seconds.insert(first.dropFirst().prefix(1))
        }
        return candidate.seconds == TemplateBeginning.Bytes() ? nil : candidate
    }

    private mutating func add(
        _ format: NamedFormat, of definition: MemberDefinition, _ number: Int, isOnly: Bool,
        isBound: Bool
    ) {
        if let same = NamedFormat.known.firstIndex(where: { $0.format == format }) {
            choices[same].definitions.append(number)
            choices[same].times += definition.times
            return
        }
        // Made when a file names its columns.
        if format.input == .w3c { return }
        guard isOnly || !definition.gate.isOpen else { return }
        let gate = isBound ? FormatGate() : definition.gate
        var choice = FormatChoice(
            format: format, definitions: [number], times: definition.times, gate: gate)
        if case .csv(let csv) = format {
            choice.columnConditions = csv.conditions(definition.conditions)
            if definition.gate.isOpen { bound = choices.count }
        } else if let same = choices.firstIndex(where: {
            $0.format == format && $0.gate == gate
        }) {
            choices[same].definitions.append(number)
            choices[same].times += definition.times
            return
        }
        choices.append(choice)
    }

    /// Formats that a message which begins with `byte` may be in: places for `next`.
    @inline(__always)
    func places(_ byte: UInt8) -> Range<Int> {
        let range = byFirst[Int(byte)]
        return Int(range.lowerBound)..<Int(range.upperBound)
    }

    /// The next format that the message may be in, which is taken off the places.
    func next(
        _ places: inout Range<Int>, _ text: Span<UInt8>, _ message: Range<Int>,
        _ program: Range<Int>?
    ) -> Int? {
        let (candidates, choices) = (candidates.span, choices.span)
        let second = message.count > 1 ? text[message.lowerBound + 1] : nil
        while !places.isEmpty {
            let place = places.lowerBound
            places = place + 1..<places.upperBound
            if let second, !candidates[place].seconds.contains(second) { continue }
            let number = candidates[place].number
            if choices[number].gate.admits(text, message, program) { return number }
        }
        return nil
    }

    /// Whether a message which begins with `byte` is none of them.
    @inline(__always)
    func isNone(_ byte: UInt8) -> Bool { byFirst[Int(byte)].isEmpty }
}

extension FormatChoice {
    /// Whether the values have what the definition asks of its lines.
    func holds(
        _ text: Span<UInt8>, _ message: Range<Int>, _ slots: Span<ByteRange>, first: Int
    ) -> Bool {
        columnConditions.allSatisfy { column, values in
            guard first + column < slots.count else { return false }
            let range = slots[first + column].range
            var steps = NoSteps()
            return values.find(text, range, steps: &steps) >= 0
        }
    }
}

extension CSVFormat {
    /// Conditions on columns by their numbers.
    fileprivate func conditions(
        _ conditions: [MemberDefinition.Condition]
    ) -> [(column: Int, values: ValueTable)] {
        conditions.compactMap { condition in
            condition.names.first.flatMap(columns.firstIndex).map { ($0, condition.values) }
        }
    }
}
