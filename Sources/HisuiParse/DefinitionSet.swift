public import HisuiEvent
public import HisuiShape

/// Parser definitions, compiled: says which rule knows a message, and what its fields are.
///
/// Immutable; one set serves all threads.
public final class DefinitionSet: Sendable {
    /// SHA-256 over name, version and content of the definitions, in order: written into the log,
    /// segments and bundles made with them.
    public let digest: [UInt8]

    /// A set that knows nothing.
    public static let empty = DefinitionSet(digest: [])

    init(digest: [UInt8]) { self.digest = digest }

    /// Finds the rule that knows a message.
    ///
    /// On success the slots and kinds of the message are appended to `scratch`, and rule and
    /// choices are mixed into its key; otherwise `scratch` stays as it was.
    ///
    /// - Parameters:
    ///   - record: the whole record.
    ///   - message: the part of it that the rules describe.
    ///   - program: the part of it that names the program, where one is known.
    /// - Complexity: O(length of the message); nothing backtracks and nothing is allocated.
    public func match(
        _ record: Span<UInt8>, message: Range<Int>, program: Range<Int>?, form: RecordForm,
        into scratch: inout RowScratch
    ) -> RuleMatch? {
        nil
    }

    /// Fields of an event that was matched so, its body's slots being numbered from `firstSlot`.
    public func fields(
        of match: RuleMatch, firstSlot: Int
    ) -> (parser: String, rule: String, fields: [Shape.Field]) {
        ("", "", [])
    }
}
