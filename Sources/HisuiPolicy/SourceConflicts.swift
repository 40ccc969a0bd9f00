import HisuiBytes
import HisuiYAML

/// What sources may not say together: the same id, place, port or file, and the store itself.
///
/// Seen in the order of the file; the later one of two that collide is reported, with the place of
/// the earlier one.
struct SourceConflicts {
    private let log: Diagnostics
    private let store: String?
    private var ids: [String: YAMLNode] = [:]
    /// By namespace.
    private var journals: [String: YAMLNode] = [:]
    private var audit: YAMLNode?
    private var listeners: [(endpoint: Configuration.Endpoint, transport: String, node: YAMLNode)] =
        []
    /// Files, directories and sockets that are named without wildcards.
    private var paths: [String: YAMLNode] = [:]
    private var patterns: [(text: String, node: YAMLNode)] = []

    init(_ log: Diagnostics, store: String?) {
        self.log = log
        self.store = store
    }

    mutating func isNewID(_ id: String, _ node: YAMLNode, isGiven: Bool) -> Bool {
        guard let first = ids[id] else {
            ids[id] = node
            return true
        }
        log.report(
            node, "the id `\(id)` is already at \(place(first))",
            hint: isGiven ? "ids of sources are unique" : "it was derived; give this source an `id`"
        )
        return false
    }

    mutating func isNewJournal(local namespace: String?, _ node: YAMLNode) -> Bool {
        guard let first = journals[namespace ?? ""] else {
            journals[namespace ?? ""] = node
            return true
        }
        log.report(
            node, "this journal is already read by the source at \(place(first))",
            hint: "remove one of them: its entries would be stored twice")
        return false
    }

    /// Whether this is the first source of the machine's audit, of which there is one.
    mutating func isOnlyAudit(_ node: YAMLNode) -> Bool {
        guard let first = audit else {
            audit = node
            return true
        }
        log.report(
            node, "the source at \(place(first)) counts already what the kernel's audit loses",
            hint: "remove one of them: each loss would be counted twice")
        return false
    }

    mutating func isFree(
        _ endpoint: Configuration.Endpoint, _ transport: String, _ node: YAMLNode
    ) -> Bool {
        let taken = listeners.first {
            $0.transport == transport && $0.endpoint.collides(with: endpoint)
        }
        if let taken {
            let words =
                taken.endpoint == endpoint
                ? "is already listened on" : "is taken by `\(taken.endpoint)`"
            log.report(
                node, "\(transport) `\(endpoint)` \(words) at \(place(taken.node))",
                hint: "choose another port or remove one of them")
            return false
        }
        listeners.append((endpoint, transport, node))
        return true
    }

    /// A journal directory, journal file or socket.
    mutating func isNewPath(_ path: String, _ node: YAMLNode) -> Bool {
        if let store, path == store || path.hasPrefix(store + "/") {
            log.report(
                node, "\(node.quoted) is inside the store `\(store)`",
                hint: "nothing but Hisui writes there; choose another place")
            return false
        }
        guard let first = paths[path] else {
            paths[path] = node
            return true
        }
        reportTwice(node, path, first)
        return false
    }

    /// A pattern for files to follow.
    mutating func isNewPattern(_ pattern: String, _ node: YAMLNode) -> Bool {
        if let store, PathPattern.reaches(pattern, into: store) {
            log.report(
                node, "the pattern \(node.quoted) reaches into the store `\(store)`",
                hint: "Hisui would read what it writes; choose a narrower pattern")
            return false
        }
        for earlier in patterns {
            // A pattern is a path of itself where it has no wildcards.
            let isSame = earlier.text == pattern
            let isCovered =
                PathPattern.isPlain(pattern) && Glob.match(earlier.text, pattern)
                || PathPattern.isPlain(earlier.text) && Glob.match(pattern, earlier.text)
            if isSame || isCovered {
                reportTwice(node, pattern, earlier.node)
                return false
            }
        }
        patterns.append((pattern, node))
        return true
    }

    private func reportTwice(_ node: YAMLNode, _ path: String, _ first: YAMLNode) {
        log.report(
            node,
            "\(YAMLNode.quote(path)) is already read through \(first.quoted) at \(place(first))",
            hint: "remove one of them: its records would be stored twice")
    }

    private func place(_ node: YAMLNode) -> String { "line \(node.line), column \(node.column)" }
}

/// Questions about path patterns that need no file system.
enum PathPattern {
    /// Whether `pattern` means exactly one path.
    static func isPlain(_ pattern: String) -> Bool {
        !pattern.utf8.contains { "*?[\\".utf8.contains($0) }
    }

    /// Whether some path below `directory` fits `pattern`.
    ///
    /// Both are absolute and clean.
    static func reaches(_ pattern: String, into directory: String) -> Bool {
        let parts = pattern.split(separator: "/")
        let names = directory.split(separator: "/")
        for (i, name) in names.enumerated() {
            guard i < parts.count else { return false }
            if parts[i].utf8.indices.contains(where: { isDoubleStar(parts[i].utf8, $0) }) {
                return true
            }
            guard Glob.match(String(parts[i]), String(name)) else { return false }
        }
        return parts.count > names.count
    }

    private static func isDoubleStar(_ bytes: Substring.UTF8View, _ at: String.Index) -> Bool {
        let next = bytes.index(after: at)
        return bytes[at] == UInt8(ascii: "*") && next < bytes.endIndex
            && bytes[next] == UInt8(ascii: "*")
    }
}
