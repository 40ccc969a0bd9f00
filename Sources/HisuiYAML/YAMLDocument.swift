/// Texts to nodes: the one way into this module.
public enum YAMLDocument {
    /// The root of every document in `bytes`, in order; none for a file without any value.
    ///
    /// The language is what libyaml reads (YAML 1.1 syntax, which is that of 1.2 but for rare
    /// cases), plain scalars mean what the core schema of YAML 1.2 says, and on top of that these
    /// are refused: bytes that are no UTF-8, a key twice in a mapping, keys that are no scalars,
    /// tags other than those of the core schema, and whatever is beyond `YAMLLimits`.
    ///
    /// - Parameter file: the name for messages.
    /// - Complexity: O(bytes + values that aliases bring in).
    public static func parse(
        _ bytes: [UInt8], file: String
    ) throws(YAMLError) -> [YAMLNode] {
        if let bad = TextCheck.firstProblem(in: bytes) {
            throw YAMLError(
                Diagnostic(
                    file: file, line: bad.line, column: bad.column, message: bad.message,
                    hint: bad.hint))
        }
        let start = TextCheck.bomLength(bytes)
        return unsafe try bytes.withUnsafeBufferPointer { (buffer) throws(YAMLError) in
            // Safe: the event reader does not outlive this closure, and the buffer does not change.
            let text = unsafe UnsafeBufferPointer(rebasing: buffer[start...])
            let events = unsafe EventReader(text, file: file)
            var composer = Composer(file: file, events: events)
            return try composer.documents()
        }
    }

    /// The root of the only document in `bytes`; more than one or none is an error.
    public static func parseSingle(
        _ bytes: [UInt8], file: String
    ) throws(YAMLError) -> YAMLNode {
        let documents = try parse(bytes, file: file)
        guard let first = documents.first else {
            throw YAMLError(
                Diagnostic(file: file, line: 1, column: 1, message: "the file holds no value"))
        }
        guard documents.count == 1 else {
            throw YAMLError(
                Diagnostic(
                    documents[1], "a second document begins where one is expected",
                    hint: "remove the line `---` or put it into a file of its own"))
        }
        return first
    }
}
