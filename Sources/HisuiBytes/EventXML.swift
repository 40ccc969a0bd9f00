/// Takes apart the XML that Windows renders events in (`EvtRenderEventXml`):
///
///     <Event xmlns='…'><System><EventID>4624</EventID>…</System>
///         <EventData><Data Name='TargetUserName'>tanaka</Data>…</EventData></Event>
///
/// Values are the text of elements that hold nothing but text, and attributes. What names a value
/// is none: `Name` of `Data`, and namespaces. Names are those that converters to JSON give:
/// `Event.System.EventID`, `Event.System.TimeCreated.#attributes.SystemTime`,
/// `Event.EventData.TargetUserName`, and `Event.EventData.param1` for data without a name.
///
/// Text beside elements, comments, sections of character data and nesting deeper than `depthMax`
/// do not occur in such events; what has them is none.
public enum EventXML {
    public static let depthMax = 16

    public struct Value: Hashable, Sendable {
        public var name: [UInt8]
        /// Entities and all; `XMLText` reads them.
        public var value: Range<Int>
    }

    /// Appends the values of the one element that `range` is, blanks around it left aside.
    ///
    /// - Returns: false, with nothing appended, if it is none, or has more than `countMax` values.
    /// - Complexity: O(length of the range).
    public static func appendValues(
        of text: Span<UInt8>, _ range: Range<Int>, countMax: Int, to slots: inout [ByteRange]
    ) -> Bool {
        let first = slots.count
        var scan = Scan(text, range)
        while slots.count - first < countMax, let value = scan.next() {
            slots.append(ByteRange(value))
        }
        // The last value may be followed by the ends of elements.
        if scan.isAtEnd || slots.count - first == countMax && scan.next() == nil && scan.isAtEnd {
            return true
        }
        slots.removeSubrange(first...)
        return false
    }

    /// The same values in the same order, with their names.
    public static func values(of text: Span<UInt8>, _ range: Range<Int>) -> [Value] {
        var values: [Value] = []
        var scan = Scan(text, range)
        var unnamed = 0
        while let value = scan.next() {
            values.append(Value(name: scan.name(&unnamed), value: value))
        }
        return values
    }

    private static let data = Array("Data".utf8)
    private static let complexData = Array("ComplexData".utf8)
    private static let nameAttribute = Array("Name".utf8)
    private static let namespace = Array("xmlns".utf8)
    private static let declaration = Array("<?xml".utf8)

    /// One value after the other.
    private struct Scan: ~Escapable {
        private enum State { case between, attributes, content, close, done, failed }

        private let text: Span<UInt8>
        private let end: Int
        private var at: Int
        private var state = State.between
        /// Names of the open elements.
        private var names = [Range<Int>](repeating: 0..<0, count: EventXML.depthMax)
        private var depth = 0
        /// The attribute whose value was given last; empty for text.
        private var attribute = 0..<0
        /// What `Name` says of the innermost element; empty if it says nothing.
        private var dataName = 0..<0

        @_lifetime(copy text)
        init(_ text: Span<UInt8>, _ range: Range<Int>) {
            self.text = text
            at = range.lowerBound
            end = range.upperBound
            skipBlanks()
            if begins(EventXML.declaration) {
                guard let close = ByteSearch.first(of: 0x3E, in: text, at..<end) else {
                    state = .failed
                    return
                }
                at = close + 1
            }
        }

        /// Whether the element has ended and nothing follows.
        var isAtEnd: Bool { state == .done }

        private func byte(_ at: Int) -> UInt8 { at < end ? text[at] : 0 }

        private func begins(_ bytes: [UInt8]) -> Bool {
            end - at >= bytes.count
                && ByteSearch.equal(text, at..<at + bytes.count, bytes.span)
        }

        private mutating func skipBlanks() {
            while at < end, XMLText.isBlank(text[at]) { at += 1 }
        }

        mutating func next() -> Range<Int>? {
            while true {
                switch state {
                case .between: state = between()
                case .close: state = close()
                case .content:
                    if let value = content() { return value }
                case .attributes:
                    if let value = nextAttribute() { return value }
                case .done, .failed: return nil
                }
            }
        }

