/// The eras by which Japan counts years.
public struct JapaneseEra: Sendable {
    /// In UTF-8.
    public let name: [UInt8]
    /// The capital letter that stands for it.
    public let letter: UInt8
    /// The year before its first one.
    public let yearBefore: Int

    private init(_ name: String, _ letter: Unicode.Scalar, _ yearBefore: Int) {
        self.name = Array(name.utf8)
        self.letter = UInt8(ascii: letter)
        self.yearBefore = yearBefore
    }

    /// The latest first.
    public static let all = [
        JapaneseEra("令和", "R", 2018), JapaneseEra("平成", "H", 1988), JapaneseEra("昭和", "S", 1925),
        JapaneseEra("大正", "T", 1911), JapaneseEra("明治", "M", 1867),
    ]

    /// What is written for the number of an era's first year, in UTF-8.
    public static let firstYear = Array("元".utf8)
}
