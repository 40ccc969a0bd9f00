/// Why a command ends without having done what was asked.
struct Failure: Error {
    /// Exit statuses, the same for every command.
    enum Status: Int32, CaseIterable {
        /// A negative answer, where the command documents one.
        case negative = 1
        case usage = 2
        /// Input that is refused: a configuration, a definition, a file, a store.
        case refused = 3
        case integrity = 4

        /// For a person: what it means that a command ends with this.
        var meaning: String {
            switch self {
            case .negative:
                say(
                    "A negative answer, where the command says so: nothing was found.",
                    "否定の結果（コマンドの説明にある場合）。該当なしなど。")
            case .usage: say("Wrong usage.", "使い方の誤り。")
            case .refused:
                say(
                    "Input was refused: a configuration, a definition, a file, a store.",
                    "入力を受け付けられない（設定・定義・ファイル・保管庫）。")
            case .integrity: say("What is stored is not whole.", "保管内容の完全性に問題がある。")
            }
        }
    }

    var status: Status
    /// What is wrong, where, and the way out; without a line feed at the end.
    var message: String

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }
}
