import CYAML

/// libyaml's event stream as Swift values.
///
/// The only code that touches the library.
///
/// Owned by the composer, for the time of one parse.
@safe
struct EventReader: ~Copyable {
    struct Event {
        enum Kind {
            case streamStart, streamEnd, documentStart, documentEnd, sequenceEnd, mappingEnd
            case alias(String)
            case scalar(String, isPlain: Bool)
            case sequenceStart
            case mappingStart
        }
        var kind: Kind
        /// Empty: none.
        var anchor = ""
        /// Empty: none.
        var tag = ""
        /// From 1.
        var line: Int
        /// From 1.
        var column: Int
    }

    private let file: String
    /// Owned here: made in `init`, freed in `deinit`.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let isReady: Bool

    /// - Parameter text: must outlive the reader and not change; UTF-8.
    init(_ text: UnsafeBufferPointer<UInt8>, file: String) {
        self.file = file
        // Safe: zeroed before use, as `yaml_parser_delete` may see it when initialising failed.
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        isReady = unsafe yaml_parser_initialize(parser) == 1
        guard isReady else { return }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        // Safe: the caller keeps `text` for the reader's life; libyaml reads `count` bytes of it.
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        // Safe: nobody else has the pointer; deleting a zeroed parser frees nothing.
        unsafe yaml_parser_delete(parser)
        unsafe parser.deinitialize(count: 1)
        unsafe parser.deallocate()
    }

    mutating func next() throws(YAMLError) -> Event {
        var raw = unsafe yaml_event_t()
        guard isReady, unsafe yaml_parser_parse(parser, &raw) == 1 else { throw error() }
        // Safe: libyaml filled `raw`; its strings are copied before this frees them.
        defer { unsafe yaml_event_delete(&raw) }
        let mark = unsafe raw.start_mark
        var event = Event(kind: .streamEnd, line: mark.line + 1, column: mark.column + 1)
        // Safe: each case reads only the member of the union that the type names.
        switch unsafe raw.type {
        case YAML_STREAM_START_EVENT: event.kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: event.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: event.kind = .documentEnd
        case YAML_SEQUENCE_END_EVENT: event.kind = .sequenceEnd
        case YAML_MAPPING_END_EVENT: event.kind = .mappingEnd
        case YAML_ALIAS_EVENT:
            event.kind = unsafe .alias(string(raw.data.alias.anchor))
        case YAML_SCALAR_EVENT:
            let scalar = unsafe raw.data.scalar
            let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            event.kind = unsafe .scalar(
                String(decoding: bytes, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            event.anchor = unsafe string(scalar.anchor)
            event.tag = unsafe string(scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            event.kind = .sequenceStart
            event.anchor = unsafe string(raw.data.sequence_start.anchor)
            event.tag = unsafe string(raw.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT:
            event.kind = .mappingStart
            event.anchor = unsafe string(raw.data.mapping_start.anchor)
            event.tag = unsafe string(raw.data.mapping_start.tag)
        default: event.kind = .streamEnd
        }
        return event
    }

    /// A C string of libyaml's, copied; empty for none.
    private func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String {
        // Safe: libyaml ends anchors and tags with a NUL.
        guard let pointer = unsafe pointer else { return "" }
        return unsafe String(decodingCString: pointer, as: UTF8.self)
    }

    /// What stopped the parser, in libyaml's words, with a way out where they are known to puzzle.
    private func error() -> YAMLError {
        // Safe: the messages are string constants of libyaml or nil.
        let parser = unsafe parser.pointee
        let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "out of memory"
        var message = "this is no YAML: \(problem)"
        if let context = unsafe parser.context {
            let begun = unsafe parser.context_mark
            message += unsafe ", \(String(cString: context)) begun at line \(begun.line + 1)"
        }
        let mark = unsafe parser.problem_mark
        return YAMLError(
            Diagnostic(
                file: file, line: mark.line + 1, column: mark.column + 1, message: message,
                hint: EventReader.hint(problem)))
    }

    private static func hint(_ problem: String) -> String {
        switch problem {
        case "found character that cannot start any token":
            "put text that begins with @, ` or % in quotes, and indent with spaces, not tabs"
        case "found a tab character that violates indentation":
            "indent with spaces, not tabs"
        case "mapping values are not allowed in this context":
            "put text that holds `: ` in quotes, and indent keys of one mapping alike"
        case "did not find expected key", "did not find expected '-' indicator":
            "indent this line like those it belongs to"
        case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
            "put text that holds brackets or commas in quotes, and close every bracket"
        case "could not find expected ':'": "every key needs a `:` and a space after it"
        case "found unexpected end of stream": "a quote or bracket is not closed"
        default: ""
        }
    }
}
