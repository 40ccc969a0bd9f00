/// The syntax tree of a query: what stands inside what.
///
///     query
///     ├─ and
///     │  ├─ "Failed password"
///     │  └─ not
///     │     └─ user.name:=root
///     └─ | stats by (source.ip) count()
public struct SyntaxTree: Hashable, Sendable, CustomStringConvertible {
    /// `query`, `and`, `or`, `not`, or a filter or pipe in its normal form.
    public let label: String
    public let children: [SyntaxTree]

    init(_ label: String, _ children: [SyntaxTree] = []) {
        self.label = label
        self.children = children
    }

    /// The tree as lines, without a line feed at the end.
    ///
    /// - Complexity: O(nodes × depth).
    public var description: String {
        var text = label
        appendChildren(indent: "", to: &text)
        return text
    }

    private func appendChildren(indent: String, to out: inout String) {
        for (number, child) in children.enumerated() {
            let isLast = number + 1 == children.count
            out += "\n" + indent + (isLast ? "└─ " : "├─ ") + child.label
            child.appendChildren(indent: indent + (isLast ? "   " : "│  "), to: &out)
        }
    }
}

extension Query {
    /// The tree of the query.
    public var tree: SyntaxTree {
        SyntaxTree("query", [filter.tree] + pipes.map { $0.tree })
    }
}

extension Filter {
    /// The tree of the filter; a filter that is none of others is a leaf.
    public var tree: SyntaxTree {
        switch self {
        case .and(let filters): SyntaxTree("and", filters.map(\.tree))
        case .or(let filters): SyntaxTree("or", filters.map(\.tree))
        case .not(let filter): SyntaxTree("not", [filter.tree])
        case .subquery(let inner):
            SyntaxTree(
                Quoting.text(inner.field) + ":" + inner.kind.rawValue, [inner.query.tree])
        case .all, .time, .clock, .field, .fields: SyntaxTree(description)
        }
    }
}

extension Pipe {
    fileprivate var tree: SyntaxTree {
        if let pipe = self as? FilterPipe { return SyntaxTree("| filter", [pipe.filter.tree]) }
        var text = "| "
        print(to: &text)
        return SyntaxTree(text)
    }
}
