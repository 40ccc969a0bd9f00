import HisuiBytes
public import HisuiYAML

extension DefinitionSet {
    /// Reads, checks and compiles definition files, and runs the samples in them.
    ///
    /// A file with anything wrong in it is left out, and every reason is in the diagnostics; the
    /// rest of the set works. A file that defines a parser which an earlier file of *another*
    /// directory defined takes its place; within a directory that is a mistake.
    ///
    /// - Parameters:
    ///   - files: in the order of their rank, so a site's own after the shipped ones.
    ///   - isProven: whether a file's samples have been run before with this program and schema,
    ///     and nothing was wrong; then they are not run again.
    ///   - isBound: a source is bound to the only definition: it looks at all of its messages,
    ///     whatever their program and however they begin.
    /// - Complexity: O(bytes of all files); a tenth of a second for the shipped library, twice that
    ///   with its samples.
    public static func compile(
        files: [(name: String, bytes: [UInt8])], schema: Schema,
        isProven: ([UInt8]) -> Bool = { _ in false }, isBound: Bool = false
    ) -> (set: DefinitionSet, diagnostics: [Diagnostic]) {
        var accepted: [Definition] = []
        var diagnostics: [Diagnostic] = []
        for (name, bytes) in files {
            let log = Diagnostics { NearestName.suggestion(for: $0, in: $1) }
            let definition = check(
                bytes, file: name, schema: schema, log, isProven: isProven(bytes))
            if let definition, log.isEmpty {
                let same = accepted.firstIndex { $0.name == definition.name }
                if let same, directory(accepted[same].file) == directory(name) {
                    log.report(
                        Diagnostic(
                            file: name, line: 1, column: 1,
                            message: "the parser `\(definition.name)` is already defined in "
                                + accepted[same].file,
                            hint: "give it another name, or put it into a directory of its own"))
                } else if let same {
                    accepted[same] = definition
                } else {
                    accepted.append(definition)
                }
            }
            diagnostics += log.sorted
        }
        return (DefinitionSet(accepted, schema: schema, isBound: isBound), diagnostics)
    }

    /// Reads one file and runs its samples, if they have not been.
    static func check(
        _ bytes: [UInt8], file: String, schema: Schema, _ log: Diagnostics, isProven: Bool = false
    ) -> Definition? {
        guard let definition = DefinitionReader.read(bytes, file: file, schema: schema, log) else {
            return nil
        }
        if isProven { return definition }
        let runner = SampleRunner(set: DefinitionSet([definition], schema: schema))
        for sample in definition.samples { runner.run(sample, of: definition, log) }
        return definition
    }

    private static func directory(_ file: String) -> Substring {
        file.lastIndex(of: "/").map { file[..<$0] } ?? ""
    }
}
