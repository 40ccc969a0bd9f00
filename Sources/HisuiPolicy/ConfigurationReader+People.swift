import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Operators, contacts, opening hours.
extension ConfigurationReader {
    /// The key under which a role is given for all zones.
    private static let everyZone = "*"

    func operators(_ top: inout MappingReader, _ zones: [String]) -> [Configuration.Operator] {
        guard let nodes = top.list("operators"),
            bounded(nodes, Limits.peopleMax, top, "operators", "operators")
        else { return [] }
        var accounts: [String: YAMLNode] = [:]
        return nodes.compactMap { node in
            guard var reader = MappingReader(node, "an operator", log) else { return nil }
            let names = names(&reader)
            let given = reader.stringNode("account", required: true)
            let account = given.flatMap { self.account($0) }
            let section = reader.stringNode("section").flatMap { label($0) }
            let mode = reader.choice("mode", of: ["single-operator"])
            let roles = roles(&reader, zones)
            reader.finish()
            if let roles { checkDuties(roles, isSingle: mode != nil, reader) }
            guard let names, let given, let account, let roles,
                isFirst(account, given.node, &accounts, "the account")
            else { return nil }
            return Configuration.Operator(
                name: names.0, nameJapanese: names.1, account: account, section: section,
                roles: roles, isSingle: mode != nil)
        }
    }

    /// A login as systems take it.
    private func account(_ given: Text) -> String? {
        let isRight = given.text.utf8.allSatisfy { byte in
            byte > 0x20 && byte != UInt8(ascii: ":") && byte != UInt8(ascii: "/") && byte < 0x7F
        }
        guard isRight, !given.text.isEmpty, given.text.utf8.count <= 64 else {
            log.report(
                given.node, "\(given.node.quoted) is no login",
                hint: "1 to 64 characters of ASCII without spaces, : and /")
            return nil
        }
        return given.text
    }

    /// `{ZONE: ROLE, ZONE: [ROLE, …]}`; `*` stands for all zones.
    private func roles(
        _ reader: inout MappingReader, _ zones: [String]
    ) -> [String: Set<Configuration.Role>]? {
        guard let value = reader.value("roles", required: true) else { return nil }
        guard let entries = value.mapping, !entries.isEmpty else {
            log.report(
                value, "`roles` must say for which zone which role, not \(value.described)",
                hint: "such as `roles: {\(zones.first ?? "zone"): analyst}`")
            return nil
        }
        var roles: [String: Set<Configuration.Role>] = [:]
        for (key, given) in entries {
            let name = key.text ?? ""
            if name != Self.everyZone, !zones.contains(name) {
                if !zones.isEmpty {
                    log.reportUnknown(key, "zone", valid: zones + [Self.everyZone])
                }
                continue
            }
            let own = role(given)
            for zone in name == Self.everyZone ? zones : [name] {
                roles[zone, default: []].formUnion(own)
            }
        }
        return roles
    }

    private func role(_ given: YAMLNode) -> Set<Configuration.Role> {
        let valid = Configuration.Role.allCases.map(\.rawValue)
        var roles: Set<Configuration.Role> = []
        for node in given.sequence ?? [given] {
            if let role = node.string.flatMap(Configuration.Role.init) {
                roles.insert(role)
            } else if node.string != nil {
                log.reportUnknown(node, "role", valid: valid)
            } else {
                log.report(
                    node, "a role must be text, not \(node.described)",
                    hint: "valid: " + valid.joined(separator: ", "))
            }
        }
        return roles
    }

    /// Who administrates must not check himself, unless it is said that there is nobody else.
    private func checkDuties(
        _ roles: [String: Set<Configuration.Role>], isSingle: Bool, _ reader: MappingReader
    ) {
        let both = roles.filter { _, roles in
            roles.contains(.administrator)
                && (roles.contains(.analyst) || roles.contains(.auditor))
        }.keys.sorted()
        if let zone = both.first, !isSingle {
            reader.report(
                "roles", "one person would administrate and investigate zone `\(zone)`",
                hint: "give the roles to two people, or say `mode: single-operator`: "
                    + "such acts then wait for the superior's confirmation")
        } else if both.isEmpty, isSingle {
            reader.report(
                "mode", "`mode: single-operator` is for who administrates and investigates a zone",
                hint: "remove it")
        }
    }

