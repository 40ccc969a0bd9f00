/// What is asked, in both languages.
extension SetupInterview {
    typealias Words = (key: String, prompt: Wording, explanation: Wording)

    func words(_ step: Step) -> Words {
        switch step {
        case .organisation, .organisationJapanese, .fiscalYearStart, .timeZone:
            organisationWords(step)
        case .zones, .ownZone, .addresses, .zone: zoneWords(step)
        case .store, .journal, .syslogUDP, .syslogTCP, .files, .retentionClass: sourceWords(step)
        case .days, .opens, .closes, .contacts, .operators: peopleWords(step)
        }
    }

    private func organisationWords(_ step: Step) -> Words {
        switch step {
        case .organisation:
            (
                "organisation", Wording("Organisation", "組織名"),
                Wording("Printed on reports and evidence.", "報告書と証跡に記載されます。")
            )
        case .organisationJapanese:
            (
                "organisation_ja", Wording("Organisation in Japanese", "組織名（日本語）"),
                Wording("For reports in Japanese.", "日本語の報告書に使います。")
            )
        case .fiscalYearStart:
            (
                "fiscal_year_start", Wording("First month of the fiscal year", "会計年度の最初の月"),
                Wording(
                    "Terms of retention may count from the end of a fiscal year.",
                    "保存期間を年度末から数えるために使います。")
            )
        default:
            (
                "time_zone", Wording("Time zone", "時間帯"),
                Wording(
                    "For times in records that name none.", "時間帯の書かれていない時刻の解釈に使います。")
            )
        }
    }

    private func zoneWords(_ step: Step) -> Words {
        switch step {
        case .zones:
            (
                "zones", Wording("Zones: city or own", "領域: city または own"),
                Wording(
                    "city: resident data, LGWAN, internet, as Japanese cities have. "
                        + "own: you name them.",
                    "city: マイナンバー利用事務系・LGWAN 接続系・インターネット接続系。own: 自分で入力。")
            )
        case .ownZone:
            (
                "own_zones",
                Wording("A zone: id, class, name, name in Japanese", "領域: id, class, 英語名, 日本語名"),
                Wording(
                    "Classes: isolated, restricted, exposed, monitoring, general. "
                        + "Empty when there are no more.",
                    "class: isolated 分離, restricted 制限, exposed 公開, monitoring 監視, general 一般。"
                        + "終わりは空行。")
            )
        case .addresses(let id):
            (
                "addresses." + id,
                Wording("Addresses of zone \(id)", "領域 \(id) のアドレス"),
                Wording(
                    "Ranges with commas, e.g. 10.1.0.0/16, 10.9.0.0/24. Records are told apart "
                        + "by them.",
                    "範囲をコンマで区切ります。例: 10.1.0.0/16, 10.9.0.0/24")
            )
        default:
            (
                "zone",
                Wording(
                    "Zone of this machine: "
                        + answers.zones.map(\.id).joined(separator: ", "),
                    "この機器の領域: " + answers.zones.map(\.id).joined(separator: ", ")),
                Wording(
                    "A daemon serves one zone; each zone has its own.",
                    "デーモンは一つの領域を担当します。領域ごとに 1 台必要です。")
            )
        }
    }

    private func sourceWords(_ step: Step) -> Words {
        switch step {
        case .store:
            (
                "store", Wording("Directory of the store", "保管庫のディレクトリ"),
                Wording(
                    "Empty or not there yet; needs room for the logs.",
                    "空か、まだ無いもの。ログを置く容量が必要です。")
            )
        case .journal:
            (
                "journal", Wording("Read this machine's journal", "この機器の journal を読む"),
                Wording("systemd's log: logins, sudo, services.", "systemd のログ（ログイン・sudo・サービス）。")
            )
        case .syslogUDP:
            (
                "syslog_udp", Wording("Receive syslog over UDP", "syslog（UDP）を受信する"),
                Wording(
                    "ADDRESS:PORT, or a port for all addresses, e.g. 514; none for not at all.",
                    "アドレス:ポート、またはポート番号（全アドレス）。例: 514。不要なら none。")
            )
        case .syslogTCP:
            (
                "syslog_tcp", Wording("Receive syslog over TCP", "syslog（TCP）を受信する"),
                Wording("Likewise; loses nothing on the way.", "同上。途中で失われません。")
            )
        case .files:
            (
                "files", Wording("Files to follow", "追跡するファイル"),
                Wording(
                    "Paths with commas, * and ** allowed: /var/log/app/*.log",
                    "コンマ区切り。* と ** が使えます: /var/log/app/*.log")
            )
        default:
            (
                "retention_class", Wording("Retention class", "保存区分"),
                Wording(
                    "short 90 d, standard 1 y, long 3 y, municipal-3a … Nothing is deleted "
                        + "before somebody approves it.",
                    "short 90 日、standard 1 年、long 3 年、自治体機密性3A など。承認されるまで廃棄しません。")
            )
        }
    }

    private func peopleWords(_ step: Step) -> Words {
        switch step {
        case .days:
            (
                "opening_days", Wording("Working days", "開庁日"),
                Wording(
                    "mon, tue, wed, thu, fri, sat, sun; work at other times is remarkable.",
                    "mon, tue, wed, thu, fri, sat, sun。それ以外の操作は注意の対象です。")
            )
        case .opens:
            (
                "opening_from", Wording("Work begins at", "開庁時刻"),
                Wording("Like 8:30.", "例: 8:30")
            )
        case .closes:
            (
                "opening_to", Wording("Work ends at", "閉庁時刻"),
                Wording("Like 17:15.", "例: 17:15")
            )
        case .contacts:
            (
                "contacts",
                Wording("A contact: name, mail or telephone", "連絡先: 名前, メールまたは電話"),
                Wording("Empty when there are no more.", "終わりは空行。")
            )
        default:
            (
                "operators",
                Wording("An operator: name, login, role", "操作者: 名前, ログイン名, 役割"),
                Wording(
                    "Roles: viewer, analyst, auditor, administrator, or single-operator for one "
                        + "person who is all of it. Empty when there are no more.",
                    "役割: viewer 閲覧、analyst 調査、auditor 監査、administrator 管理、"
                        + "single-operator 一人ですべて。終わりは空行。")
            )
        }
    }
}
