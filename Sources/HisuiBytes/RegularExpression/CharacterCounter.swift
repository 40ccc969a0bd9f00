/// Many repeats of one character, counted instead of written out: `.{1000,}`, `[^\\]{1,256}`.
///
/// Where the repeated part is one character in UTF-8, all repeats that have begun take the same
/// characters: what differs is how many they have taken. So it is enough to remember where each
/// began, and that in order; a character costs the same for one of them and for a thousand. (This
/// is the counting set of Turoňová et al., "Regex Matching with Counting-Set Automata", 2020, for
/// the case that needs no more than a queue.)
struct CharacterCounter: Hashable, Sendable {
    /// What one character may be: bytes of ASCII, or a lead byte of UTF-8 and what follows it.
    let forms: [[RegularExpression.ByteSet]]
    let least: Int
    let most: Int?

    /// Nil unless `node` is one character.
    init?(repeating node: RegularExpressionNode, least: Int, most: Int?) {
        guard let forms = Self.forms(of: node), forms.allSatisfy(Self.isCharacter) else {
            return nil
        }
        self.forms = forms
        self.least = least
        self.most = most
    }

    private static func forms(of node: RegularExpressionNode) -> [[RegularExpression.ByteSet]]? {
        switch node {
        case .bytes(let set): return [[set]]
        case .sequence(let nodes):
            var form: [RegularExpression.ByteSet] = []
            for node in nodes {
                guard case .bytes(let set) = node else { return nil }
                form.append(set)
            }
            return [form]
        case .choice(let nodes):
            var all: [[RegularExpression.ByteSet]] = []
            for node in nodes {
                guard let forms = forms(of: node) else { return nil }
                all += forms
            }
            return all
        case .group(let node, _): return forms(of: node)
        case .empty, .assertion, .repeated: return nil
        }
    }

    /// Whether bytes tell where such a character ends: then none begins inside another.
    private static func isCharacter(_ form: [RegularExpression.ByteSet]) -> Bool {
        guard let lead = form.first?.members, let first = lead.first, let last = lead.last else {
            return false
        }
        let leads: ClosedRange<UInt8>
        switch form.count {
        case 1: leads = 0x00...0x7F
        case 2: leads = 0xC0...0xDF
        case 3: leads = 0xE0...0xEF
        case 4: leads = 0xF0...0xF7
        default: return false
        }
        return leads.contains(first) && leads.contains(last)
            && form.dropFirst().allSatisfy { $0.members.allSatisfy { $0 & 0xC0 == 0x80 } }
    }

    /// How many bytes the character at `at` has, if it is one of these.
    func length(_ bytes: Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
        for form in forms where form.count <= end - at {
            var count = 0
            while count < form.count, form[count].contains(bytes[at + count]) { count += 1 }
            if count == form.count { return count }
        }
        return nil
    }

    /// The repeats that have begun in a value.
    struct Running {
        /// How many characters were taken when each began, ascending.
        private var begun: [Int] = []
        private var first = 0
        private var taken = 0
        /// The end of the last character taken: where the next one begins.
        private var edge = 0

        private var isEmpty: Bool { first == begun.count }

        /// Begins repeats at `at`. Inside a character no other begins.
        mutating func begin(_ at: Int) {
            if isEmpty {
                begun.removeAll(keepingCapacity: true)
                (first, taken, edge) = (0, 0, at)
            }
            if edge == at, begun.last != taken || isEmpty { begun.append(taken) }
        }

        /// Takes the character that begins at `at`.
        mutating func take(_ counter: CharacterCounter, _ bytes: Span<UInt8>, _ at: Int, _ end: Int)
        {
            guard !isEmpty, edge == at else { return }
            guard let length = counter.length(bytes, at, end) else {
                first = begun.count
                return
            }
            edge += length
            taken += 1
        }

        /// Whether some of the repeats may end at `at`.
        mutating func ends(_ counter: CharacterCounter, _ at: Int) -> Bool {
            guard !isEmpty, edge == at else { return false }
            if let most = counter.most {
                while first < begun.count, taken - begun[first] > most { first += 1 }
                // What has taken all it may stays until the next character, and no longer.
            } else {
                // Without an upper bound the oldest speaks for all once it has enough.
                let oldest = begun[first]
                if taken - oldest >= counter.least {
                    begun.removeLast(begun.count - 1)
                    (begun[0], first) = (oldest, 0)
                }
            }
            return first < begun.count && taken - begun[first] >= counter.least
        }
    }
}
