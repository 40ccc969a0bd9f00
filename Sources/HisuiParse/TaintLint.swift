/// Keeps what a stranger wrote from being read as something else.
///
/// `Failed password for {user.name:text} from {source.ip:ip}` can be lied to: whoever logs in as
/// `x from 192.0.2.1` chooses the address. So an untrusted field must not stand before a security
/// field, unless
/// - it is quoted, and its writer escapes quotes;
/// - it is right-anchored: then it ends at the *last* place from which the rest fits;
/// - it cannot hold what ends it (a word before a blank), and nothing after it runs freely: then a
///   lie leaves a surplus that nothing takes, and the line is known by no rule;
/// - another untrusted field runs freely behind the security field: then neither the first nor the
///   last place is safe, the rule is accepted, and a line in which the text that ends the field
///   stands more often than the template uses it is flagged `ambiguous`.
enum TaintLint {
    /// Look for `literals` inside the captures `inside`, by their number among the template's: if
    /// one begins there, the line can be read in more than one way.
    struct AmbiguityCheck: Hashable {
        var literals: [[UInt8]]
        var inside: [Int]
    }

    struct Result {
        var problems: [TemplateParser.Problem] = []
        var checks: [AmbiguityCheck] = []
    }

    private struct Seen {
        var capture: Template.Capture
        var flow: TemplateFlow
        var offset: Int

        /// Whether its content can hold the text that ends it.
        var isFree: Bool {
            capture.type.isFree && !capture.type.isRest
                || capture.type == .word && !flow.stopsAtBlanksOnly
        }
    }

    /// - Parameters:
    ///   - deciding: captures by whose values a security field is set.
    ///   - hasSecurityPairs: a pair of `kv` is a security field.
    static func check(
        _ template: Template, untrusted: Set<String>, deciding: Set<String> = [],
        hasSecurityPairs: Bool = false, schema: Schema
    ) -> Result {
        var seen: [Seen] = []
        template.forEachFlow { capture, flow, _, offset in
            seen.append(Seen(capture: capture, flow: flow, offset: offset))
        }
        var result = Result()
        for (index, one) in seen.enumerated() {
            guard let field = one.capture.field, untrusted.contains(field),
                one.capture.type != .quoted, !one.capture.type.isRest
            else { continue }
            let later = Array(seen.indices[(index + 1)...])
            guard
                let victim = later.first(where: { place in
                    let capture = seen[place].capture
                    return schema.isSecurity(capture.field)
                        || capture.type == .kv && hasSecurityPairs
                        || capture.name.map(deciding.contains) == true
                })
            else { continue }
            let free = later.filter { seen[$0].isFree || seen[$0].capture.type.isRest }
            let swallows = free.contains { $0 >= victim }
            if one.capture.isRightAnchored || one.isFree || swallows {
                let untrustedFree = free.filter { place in
                    seen[place].capture.field.map(untrusted.contains) == true
                }
                if untrustedFree.contains(where: { $0 >= victim }) {
                    let literals = one.flow.stops.filter { !$0.isLast }.map(\.bytes)
                    let inside = (one.capture.isRightAnchored ? [index] : []) + untrustedFree
                    result.checks.append(AmbiguityCheck(literals: literals, inside: inside))
                } else if !one.capture.isRightAnchored {
                    result.problems.append(problem(one, victim: seen[victim].capture.name ?? "_"))
                }
            }
        }
        return result
    }

    private static func problem(_ one: Seen, victim: String) -> TemplateParser.Problem {
        let field = one.capture.field ?? "_"
        let type = one.capture.type.canAnchorRight ? one.capture.type.name : "text"
        let stop = one.flow.stops.first.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        return TemplateParser.Problem(
            offset: one.offset,
            message: "whoever writes `\(field)` could put `\(stop)` into it and choose `\(victim)`",
            hint: "`\(field)` is untrusted: write {\(field):\(type)>} to end it at the last "
                + "`\(stop)`, or {\(field):quoted} if the line quotes it")
    }
}
