/// Answers as a configuration, with comments for who reads it next.
struct SetupText {
    let answers: SetupAnswers
    let isJapanese: Bool

    var text: String {
        [head, zones, places, streams, sources, people].joined(separator: "\n")
    }

    private func say(_ english: String, _ japanese: String) -> String {
        isJapanese ? japanese : english
    }

    private func say(_ wording: Wording) -> String { say(wording.english, wording.japanese) }

    // Comments that are too long for their place.
    private static let writtenText = Wording(
        "Written by `hisui setup`. Change it as you like, then:",
        "`hisui setup` が作成しました。編集後に実行:")
    private static let zonesText = Wording(
        "All zones of the organisation: addresses in records are told apart by them.",
        "組織のすべての領域。ログ中のアドレスの判別に使います。")
    private static let storeText = Wording(
        "A directory of its own, owned by the daemon's user.",
        "保管庫。デーモンの利用者が所有する専用のディレクトリ。")
    private static let classText = Wording(
        "For how long records are kept: `hisui retention plan`, docs/retention.md.",
        "保存区分: `hisui retention plan`、docs/retention.md。")
    private static let hoursText = Wording(
        "When people are at work; holidays go under `closed: [2027-01-01]`.",
        "開庁時間。休日は `closed: [2027-01-01]` のように追加します。")

    /// In double quotes, as YAML and JSON read it.
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\" + String(scalar)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    private func names(_ name: String, _ japanese: String, indent: String) -> String {
        "\(indent)name: \(Self.quoted(name))\n"
            + (japanese.isEmpty ? "" : "\(indent)name_ja: \(Self.quoted(japanese))\n")
    }

    private var head: String {
        """
        # \(say(Self.writtenText))
        #   hisui check config FILE
        # \(say("All keys: docs/configuration.md", "すべてのキー: docs/configuration.md"))

        organisation:

        """ + names(answers.organisation, answers.organisationJapanese, indent: "  ") + """
              # \(say("The month with which a fiscal year begins.", "会計年度の始まる月。"))
              fiscal_year_start: \(answers.fiscalYearStart)

            """
    }

    private var zones: String {
        let own = answers.zone.isEmpty ? answers.zones.first?.id ?? "" : answers.zone
        var text = """
            # \(say("The zone of this machine; one of those below.", "この機器の領域。下の一覧のどれか。"))
            zone: \(Self.quoted(own))

            # \(say(Self.zonesText))
            zones:

            """
        for zone in answers.zones {
            text += "  - id: \(Self.quoted(zone.id))\n"
            text += names(zone.name, zone.nameJapanese, indent: "    ")
            text += "    class: \(zone.zoneClass)\n"
            text += "    addresses: \(Self.list(zone.addresses))\n"
        }
        return text
    }

    static func list(_ texts: [String]) -> String {
        "[" + texts.map(quoted).joined(separator: ", ") + "]"
    }

    private var places: String {
        """
        # \(say(Self.storeText))
        store: \(Self.quoted(answers.store))

        # \(say("For times that name no zone.", "時間帯のない時刻の解釈。"))
        time_zone: \(Self.quoted(answers.timeZone))

        """
    }

    private var streams: String {
        """
        # \(say(Self.classText))
        streams:
          - name: default
            class: \(Self.quoted(answers.retentionClass))

        """
    }

    private var sources: String {
        var lines: [String] = []
        if answers.journal { lines.append("journal: {local: true}") }
        if !answers.syslogUDP.isEmpty {
            lines.append("syslog: {udp: \(Self.quoted(answers.syslogUDP))}")
        }
        if !answers.syslogTCP.isEmpty {
            lines.append("syslog: {tcp: \(Self.quoted(answers.syslogTCP))}")
        }
        for path in answers.files { lines.append("files: {paths: [\(Self.quoted(path))]}") }
        // While nothing was asked yet, what is checked has a source.
        return "# \(say("Where records come from.", "収集元。"))\nsources:"
            + (lines.isEmpty ? " []\n" : "\n" + lines.map { "  - \($0)\n" }.joined())
    }

    private var people: String {
        var text = """
            # \(say(Self.hoursText))
            opening_hours:
              days: [\(answers.days.joined(separator: ", "))]
              from: \(Self.quoted(answers.opens))
              to: \(Self.quoted(answers.closes))

            """
        if !answers.contacts.isEmpty {
            text += "\n# \(say("Whom to tell.", "連絡先。"))\ncontacts:\n"
            for person in answers.contacts {
                let key = person.place.contains("@") ? "mail" : "telephone"
                text += "  - name: \(Self.quoted(person.name))\n"
                text += "    \(key): \(Self.quoted(person.place))\n"
            }
        }
        if !answers.operators.isEmpty {
            let who = say(
                "Who may do what: viewer, analyst, auditor, administrator.",
                "操作者と役割: viewer 閲覧、analyst 調査、auditor 監査、administrator 管理。")
            text += "\n# \(who)\noperators:\n"
            for person in answers.operators {
                text += "  - name: \(Self.quoted(person.name))\n"
                text += "    account: \(Self.quoted(person.place))\n"
                text +=
                    person.role == SetupInterview.single
                    ? "    roles: {\"*\": [administrator, analyst]}\n    mode: single-operator\n"
                    : "    roles: {\"*\": \(person.role)}\n"
            }
        }
        return text
    }
}
