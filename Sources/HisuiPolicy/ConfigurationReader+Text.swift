import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Texts with a form: labels, ids, paths, time zones.
extension ConfigurationReader {
    typealias Text = (text: String, node: YAMLNode)

    /// A name that people read.
    func label(_ given: Text) -> String? {
        guard !given.text.isEmpty else {
            log.report(given.node, "the name is empty")
            return nil
        }
        guard given.text.utf8.count <= Limits.nameBytesMax else {
            log.report(
                given.node, "the name has \(given.text.utf8.count) bytes",
                hint: "at most \(Limits.nameBytesMax)")
            return nil
        }
        guard !hasControls(given.text) else {
            log.report(given.node, "the name \(given.node.quoted) holds a control character")
            return nil
        }
        return given.text
    }

    /// The id of a zone, a stream or a retention class: it names a directory or a rule.
    func shortID(_ given: Text, _ what: String) -> String? {
        let bytes = Array(given.text.utf8)
        let isRight = bytes.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
        guard isRight, let first = bytes.first, isLowerOrDigit(first),
            bytes.count <= Limits.zoneIDBytesMax
        else {
            log.report(
                given.node, "\(given.node.quoted) is no id for \(what)",
                hint: "1 to \(Limits.zoneIDBytesMax) of a-z, 0-9 and -, the first no -")
            return nil
        }
        return given.text
    }

    /// What a stream calls its retention class: an id, or a name such as 自治体機密性3A.
    ///
    /// Whether there is such a class is known when the policies are read.
    func className(_ given: Text) -> String? {
        let bytes = given.text.utf8
        let isRight = given.text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                ? isLowerOrDigit(UInt8(scalar.value)) || scalar == "-"
                    || ("A"..."Z").contains(scalar)
                : scalar.properties.isAlphabetic
        }
        guard isRight, !bytes.isEmpty, bytes.count <= Limits.zoneIDBytesMax else {
            log.report(
                given.node, "\(given.node.quoted) is no id for a retention class",
                hint: "letters, digits and -, at most \(Limits.zoneIDBytesMax) bytes")
            return nil
        }
        return given.text
    }

    /// An absolute path in its shortest spelling, so that equal places are equal texts.
    func path(_ given: Text, _ what: String) -> String? {
        var text = given.text
        func refuse(_ why: String, _ hint: String) -> String? {
            log.report(given.node, "\(what) \(given.node.quoted) \(why)", hint: hint)
            return nil
        }
        guard text.hasPrefix("/") else {
            return refuse("is no absolute path", "begin it with /")
        }
        guard !hasControls(text) else { return refuse("holds a control character", "remove it") }
        guard text.utf8.count <= Limits.pathBytesMax else {
            return refuse("is too long", "at most \(Limits.pathBytesMax) bytes")
        }
        while text.utf8.count > 1, text.hasSuffix("/") { text.removeLast() }
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        where text != "/" && (part.isEmpty || part == "." || part == "..") {
            return refuse("has a part `\(part)`", "write the path without it")
        }
        return text
    }

    /// The name of a time zone that the system knows.
    func checkedTimeZone(_ given: Text) -> String? {
        guard !hasControls(given.text), TimeZoneRules(name: given.text) != nil else {
            log.report(
                given.node, "the time zone \(given.node.quoted) is unknown",
                hint: "an IANA name such as Asia/Tokyo, UTC, or an offset such as +09:00; "
                    + "other names need the package tzdata")
            return nil
        }
        return given.text
    }

    /// Remembers `text`; reports it when it was there before.
    func isFirst(
        _ text: String, _ node: YAMLNode, _ seen: inout [String: YAMLNode], _ what: String
    ) -> Bool {
        guard let first = seen[text] else {
            seen[text] = node
            return true
        }
        log.report(
            node, "\(what) \(YAMLNode.quote(text)) is already at \(place(first))",
            hint: "remove one of them")
        return false
    }

    /// Reports a list that is empty or too long.
    func bounded<Element>(
        _ list: [Element], _ most: Int, least: Int = 0, _ reader: MappingReader, _ key: String,
        _ what: String
    ) -> Bool {
        if list.count > most {
            reader.report(key, "`\(key)` has \(list.count) \(what)", hint: "at most \(most)")
        } else if list.count < least {
            reader.report(key, "`\(key)` is empty", hint: "give at least one")
        }
        return list.count <= most && list.count >= least
    }

    /// Where another value stands, for a message about two.
    func place(_ node: YAMLNode) -> String { "line \(node.line), column \(node.column)" }

    func hasControls(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            // Bidirectional controls make a name read otherwise than it is.
            case .format: true
            default: false
            }
        }
    }

    func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"))
            || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }
}
