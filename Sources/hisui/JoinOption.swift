import HisuiBytes
import HisuiCollect

/// Which lines are one record, as a person writes it.
enum JoinOption {
    static func resolve(_ text: String) throws(Failure) -> JoinRule {
        if text == "indented" { return JoinRule(.indented) }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["start", "continues"].contains(parts[0]) else {
            throw Failure(
                .usage,
                say(
                    "--join takes start:PATTERN, continues:PATTERN or indented",
                    "--join は start:正規表現、continues:正規表現、indented のいずれかです"))
        }
        do throws(RegularExpressionError) {
            let expression = try RegularExpression(parts[1])
            return JoinRule(parts[0] == "start" ? .start(expression) : .continues(expression))
        } catch {
            throw Failure(
                .usage,
                say(
                    "--join: '\(parts[1])': \(error.reason)",
                    "--join: 正規表現 '\(parts[1])' は使えません: \(error.reason)"))
        }
    }
}
