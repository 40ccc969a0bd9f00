import HisuiYAML

/// Questions whose answers make a first configuration.
///
///     var interview = SetupInterview(hasJournal: true)
///     while let question = interview.question {
///         … ask; an empty answer is the default …
///         if let problem = interview.answer(text) { … say why, ask again … }
///     }
///     let yaml = interview.configuration(japanese: true)
///
/// Every answer is checked at once, by the same code that reads configurations: it is written into
/// the configuration as it would be, which must be accepted. So what comes out always is.
public struct SetupInterview: Sendable {
    /// One of the things that are asked.
    enum Step: Hashable, Sendable {
        case organisation, organisationJapanese, fiscalYearStart, timeZone
        case zones, ownZone
        case addresses(String)
        case zone, store
        case journal, syslogUDP, syslogTCP, files
        case retentionClass
        case days, opens, closes
        case contacts, operators
    }

    /// What is asked next.
    public struct Question: Hashable, Sendable {
        /// By which an answers file answers it; `addresses.ZONE` for a zone's.
        public var key: String
        public var prompt: Wording
        /// A line that says what it is for.
        public var explanation: Wording
        /// What an empty answer means; nil: there must be an answer.
        public var preset: String?
        /// Whether it is asked again until the answer is empty.
        public var repeats: Bool
    }

    static let single = "single-operator"
    /// Whether this machine has a journal.
    private let hasJournal: Bool
    private let classes: RetentionClasses
    private(set) var answers = SetupAnswers()
    private var number = 0
    private var isOwn = false

    /// - Parameters:
    ///   - hasJournal: whether this machine has a journal to read.
    ///   - classes: the retention classes there are.
    public init(hasJournal: Bool, classes: RetentionClasses) {
        self.hasJournal = hasJournal
        self.classes = classes
        answers.journal = true
    }

    private var steps: [Step] {
        [.organisation, .organisationJapanese, .fiscalYearStart, .timeZone, .zones]
            + (isOwn ? [.ownZone] : []) + answers.zones.map { .addresses($0.id) }
            + [.zone, .store, .journal, .syslogUDP, .syslogTCP, .files, .retentionClass]
            + [.days, .opens, .closes, .contacts, .operators]
    }

    private var step: Step? { number < steps.count ? steps[number] : nil }

    /// The next question; nil when all are answered.
    public var question: Question? { step.map { question(for: $0) } }

    /// Takes the answer to `question`; an empty one is its default.
    ///
    /// - Returns: why it is not taken; nil if it is.
    public mutating func answer(_ text: String) -> Wording? {
        guard let step, let question else { preconditionFailure("nothing was asked") }
        let trimmed = Self.trimmed(text)
        if trimmed.isEmpty, question.repeats { return end(step) }
        guard let given = trimmed.isEmpty ? question.preset : trimmed else {
            return Wording("an answer is needed", "入力が必要です")
        }
        var changed = self
        if let problem = changed.take(given, step) { return problem }
        if let problem = changed.problem(step) { return Wording(problem, problem) }
        if !question.repeats { changed.number += 1 }
        self = changed
        return nil
    }

    /// Ends a question that repeats.
    private mutating func end(_ step: Step) -> Wording? {
        if step == .ownZone, answers.zones.isEmpty {
            return Wording("give at least one zone", "領域を一つ以上入力してください")
        }
        number += 1
        return nil
    }

    /// What the reader of configurations says to the answers so far.
    private func problem(_ step: Step) -> String? {
        var shown = self
        // Until all sources were asked for, this machine's journal stands for them.
        if step == .journal || step == .syslogUDP || step == .syslogTCP {
            shown.answers.journal = true
        }
        // Own zones are asked for next.
        if shown.answers.zones.isEmpty { return nil }
        let bytes = Array(shown.configuration(japanese: false).utf8)
        let (configuration, diagnostics) = Configuration.load(bytes, file: "setup")
        let wrong = diagnostics.first ?? configuration?.check(against: classes).first
        return wrong.map { $0.hint.isEmpty ? $0.message : "\($0.message) (\($0.hint))" }
    }

    /// The configuration that the answers make, as YAML with comments.
    public func configuration(japanese: Bool) -> String {
        SetupText(answers: answers, isJapanese: japanese).text
    }

    /// Where the store will be.
    public var store: String { answers.store }