        private mutating func between() -> State {
            skipBlanks()
            guard byte(at) == 0x3C else { return .failed }
            if byte(at + 1) == 0x2F { return depth > 0 ? .close : .failed }
            at += 1
            let name = self.name()
            guard !name.isEmpty, depth < EventXML.depthMax else { return .failed }
            names[depth] = name
            depth += 1
            dataName = 0..<0
            return .attributes
        }

        private mutating func close() -> State {
            at += 2
            let name = self.name()
            let open = names[depth - 1]
            guard name.count == open.count,
                ByteSearch.equal(text, name, text.extracting(open))
            else { return .failed }
            skipBlanks()
            guard byte(at) == 0x3E else { return .failed }
            at += 1
            return leave()
        }

        /// Goes out of the innermost element.
        private mutating func leave() -> State {
            depth -= 1
            if depth > 0 { return .between }
            skipBlanks()
            return at == end ? .done : .failed
        }

        /// The text of an element that holds nothing else.
        private mutating func content() -> Range<Int>? {
            guard let next = ByteSearch.first(of: 0x3C, in: text, at..<end) else {
                state = .failed
                return nil
            }
            if byte(next + 1) != 0x2F {
                // Nothing but blanks may stand before an element.
                state = .between
                return nil
            }
            let value = at..<next
            at = next
            attribute = 0..<0
            state = .close
            return value
        }

        private mutating func nextAttribute() -> Range<Int>? {
            let start = at
            skipBlanks()
            if byte(at) == 0x3E {
                at += 1
                state = .content
                return nil
            }
            if byte(at) == 0x2F, byte(at + 1) == 0x3E {
                at += 2
                state = leave()
                return nil
            }
            let name = self.name()
            guard at > start, name.lowerBound > start, !name.isEmpty, byte(at) == 0x3D,
                byte(at + 1) == 0x22 || byte(at + 1) == 0x27,
                let close = ByteSearch.first(of: byte(at + 1), in: text, at + 2..<end)
            else {
                state = .failed
                return nil
            }
            let value = at + 2..<close
            at = close + 1
            if ByteSearch.first(of: 0x3C, in: text, value) != nil {
                state = .failed
                return nil
            }
            if isNamespace(name) { return nil }
            if isData, ByteSearch.equal(text, name, EventXML.nameAttribute.span) {
                dataName = value
                return nil
            }
            attribute = name
            return value
        }

        private func isNamespace(_ name: Range<Int>) -> Bool {
            name.count >= 5
                && ByteSearch.equal(
                    text, name.lowerBound..<name.lowerBound + 5, EventXML.namespace.span)
        }

        /// Whether the innermost element is one that another name is given to.
        private var isData: Bool {
            let name = names[depth - 1]
            return ByteSearch.equal(text, name, EventXML.data.span)
                || ByteSearch.equal(text, name, EventXML.complexData.span)
        }

        /// Passes over a name, which is empty if none stands here.
        private mutating func name() -> Range<Int> {
            let start = at
            while at < end, XMLText.isNameByte(text[at]) { at += 1 }
            return start..<at
        }

        /// What the value given last is called.
        ///
        /// - Parameter unnamed: how many data without a name came before.
        func name(_ unnamed: inout Int) -> [UInt8] {
            var path: [UInt8] = []
            let isNamed = attribute.isEmpty && isData
            for index in 0..<(isNamed ? depth - 1 : depth) {
                if index > 0 { path.append(0x2E) }
                path.append(text, names[index])
            }
            if isNamed {
                path.append(0x2E)
                if dataName.isEmpty {
                    unnamed += 1
                    path.append(utf8: "param\(unnamed)")
                } else {
                    XMLText.appendDecoded(text, dataName, to: &path)
                }
            }
            if !attribute.isEmpty {
                path.append(utf8: ".#attributes.")
                path.append(text, attribute)
            }
            return path
        }
    }
}
