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
            var flow = TemplateFlow(
                stops: choices.filter { !$0.isEmpty }.map {
                    Stop(bytes: $0, isLast: after.isOnlyEnd)
                })
            if choices.contains([]) { flow.add(after) }
            return flow
        case .capture(let capture):
            guard capture.type == .quoted else { return TemplateFlow(capture: true) }
            return TemplateFlow(stops: [Stop(bytes: [UInt8(ascii: "\"")], isLast: false)])
        case .optional(let inner):
            var flow = first(of: inner[...], then: after)
            flow.add(after)
            return flow
        }
    }

    /// What stands behind may stand here as well.
    private mutating func add(_ after: TemplateFlow) {
        for stop in after.stops where !stops.contains(stop) { stops.append(stop) }
        end = end || after.end
        capture = capture || after.capture
    }

    /// Whether none of the stops can stand inside a `word`.
    var stopsAtBlanksOnly: Bool {
        stops.allSatisfy { $0.bytes[0] == 0x20 || $0.bytes[0] == 0x09 }
    }
}

extension TemplateFlow {
    /// How many places, from the end of a message, a right-anchored capture may have to try as its
    /// own: as often as its stops can stand in the texts of `rest`, which follows it, once more for
    /// the right one, and once for the end of the message where that can follow directly.
    static func places(for flow: TemplateFlow, _ rest: ArraySlice<Template.Element>) -> Int {
        var count = flow.end ? 1 : 0
        for stop in flow.stops where !stop.isLast { count += occurrences(of: stop.bytes, in: rest) }
        return min(max(count, 1) + (flow.stops.contains { $0.isLast } ? 1 : 0), placesMax)
    }

    static let placesMax = 32

    private static func occurrences(
        of text: [UInt8], in elements: ArraySlice<Template.Element>
    ) -> Int {
        elements.reduce(0) { sum, element in
            switch element.kind {
            case .literal(let bytes): sum + occurrences(of: text, in: bytes)
            case .alternatives(let choices):
                sum + (choices.map { occurrences(of: text, in: $0) }.max() ?? 0)
            case .optional(let inner): sum + occurrences(of: text, in: inner[...])
            case .capture: sum
            }
        }
    }

    private static func occurrences(of text: [UInt8], in bytes: [UInt8]) -> Int {
        guard bytes.count >= text.count else { return 0 }
        return (0...bytes.count - text.count).count { bytes[$0...].starts(with: text) }
    }
}

extension Template {
    /// Calls `body` for every capture in order with what can follow it, and the elements after it.
    func forEachFlow(
        _ body: (
            Capture, _ flow: TemplateFlow, _ rest: ArraySlice<Element>, _ offset: Int
        ) -> Void
    ) {
        Self.forEachFlow(of: elements[...], then: .atEnd, rest: [], body)
    }

    private static func forEachFlow(
        of elements: ArraySlice<Element>, then: TemplateFlow, rest: ArraySlice<Element>,
        _ body: (
            Capture, _ flow: TemplateFlow, _ rest: ArraySlice<Element>, _ offset: Int
        ) -> Void
    ) {
        for index in elements.indices {
            let after = elements[(index + 1)...]
            let flow = TemplateFlow.first(of: after, then: then)
            switch elements[index].kind {
            case .capture(let capture): body(capture, flow, after + rest, elements[index].offset)
            case .optional(let inner):
                forEachFlow(of: inner[...], then: flow, rest: after + rest, body)
            default: break
            }
        }
    }
}
