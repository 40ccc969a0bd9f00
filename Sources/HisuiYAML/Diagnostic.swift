/// One thing wrong with a file that a person wrote, and what that person can do about it.
///
/// Prints as `file:line:column: message (hint)`, the form that editors and terminals can follow.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1.
    ///
    /// A line ends as YAML 1.1 says: LF, CR, CR LF, U+0085, U+2028 or U+2029.
    public var line: Int
    /// From 1, in code points: what an editor shows, for Japanese text too.
    public var column: Int
    /// What is wrong, naming the object, the value and the limit.
    ///
    /// No capital, no full stop.
    public var message: String
    /// What to do about it; may be empty.
    public var hint: String

    public init(file: String, line: Int, column: Int, message: String, hint: String = "") {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
    }

    /// A remark about a node.
    public init(_ node: YAMLNode, _ message: String, hint: String = "") {
        self.init(
            file: node.file, line: node.line, column: node.column, message: message, hint: hint)
    }

    public var description: String {
        let place = "\(file):\(line):\(column): \(message)"
        return hint.isEmpty ? place : "\(place) (\(hint))"
    }
}

/// Why a text is no YAML that Hisui reads.
public struct YAMLError: Error, Hashable, CustomStringConvertible {
    public let diagnostic: Diagnostic

    public init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }

    public var description: String { diagnostic.description }
}

/// Everything wrong with a set of files, collected so that a person sees all of it at once.
///
/// A reference, because the readers of nested mappings report into the same list. Not `Sendable`:
/// a file is checked by one thread, and `list` is what leaves it.
public final class Diagnostics {
    /// Given a misspelt word and the valid ones, the valid one that was probably meant.
    public typealias Suggest = (_ word: String, _ valid: [String]) -> String?

    /// What is told of one file at most: after that many, more would bury the first cause.
    public static let countMax = 100

    /// In the order of reporting, at most `countMax`.
    public private(set) var list: [Diagnostic] = []
    /// How many were reported beyond `countMax`.
    public private(set) var omitted = 0

    let suggest: Suggest

    /// - Parameter suggest: finds the nearest valid name; the default knows none. It is passed in
    ///   because the edit distance lives in a module of the same rank as this one.
    public init(suggest: @escaping Suggest = { _, _ in nil }) { self.suggest = suggest }

    public var isEmpty: Bool { list.isEmpty }

    /// Those of all files, each file's in the order of its lines; a line's in order of reporting.
    public var sorted: [Diagnostic] {
        let byPlace = list.enumerated().sorted { a, b in
            (a.element.file, a.element.line, a.element.column, a.offset)
                < (b.element.file, b.element.line, b.element.column, b.offset)
        }
        return byPlace.map(\.element)
    }

    public func report(_ diagnostic: Diagnostic) {
        if list.count < Diagnostics.countMax { list.append(diagnostic) } else { omitted += 1 }
    }

    /// Reports that the value of `node` is wrong.
    public func report(_ node: YAMLNode, _ message: String, hint: String = "") {
        report(Diagnostic(node, message, hint: hint))
    }

    /// Reports that `node` is none of the words `valid`, with the nearest of them.
    public func reportUnknown(_ node: YAMLNode, _ what: String, valid: [String]) {
        report(node, "unknown \(what) \(node.quoted)", hint: choice(node.text ?? "", valid: valid))
    }

    /// "did you mean …?" where something is near, otherwise the list of what is valid.
    func choice(_ word: String, valid: [String]) -> String {
        // Comparing names costs more than the rest; nobody would see the result.
        guard list.count < Diagnostics.countMax else { return "" }
        if let near = suggest(word, valid) { return "did you mean `\(near)`?" }
        return valid.isEmpty ? "" : "valid: " + valid.joined(separator: ", ")
    }
}
