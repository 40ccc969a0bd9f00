/// What can stand right after an element of a template: where a capture may have to stop.
struct TemplateFlow: Hashable {
    /// A text at which a capture stops.
    struct Stop: Hashable {
        var bytes: [UInt8]
        /// Nothing can follow it, so it counts only where it ends the message.
        var isLast: Bool
    }

    var stops: [Stop] = []
    /// The message may end here.
    var end = false
    /// A capture may follow directly.
    var capture = false

    /// The end of the template.
    static let atEnd = TemplateFlow(end: true)

    private var isOnlyEnd: Bool { end && stops.isEmpty && !capture }

    /// What can stand where `elements` begin, `then` being what can stand after them.
    ///
    /// - Complexity: O(number of elements).
    static func first(
        of elements: ArraySlice<Template.Element>, then: TemplateFlow
    ) -> TemplateFlow {
        guard let element = elements.first else { return then }
        let after = first(of: elements.dropFirst(), then: then)
        switch element.kind {
        case .literal(let bytes):
            return TemplateFlow(stops: [Stop(bytes: bytes, isLast: after.isOnlyEnd)])
        case .alternatives(let choices):
            return TemplateFlow(
                stops: choices.map { Stop(bytes: $0, isLast: after.isOnlyEnd) })
        case .capture(let capture):
            guard capture.type == .quoted else { return TemplateFlow(capture: true) }
            return TemplateFlow(stops: [Stop(bytes: [UInt8(ascii: "\"")], isLast: false)])
        case .optional(let inner):
            var flow = first(of: inner[...], then: after)
            for stop in after.stops where !flow.stops.contains(stop) { flow.stops.append(stop) }
            flow.end = flow.end || after.end
            flow.capture = flow.capture || after.capture
            return flow
        }
    }

    /// Whether none of the stops can stand inside a `word`.
    var stopsAtBlanksOnly: Bool {
        stops.allSatisfy { $0.bytes[0] == 0x20 || $0.bytes[0] == 0x09 }
    }
}

extension Template {
    /// Calls `body` for every capture in order with what can follow it.
    func forEachFlow(
        _ body: (Capture, _ flow: TemplateFlow, _ optional: Int?, _ offset: Int) -> Void
    ) {
        var optionals = 0
        for (index, element) in elements.enumerated() {
            let after = TemplateFlow.first(of: elements[(index + 1)...], then: .atEnd)
            switch element.kind {
            case .capture(let capture): body(capture, after, nil, element.offset)
            case .optional(let inner):
                for (index, element) in inner.enumerated() {
                    guard case .capture(let capture) = element.kind else { continue }
                    let flow = TemplateFlow.first(of: inner[(index + 1)...], then: after)
                    body(capture, flow, optionals, element.offset)
                }
                optionals += 1
            default: break
            }
        }
    }
}