    func contacts(_ top: inout MappingReader) -> [Configuration.Contact] {
        guard let nodes = top.list("contacts"),
            bounded(nodes, Limits.peopleMax, top, "contacts", "contacts")
        else { return [] }
        return nodes.compactMap { node in
            guard var reader = MappingReader(node, "a contact", log) else { return nil }
            let names = names(&reader)
            let section = reader.stringNode("section").flatMap { label($0) }
            let duty = reader.stringNode("duty").flatMap { label($0) }
            let mail = reader.stringNode("mail").flatMap { self.mail($0) }
            let telephone = reader.stringNode("telephone").flatMap { self.telephone($0) }
            reader.finish()
            if mail == nil, telephone == nil, reader.keyNode("mail") == nil,
                reader.keyNode("telephone") == nil
            {
                log.report(node, "a contact needs one of the keys `mail`, `telephone`")
            }
            guard let names else { return nil }
            return Configuration.Contact(
                name: names.0, nameJapanese: names.1, section: section, duty: duty, mail: mail,
                telephone: telephone)
        }
    }

    private func mail(_ given: Text) -> String? {
        guard PersonText.isMail(given.text) else {
            log.report(given.node, "\(given.node.quoted) is no mail address")
            return nil
        }
        return given.text
    }

    private func telephone(_ given: Text) -> String? {
        guard PersonText.isTelephone(given.text) else {
            log.report(
                given.node, "\(given.node.quoted) is no telephone number",
                hint: "digits, spaces, + - ( ), at most 32")
            return nil
        }
        return given.text
    }

    func openingHours(_ top: inout MappingReader) -> Configuration.OpeningHours {
        var hours = Configuration.OpeningHours()
        guard var reader = top.mapping("opening_hours", "the opening hours") else { return hours }
        if let days = reader.strings("days") {
            hours.weekdays = Set(
                days.compactMap { given in
                    if let day = PersonText.weekdays.firstIndex(of: given.text) { return day }
                    log.reportUnknown(given.node, "day", valid: PersonText.weekdays)
                    return nil
                })
        }
        let opens = reader.stringNode("from")
        let closes = reader.stringNode("to")
        hours.opens = opens.map { minute($0) } ?? hours.opens
        hours.closes = closes.map { minute($0) } ?? hours.closes
        if hours.opens >= hours.closes, hours.closes >= 0 {
            log.report(
                (closes ?? opens)?.node ?? reader.node, "the day ends before it begins",
                hint: "`from` is earlier than `to`; the end of the day is 24:00")
        }
        if let given = reader.strings("closed"),
            bounded(given, Limits.closedDaysMax, reader, "closed", "days")
        {
            hours.closedDays = Set(given.compactMap { day($0, "a closed day") })
        }
        reader.finish()
        return hours
    }

    /// Minutes after midnight; -1, with a report, where it is no time.
    private func minute(_ given: Text) -> Int {
        if let minute = PersonText.minute(given.text) { return minute }
        log.report(
            given.node, "\(given.node.quoted) is no time of day",
            hint: "write it like \"8:30\" or \"17:15\"")
        return -1
    }

    func day(_ given: Text, _ what: String) -> Day? {
        if let day = Day(given.text) { return day }
        log.report(
            given.node, "\(given.node.quoted) is no date for \(what)",
            hint: "write it like 2026-04-01")
        return nil
    }
}

/// Texts about people, as configuration and setup take them.
enum PersonText {
    /// From Sunday.
    static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    static func isMail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && parts[1].contains(".")
            && text.utf8.count <= 254 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            && !text.utf8.contains { "\"<>,;".utf8.contains($0) }
    }

    static func isTelephone(_ text: String) -> Bool {
        text.utf8.count <= 32 && text.utf8.contains { (0x30...0x39).contains($0) }
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || " +-()".utf8.contains($0) }
    }

    /// Minutes after midnight of `8:30`, 0 to 1,440.
    static func minute(_ text: String) -> Int? {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
            parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(Substring(parts[0])), let minute = Int(Substring(parts[1])), minute < 60
        else { return nil }
        let total = hour * 60 + minute
        return total <= 1440 ? total : nil
    }
}
