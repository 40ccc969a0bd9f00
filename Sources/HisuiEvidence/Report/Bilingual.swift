/// A language that reports are written in.
public enum ReportLanguage: String, Sendable, CaseIterable {
    case english = "en"
    case japanese = "ja"
}

/// A text for people, in both languages of Hisui.
public struct Bilingual: Hashable, Sendable {
    public var english: String
    public var japanese: String

    public init(_ english: String, _ japanese: String) {
        self.english = english
        self.japanese = japanese
    }

    public subscript(language: ReportLanguage) -> String {
        language == .japanese ? japanese : english
    }
}
