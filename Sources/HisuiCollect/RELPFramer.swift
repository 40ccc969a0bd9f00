public import HisuiEvent

/// Cuts the byte stream of one RELP connection into commands.
///
///     number SP command SP count [SP data] LF
///
/// `number` has at most nine digits, `command` 1 to 32 letters; without data nothing stands between
/// the count and the LF. Whatever is not so breaks the session: there is nothing to resume at, and
/// the sender, whose records are not acknowledged, sends them again.
///
/// Data beyond the limit is passed over; the part within it is given, and marked as cut. A pure
/// value: no clock, no socket. The commands do not depend on how the stream is split into reads.
public struct RELPFramer: Sendable {
    public enum Name: Hashable, Sendable {
        case open, close, syslog, response, other
    }

    /// What stands at a place of the stream.
    public enum Step: Hashable, Sendable {
        /// All bytes were taken, and no command has ended.
        case more
        /// A command. Its data is that range of the input, or all of `kept` where that is nil.
        case command(number: Int, Name, data: Range<Int>?, isCut: Bool)
        /// No RELP. The framer is of no use any more.
        case broken
    }

    private struct Head {
        var number = 0
        var name = Name.other
        var count = 0
        /// Bytes of the head, the space before the data included.
        var length = 0
    }

    private enum Reading {
        case undecided, bad
        case head(Head)
    }

    private var head: Head?
    /// Bytes of a head that is not whole.
    private var headBytes: [UInt8] = []
    /// Bytes of the data that were passed, kept or not.
    private var passed = 0
    /// Data of the command that `take` has told of last, where it came in several reads.
    public private(set) var kept: [UInt8] = []
    private let limit: Int

    /// - Parameter limit: bytes of data that are given at most.
    public init(limit: Int = Limits.recordBytesMax) { self.limit = limit }

    /// Takes bytes up to the end of one command, and moves `position` behind them.
    ///
    /// - Complexity: O(bytes).
    public mutating func take(_ input: Span<UInt8>, from position: inout Int) -> Step {
        guard let head = head ?? beginning(input, &position) else {
            return position < 0 ? .broken : .more
        }
        let isInPlace = passed == 0 && head.count <= limit && kept.isEmpty
        if isInPlace, input.count - position > head.count {
            let range = position..<position + head.count
            position += head.count + 1
            guard input[position - 1] == 0x0a else { return .broken }
            self.head = nil
            return .command(number: head.number, head.name, data: range, isCut: false)
        }
        self.head = head
        pass(input, &position, head.count - passed)
        guard passed == head.count, position < input.count else { return .more }
        position += 1
        guard input[position - 1] == 0x0a else { return .broken }
        self.head = nil
        passed = 0
        return .command(
            number: head.number, head.name, data: nil, isCut: head.count > limit)
    }

    /// Reads a head, perhaps begun in an earlier read; nil: not whole, or bad, with a negative
    /// position.
    private mutating func beginning(_ input: Span<UInt8>, _ position: inout Int) -> Head? {
        kept.removeAll(keepingCapacity: kept.capacity <= Self.roomKept)
        passed = 0
        if position == input.count { return nil }
        if headBytes.isEmpty {
            switch Self.read(input, position) {
            case .head(let head):
                position += head.length
                return head
            case .bad:
                position = -1
                return nil
            case .undecided: break
            }
        }
        while position < input.count {
            headBytes.append(input[position])
            position += 1
            switch Self.read(headBytes.span, 0) {
            case .head(let head):
                // The LF that ended the count is looked at again.
                if head.length < headBytes.count { position -= 1 }
                headBytes.removeAll(keepingCapacity: true)
                return head
            case .bad:
                position = -1
                return nil
            case .undecided: continue
            }
        }
        return nil
    }

    private mutating func pass(_ input: Span<UInt8>, _ position: inout Int, _ wanted: Int) {
        let count = min(wanted, input.count - position)
        let keep = min(count, max(0, limit - passed))
        let part = input.extracting(position..<position + keep)
        unsafe part.withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe kept.append(contentsOf: buffer)
        }
        passed += count
        position += count
    }

    private static func read(_ bytes: Span<UInt8>, _ start: Int) -> Reading {
        var head = Head()
        var i = start
        guard let number = digits(bytes, &i) else { return .bad }
        guard i < bytes.count else { return .undecided }
        guard bytes[i] == 0x20 else { return .bad }
        head.number = number
        i += 1
        let name = i
        while i < bytes.count, isLetter(bytes[i]), i - name <= 32 { i += 1 }
        guard i - name <= 32 else { return .bad }
        guard i < bytes.count else { return .undecided }
        guard bytes[i] == 0x20, i > name else { return .bad }
        head.name = Self.name(bytes.extracting(name..<i))
        i += 1
        guard i < bytes.count else { return .undecided }
        guard let count = digits(bytes, &i) else { return .bad }
        guard i < bytes.count else { return .undecided }
        head.count = count
        switch (bytes[i], count) {
        case (0x20, 1...): i += 1
        case (0x0a, 0): break
        default: return .bad
        }
        head.length = i - start
        return .head(head)
    }

    /// One to nine digits; nil where there are none or more.
    private static func digits(_ bytes: Span<UInt8>, _ i: inout Int) -> Int? {
        var value = 0
        let start = i
        while i < bytes.count, bytes[i] >= 0x30, bytes[i] <= 0x39 {
            if i - start == 9 { return nil }
            value = value * 10 + Int(bytes[i] - 0x30)
            i += 1
        }
        return i > start ? value : nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
    }

    private static func name(_ bytes: Span<UInt8>) -> Name {
        let text = bytes.indices.map { bytes[$0] }
        if text.elementsEqual("syslog".utf8) { return .syslog }
        if text.elementsEqual("open".utf8) { return .open }
        if text.elementsEqual("close".utf8) { return .close }
        return text.elementsEqual("rsp".utf8) ? .response : .other
    }

    /// Room that is kept for the next command.
    private static let roomKept = 16_384
}
