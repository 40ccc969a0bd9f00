/// Events to nodes: aliases replaced, keys checked, everything counted.
struct Composer: ~Copyable {
    /// What an anchor stands for, with its cost when it is used again.
    private struct Anchored {
        var node: YAMLNode
        var nodes: Int
        /// Levels of nesting: 1 for a scalar.
        var height: Int
    }

    private let file: String
    private var events: EventReader
    private var anchors: [String: Anchored] = [:]
    private var nodes = 0
    private var aliasNodes = 0

    init(file: String, events: consuming EventReader) {
        self.file = file
        self.events = events
    }

    mutating func documents() throws(YAMLError) -> [YAMLNode] {
        var roots: [YAMLNode] = []
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return roots
            case .documentStart:
                anchors.removeAll()
                roots.append(try node(try events.next(), depth: 1).node)
            default: continue
            }
        }
    }

    /// The node that `event` begins.
    ///
    /// Recursion is bounded by `depthMax`.
    private mutating func node(
        _ event: EventReader.Event, depth: Int
    ) throws(YAMLError) -> Anchored {
        if case .alias(let name) = event.kind { return try alias(name, at: event, depth: depth) }
        guard depth <= YAMLLimits.depthMax else {
            throw error(event, "nested deeper than \(YAMLLimits.depthMax) levels")
        }
        try count(1, at: event)
        let before = nodes
        var isForcedText = false
        let kind: YAMLNode.Kind
        var height = 1
        switch event.kind {
        case .scalar(let text, let isPlain):
            isForcedText = try checkTag(event, allowed: ["str", "int", "float", "bool", "null"])
            kind = .scalar(text, isPlain: isPlain && !isForcedText)
        case .sequenceStart:
            try checkTag(event, allowed: ["seq"])
            kind = .sequence(try elements(depth: depth, height: &height))
        default:
            try checkTag(event, allowed: ["map"])
            kind = .mapping(try entries(depth: depth, height: &height))
        }
        let node = YAMLNode(kind: kind, file: file, line: event.line, column: event.column)
        let anchored = Anchored(node: node, nodes: nodes - before + 1, height: height)
        if !event.anchor.isEmpty { anchors[event.anchor] = anchored }
        return anchored
    }

    private mutating func elements(
        depth: Int, height: inout Int
    ) throws(YAMLError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { return elements }
            let element = try node(event, depth: depth + 1)
            height = max(height, element.height + 1)
            elements.append(element.node)
        }
    }

    private mutating func entries(
        depth: Int, height: inout Int
    ) throws(YAMLError) -> [(key: YAMLNode, value: YAMLNode)] {
        var entries: [(key: YAMLNode, value: YAMLNode)] = []
        var seen: [String: YAMLNode] = [:]
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { return entries }
            let key = try node(event, depth: depth + 1).node
            guard let text = key.text else {
                throw error(
                    event, "\(key.described) stands where a key is expected",
                    hint: "put text that begins with [ or { in quotes")
            }
            if let first = seen.updateValue(key, forKey: text) {
                throw error(
                    event,
                    "the key \(key.quoted) stands twice, first at line \(first.line), "
                        + "column \(first.column)",
                    hint: "remove one of them")
            }
            let value = try node(try events.next(), depth: depth + 1)
            height = max(height, value.height + 1)
            entries.append((key, value.node))
        }
    }

    private mutating func alias(
        _ name: String, at event: EventReader.Event, depth: Int
    ) throws(YAMLError) -> Anchored {
        guard var anchored = anchors[name] else {
            throw error(
                event, "the alias \(YAMLNode.quote("*" + name)) has no anchor before it",
                hint: "put text that begins with * in quotes")
        }
        guard depth + anchored.height - 1 <= YAMLLimits.depthMax else {
            throw error(event, "nested deeper than \(YAMLLimits.depthMax) levels by an alias")
        }
        try count(anchored.nodes, at: event)
        aliasNodes += anchored.nodes
        guard aliasNodes <= YAMLLimits.aliasNodesMax else {
            throw error(
                event, "aliases stand for more than \(YAMLLimits.aliasNodesMax) values",
                hint: "write the values out or use fewer")
        }
        anchored.node = anchored.node.placed(at: event.line, event.column)
        return anchored
    }

    private mutating func count(_ more: Int, at event: EventReader.Event) throws(YAMLError) {
        nodes += more
        guard nodes <= YAMLLimits.nodesMax else {
            throw error(
                event, "more than \(YAMLLimits.nodesMax) values in one file", hint: "split it")
        }
    }

    /// Refuses tags beyond the core schema.
    ///
    /// Returns whether the tag makes any scalar text.
    @discardableResult
    private func checkTag(
        _ event: EventReader.Event, allowed: [String]
    ) throws(YAMLError) -> Bool {
        let core = "tag:yaml.org,2002:"
        if event.tag.isEmpty { return false }
        if event.tag == "!" || event.tag == core + "str" { return true }
        if allowed.contains(where: { event.tag == core + $0 }) { return false }
        throw error(
            event, "the tag \(YAMLNode.quote(event.tag)) is not supported",
            hint: "remove it, or put text that begins with ! in quotes")
    }

    private func error(
        _ event: EventReader.Event, _ message: String, hint: String = ""
    ) -> YAMLError {
        YAMLError(
            Diagnostic(
                file: file, line: event.line, column: event.column, message: message, hint: hint))
    }
}
