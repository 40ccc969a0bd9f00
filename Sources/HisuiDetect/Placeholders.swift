import HisuiBytes
public import HisuiYAML

/// What `%name%` stands for in values of rules with the modifier `expand`: `placeholders.yaml`.
///
///     Workstations: [ws-*, client-??]
///     Administrators: [adm_suzuki, adm_sato]
///
/// The values are written as values of rules are: `*` and `?` are wildcards.
public struct Placeholders: Sendable {
    private(set) var values: [String: [String]] = [:]
    /// SHA-256 of each file added.
    private(set) var digests: [[UInt8]] = []

    public init() {}

    /// Adds what `bytes` say; a name that was given before is replaced.
    public mutating func add(_ bytes: [UInt8], file: String) -> [Diagnostic] {
        let log = Diagnostics { NearestName.suggestion(for: $0, in: $1) }
        digests.append(SHA256.of(bytes.span))
        do {
            let root = try YAMLDocument.parseSingle(bytes, file: file)
            guard let entries = root.mapping else {
                log.report(
                    root, "placeholders are a mapping of names to values, not \(root.described)")
                return log.sorted
            }
            for (key, value) in entries { read(key, value, log) }
        } catch {
            log.report(error.diagnostic)
        }
        return log.sorted
    }

    private mutating func read(_ key: YAMLNode, _ value: YAMLNode, _ log: Diagnostics) {
        let name = key.text ?? ""
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isNamePart) else {
            log.report(
                key, "\(key.quoted) is no name of a placeholder",
                hint: "letters, digits, `_`, `-` and `.`, without the percent signs")
            return
        }
        var texts: [String] = []
        for element in value.sequence ?? [value] {
            guard let text = element.text, !element.isNull else {
                log.report(element, "a value must be text or a number, not \(element.described)")
                return
            }
            texts.append(text)
        }
        guard !texts.isEmpty else {
            log.report(value, "\(key.quoted) has no value", hint: "leave the name out altogether")
            return
        }
        values[name] = texts
    }

    static func isNamePart(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == 0x5F || byte == 0x2D || byte == 0x2E || byte &- 0x30 < 10
            || ByteSearch.lowered(byte) &- 0x61 < 26
    }
}

/// A value of a rule, taken apart at its placeholders.
enum PlaceholderText: Equatable {
    case text(String)
    case name(String)

    /// `%name%` is a placeholder; `\%` is a percent sign.
    static func parts(of text: String) -> [PlaceholderText] {
        var parts: [PlaceholderText] = []
        var plain: [UInt8] = []
        let bytes = Array(text.utf8)
        var at = 0
        while at < bytes.count {
            if bytes[at] == 0x5C, at + 1 < bytes.count, bytes[at + 1] == 0x25 {
                plain.append(0x25)
                at += 2
                continue
            }
            if bytes[at] == 0x5C, at + 1 < bytes.count {
                plain += bytes[at...at + 1]
                at += 2
                continue
            }
            var end = at + 1
            while end < bytes.count, Placeholders.isNamePart(bytes[end]) { end += 1 }
            guard bytes[at] == 0x25, end > at + 1, end < bytes.count, bytes[end] == 0x25 else {
                plain.append(bytes[at])
                at += 1
                continue
            }
            if !plain.isEmpty { parts.append(.text(String(decoding: plain, as: UTF8.self))) }
            plain = []
            parts.append(.name(String(decoding: bytes[at + 1..<end], as: UTF8.self)))
            at = end + 1
        }
        if !plain.isEmpty || parts.isEmpty {
            parts.append(.text(String(decoding: plain, as: UTF8.self)))
        }
        return parts
    }
}