    static func trimmed(_ text: String) -> String {
        var scalars = Substring(text).unicodeScalars
        let isBlank = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        while let first = scalars.first, isBlank(first) { scalars.removeFirst() }
        while let last = scalars.last, isBlank(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// The parts of a list: separated by commas, also Japanese ones.
    static func parts(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == "、" || $0 == "，" }.map { trimmed(String($0)) }
            .filter { !$0.isEmpty }
    }

    static func isNone(_ text: String) -> Bool {
        ["none", "no", "n", "-", "なし", "いいえ"].contains(text.lowercased())
    }
}

// Answers.
extension SetupInterview {
    /// Puts an answer where it belongs; what it means is checked afterwards.
    private mutating func take(_ text: String, _ step: Step) -> Wording? {
        switch step {
        case .organisation: answers.organisation = text
        case .organisationJapanese: answers.organisationJapanese = text
        case .fiscalYearStart:
            guard let month = Int(text), (1...12).contains(month) else {
                return Wording("a month from 1 to 12", "1 から 12 の月を入力してください")
            }
            answers.fiscalYearStart = String(month)
        case .timeZone: answers.timeZone = text
        case .zones: return takeZones(text)
        case .ownZone: return takeOwnZone(text)
        case .addresses(let id):
            guard let place = answers.zones.firstIndex(where: { $0.id == id }) else { return nil }
            answers.zones[place].addresses = Self.isNone(text) ? [] : Self.parts(text)
        case .zone: answers.zone = text
        case .store: answers.store = text
        case .journal: return takeJournal(text)
        case .syslogUDP: answers.syslogUDP = endpoint(text)
        case .syslogTCP: answers.syslogTCP = endpoint(text)
        case .files:
            answers.files = Self.isNone(text) ? [] : Self.parts(text)
            if !answers.journal, answers.syslogUDP.isEmpty, answers.syslogTCP.isEmpty,
                answers.files.isEmpty
            {
                return Wording(
                    "there would be no source at all: name a file, or begin again",
                    "収集元が一つもありません。ファイルを指定するか、最初からやり直してください")
            }
        case .retentionClass: answers.retentionClass = text
        case .days: answers.days = Self.parts(text)
        case .opens:
            answers.opens = text
            // Not asked yet; so that an evening shift is not refused for it.
            if let minute = PersonText.minute(text), minute >= 17 * 60 + 15 {
                answers.closes = "24:00"
            }
        case .closes: answers.closes = text
        case .contacts: return takeContact(text)
        case .operators: return takeOperator(text)
        }
        return nil
    }

    private mutating func takeZones(_ text: String) -> Wording? {
        switch text.lowercased() {
        case "city":
            answers.zones = SetupAnswers.city
            isOwn = false
        case "own":
            answers.zones = []
            isOwn = true
        default: return Wording("answer city or own", "city か own を入力してください")
        }
        return nil
    }

    private mutating func takeOwnZone(_ text: String) -> Wording? {
        let parts = Self.parts(text)
        guard (3...4).contains(parts.count) else {
            return Wording(
                "write it like: office, restricted, Office systems, 事務系",
                "次のように入力してください: office, restricted, Office systems, 事務系")
        }
        answers.zones.append(
            SetupAnswers.Zone(
                id: parts[0], zoneClass: parts[1], name: parts[2],
                nameJapanese: parts.count > 3 ? parts[3] : ""))
        return nil
    }

    private mutating func takeJournal(_ text: String) -> Wording? {
        switch text.lowercased() {
        case "yes", "y", "true", "はい": answers.journal = true
        case "no", "n", "false", "いいえ": answers.journal = false
        default: return Wording("answer yes or no", "yes か no を入力してください")
        }
        return nil
    }

    /// A port alone means all addresses of this machine.
    private func endpoint(_ text: String) -> String {
        if Self.isNone(text) { return "" }
        return text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? "0.0.0.0:" + text : text
    }

    private mutating func takeContact(_ text: String) -> Wording? {
        let parts = Self.parts(text)
        guard parts.count == 2 else {
            return Wording(
                "write it like: CSIRT, csirt@example.lg.jp",
                "次のように入力してください: 情報政策課, csirt@example.lg.jp")
        }
        answers.contacts.append(SetupAnswers.Person(name: parts[0], place: parts[1]))
        return nil
    }

    private mutating func takeOperator(_ text: String) -> Wording? {
        let parts = Self.parts(text)
        let roles = Configuration.Role.allCases.map(\.rawValue) + [Self.single]
        guard parts.count == 3, roles.contains(parts[2]) else {
            return Wording(
                "write it like: Tanaka, tanaka, analyst; roles are "
                    + roles.joined(separator: ", "),
                "次のように入力してください: 田中, tanaka, analyst（役割: "
                    + roles.joined(separator: "、") + "）")
        }
        answers.operators.append(
            SetupAnswers.Person(name: parts[0], place: parts[1], role: parts[2]))
        return nil
    }
}

// Questions.
extension SetupInterview {
    private func question(for step: Step) -> Question {
        let (key, prompt, explanation) = words(step)
        return Question(
            key: key, prompt: prompt, explanation: explanation, preset: preset(step),
            repeats: [.ownZone, .contacts, .operators].contains(step))
    }

    private func preset(_ step: Step) -> String? {
        switch step {
        case .organisation, .ownZone, .contacts, .operators: nil
        case .organisationJapanese: answers.organisation
        case .fiscalYearStart: "4"
        case .timeZone: "Asia/Tokyo"
        case .zones: "city"
        case .addresses, .syslogUDP, .syslogTCP, .files: "none"
        case .zone: answers.zones.count == 1 ? answers.zones[0].id : nil
        case .store: "/var/lib/hisui"
        case .journal: hasJournal ? "yes" : "no"
        case .retentionClass: "standard"
        case .days: "mon, tue, wed, thu, fri"
        case .opens: "8:30"
        case .closes: answers.closes
        }
    }
}
