/// What somebody has answered so far, as texts that were checked.
struct SetupAnswers: Hashable, Sendable {
    struct Zone: Hashable, Sendable {
        var id: String
        var zoneClass: String
        var name: String
        var nameJapanese: String
        var addresses: [String] = []
    }

    struct Person: Hashable, Sendable {
        var name: String
        /// Of a contact: mail address or telephone number; of an operator: the login.
        var place: String
        /// Of an operator.
        var role = ""
    }

    var organisation = "?"
    var organisationJapanese = ""
    var fiscalYearStart = "4"
    var timeZone = "Asia/Tokyo"
    var zones = SetupAnswers.city
    /// The zone of this machine.
    var zone = ""
    var store = "/var/lib/hisui"
    var journal = true
    var syslogUDP = ""
    var syslogTCP = ""
    var files: [String] = []
    var retentionClass = "standard"
    var days = ["mon", "tue", "wed", "thu", "fri"]
    var opens = "8:30"
    var closes = "17:15"
    var contacts: [Person] = []
    var operators: [Person] = []

    /// The three of a Japanese city (自治体情報システム強靭性向上モデル).
    static let city = [
        Zone(
            id: "mynumber", zoneClass: "isolated", name: "Resident data",
            nameJapanese: "マイナンバー利用事務系"),
        Zone(
            id: "lgwan", zoneClass: "restricted",
            name: "Office systems on the government network", nameJapanese: "LGWAN 接続系"),
        Zone(
            id: "internet", zoneClass: "exposed", name: "Systems in touch with the internet",
            nameJapanese: "インターネット接続系"),
    ]
}

/// A text in both languages.
public struct Wording: Hashable, Sendable {
    public var english: String
    public var japanese: String

    public init(_ english: String, _ japanese: String) {
        self.english = english
        self.japanese = japanese
    }
}
