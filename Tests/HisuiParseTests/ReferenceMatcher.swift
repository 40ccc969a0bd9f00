@testable import HisuiParse

/// What a template means, written as plainly as possible.
///
/// Recursion over elements, every question answered by looking at all of the line. The compiled
/// matcher must agree with it.
struct ReferenceMatcher {
    /// A capture that took part: its number among the template's captures, and where it stands.
    typealias Slot = (capture: Int, range: Range<Int>)

    let line: [UInt8]
    let template: Template

    static func match(_ template: Template, _ line: [UInt8]) -> [Slot]? {
        let matcher = ReferenceMatcher(line: line, template: template)
        return matcher.rest(matcher.steps(), at: 0)
    }

    /// An element, the number of its first capture, and what can follow it.
    private struct Step {
        var element: Template.Element
        var capture: Int
        var flow: TemplateFlow
        var later: ArraySlice<Template.Element>
    }

    private func steps() -> ArraySlice<Step> {
        steps(template.elements[...], firstCapture: 0, then: .atEnd, rest: [])
    }

    private func steps(
        _ elements: ArraySlice<Template.Element>, firstCapture: Int, then: TemplateFlow,
        rest: ArraySlice<Template.Element>
    ) -> ArraySlice<Step> {
        var capture = firstCapture
        return elements.indices.map { index in
            let after = elements[(index + 1)...]
            let flow = TemplateFlow.first(of: after, then: then)
            defer { capture += count(elements[index]) }
            return Step(element: elements[index], capture: capture, flow: flow, later: after + rest)
        }[...]
    }

    private func count(_ element: Template.Element) -> Int {
        switch element.kind {
        case .capture: 1
        case .optional(let inner): inner.map(count).reduce(0, +)
        default: 0
        }
    }

    /// Matches all steps, and the line must end with them.
    private func rest(_ steps: ArraySlice<Step>, at: Int) -> [Slot]? {
        run(steps, at) { $0 == line.count ? [] : nil }
    }

    /// Matches steps from `at` on and hands the place after them to `then`.
    private func run(
        _ steps: ArraySlice<Step>, _ at: Int, _ then: (Int) -> [Slot]?
    ) -> [Slot]? {
        guard let step = steps.first else { return then(at) }
        let others = steps.dropFirst()
        switch step.element.kind {
        case .literal(let text):
            return stands(text, at) ? run(others, at + text.count, then) : nil
        case .alternatives(let texts):
            guard let text = texts.filter({ stands($0, at) }).max(by: { $0.count < $1.count })
            else { return nil }
            return run(others, at + text.count, then)
        case .optional(let inner):
            var end = at
            let part = self.steps(
                inner[...], firstCapture: step.capture, then: step.flow, rest: step.later)
            if let slots = run(
                part, at,
                {
                    end = $0; return []
                })
            {
                return run(others, end, then).map { slots + $0 }
            }
            return run(others, at, then)
        case .capture(let capture):
            for end in ends(capture, step, at) {
                var slot = at..<end
                if capture.type == .quoted { slot = at + 1..<end - 1 }
                if let slots = run(others, end, then) { return [(step.capture, slot)] + slots }
            }
            return nil
        }
    }

    private func stands(_ text: [UInt8], _ at: Int) -> Bool {
        at + text.count <= line.count && Array(line[at..<at + text.count]) == text
    }

    /// Where a capture that begins at `at` can end, in the order in which ends are tried.
    private func ends(_ capture: Template.Capture, _ step: Step, _ at: Int) -> [Int] {
        let stops = (at...line.count).filter { place in
            step.flow.stops.contains { stop in
                stands(stop.bytes, place)
                    && (!stop.isLast || place + stop.bytes.count == line.count)
            }
        }
        let end = step.flow.end ? [line.count] : []
        let places = TemplateFlow.places(for: step.flow, step.later) - end.count
        let last = Array(stops.reversed().prefix(places)) + end
        switch capture.type {
        case .user, .text:
            return capture.isRightAnchored ? last : Array((stops + end).prefix(1))
        case .path:
            guard at < line.count, line[at] == UInt8(ascii: "/") else { return [] }
            return capture.isRightAnchored ? last : Array((stops + end).prefix(1))
        case .rest, .kv: return [line.count]
        case .word:
            let blank = line[at...].firstIndex { $0 == 0x20 || $0 == 0x09 } ?? line.count
            let stop = min(stops.first ?? blank, blank)
            return stop > at ? [stop] : []
        case .blank:
            return [line[at...].firstIndex { $0 != 0x20 && $0 != 0x09 } ?? line.count]
        case .int: return digits(at < line.count && line[at] == 0x2D ? at + 1 : at)
        case .port:
            return digits(at).filter {
                Int(String(decoding: line[at..<$0], as: UTF8.self))! < 65536
            }
        case .quoted: return quoted(at)
        case .hex, .ip, .host, .mac, .ts, .float, .cidr: return []
        }
    }

    private func digits(_ at: Int) -> [Int] {
        let end = line[at...].firstIndex { !(0x30...0x39).contains($0) } ?? line.count
        return end > at && end - at < 18 ? [end] : []
    }

    private func quoted(_ at: Int) -> [Int] {
        guard at < line.count, line[at] == UInt8(ascii: "\"") else { return [] }
        var place = at + 1
        while place < line.count {
            if line[place] == UInt8(ascii: "\"") { return [place + 1] }
            place += line[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        return []
    }
}
