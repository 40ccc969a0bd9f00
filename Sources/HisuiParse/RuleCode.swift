import HisuiBytes

/// Compiled templates: operations, and the byte strings they compare with, each in one flat array.
///
/// A program is a run of operations that ends with `end` or `done`. Every operation either moves
/// the position forward or fails. There are two jumps: of a failing optional part to its end, which
/// is forward, and of a program that fails after a right-anchored capture back to it, which happens
/// at most `places` times. So the number of operations run has a bound that the program fixes.
struct RuleCode: Sendable {
    enum Operation: UInt8 {
        /// The bytes a ..< a + b.
        case literal
        /// The first of the choices a ..< a + b that stands here; its number goes to `bit`.
        case alternatives
        /// A part that may be missing: `a` is the operation after it, `bit` says it was taken.
        case optionalBegin
        case optionalEnd
        // Captures. Those that stop at texts find them at stops a ..< a + b.
        case word
        case wordUntil
        case int
        case hex
        /// `bit` says that the address is an IPv6 one: what tells two shapes apart.
        case ip
        /// The same, where a colon and a number follow it, which are not those of an IPv6 address.
        case ipBeforePort
        case port
        case host
        case mac
        case quoted
        case blank
        case textUntilOne
        case textUntil
        case textLast
        case pathUntil
        case pathLast
        case rest
        case float
        case cidr
        /// A time in format `a`.
        case time
        /// Blanks before a padded first field; `bit` says there were any.
        case leadingBlanks
        /// The last slot must be one of the values of table `a`; otherwise the rule does not fit.
        case oneOf
        /// Which value of table `a` the last slot is, plus one, goes to `bit`; nothing if none.
        case branch
        /// The choices taken must hold all bits of mask `a`.
        case require
        /// The message must end here.
        case end
        /// Whatever comes next is not this program's.
        case done
    }

    struct Instruction: Sendable {
        var operation: Operation
        /// For captures that stop: the message may end instead.
        var orEnd = false
        /// For right-anchored captures: how many places, from the last, the end can be at.
        var places: UInt8 = 0
        var bit: UInt8 = 0
        var a: UInt32 = 0
        var b: UInt32 = 0
    }

    /// A byte string to compare with.
    struct Text: Sendable {
        var offset: UInt32
        var count: UInt32
        /// As a stop: 1 if it counts only at the end of the message; as a choice: its number.
        var number: UInt32 = 0
    }

    var instructions: [Instruction] = []
    /// Stops and choices.
    var texts: [Text] = []
    /// Texts, and eight bytes more, so that the last one can be read by words.
    private(set) var bytes = [UInt8](repeating: 0, count: 8)
    /// Values that captures are compared with.
    var tables: [ValueTable] = []
    var masks: [UInt64] = []
    /// How times are written.
    var formats: [TimeFormat] = []

    mutating func add(_ text: [UInt8]) -> (offset: UInt32, count: UInt32) {
        let offset = UInt32(bytes.count - 8)
        bytes.insert(contentsOf: text, at: bytes.count - 8)
        return (offset, UInt32(text.count))
    }

    mutating func add(texts list: [(bytes: [UInt8], number: UInt32)]) -> (UInt32, UInt32) {
        let first = UInt32(texts.count)
        for item in list {
            let (offset, count) = add(item.bytes)
            texts.append(Text(offset: offset, count: count, number: item.number))
        }
        return (first, UInt32(list.count))
    }
}

/// Counts byte comparisons; in the product it is `NoSteps`, which costs nothing.
package protocol StepCounting {
    mutating func add(_ steps: Int)
    /// An operation is about to be run at a place of the record.
    mutating func reach(_ operation: Int, at place: Int)
}

extension StepCounting {
    @inline(__always) package mutating func reach(_ operation: Int, at place: Int) {}
}

struct NoSteps: StepCounting {
    @inline(__always) mutating func add(_ steps: Int) {}
}

/// For tests of the linear bound.
package struct StepCount: StepCounting {
    package var total = 0
    package init() {}
    package mutating func add(_ steps: Int) { total += steps }
}
