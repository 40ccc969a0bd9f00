import Testing

/// What must not stand in Sources, and what to do instead.
@Suite struct BannedWordsTests {
    static let banned: [(word: String, instead: String)] = [
        ("import Foundation", "use the standard library, Glibc or a module of a lower rank"),
        ("try!", "throw, or handle the error"),
        ("FIXME", "mend it, or open an issue"),
        ("TODO", "do it, or open an issue"),
        ("fatalError(", "use precondition with a message that says what was wrong"),
        ("/work/", "no path of one machine"),
        ("/root/", "no path of one machine"),
    ]

    @Test(arguments: banned)
    func isNowhere(word: String, instead: String) {
        var breaches: [String] = []
        for file in Repository.files(below: "Sources") {
            for (number, line) in Repository.lines(file) where line.contains(word) {
                breaches.append("\(file):\(number): \(word): \(instead)")
            }
        }
        report(breaches)
    }
}
