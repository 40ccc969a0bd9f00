import HisuiBytes
import HisuiFile
import HisuiPipeline

/// What the demonstration consists of: three zones of a city that does not exist, what comes from
/// where in them, and what has to be found. The lines themselves are data, in `ops/demo`.
struct DemoPlan {
    /// Where lines enter a zone.
    enum Way: Sendable {
        case tcp
        case udp
        /// A file that the daemon follows.
        case file(name: String)
    }

    /// A source of a zone.
    struct Feed: Sendable {
        var id: String
        var way: Way
        /// Files of lines, below the zone's directory.
        var scripts: [String]
        /// More keys of the source in the configuration, e.g. its encoding.
        var keys: String = ""
    }

    struct Zone: Sendable {
        var id: String
        var name: String
        var nameJapanese: String
        var kind: String
        var addresses: String
        var feeds: [Feed]
        /// Ids of the rules that must find something.
        var expected: [String]
    }

    static let zones = [
        Zone(
            id: "internet", name: "Systems in touch with the internet",
            nameJapanese: "インターネット接続系", kind: "exposed",
            addresses: "10.30.0.0/16, 203.0.113.0/28",
            feeds: [
                Feed(
                    id: "hosts", way: .tcp,
                    scripts: ["story-hosts.log", "background-hosts.log"]),
                Feed(
                    id: "firewall", way: .udp,
                    scripts: ["story-firewall.log", "background-firewall.log"]),
            ],
            expected: [
                "hisui-ssh-brute-force", "hisui-ssh-success-after-failures", "hisui-sudo-denied",
                "hisui-privileged-group-member", "hisui-logging-stopped",
            ]),
        Zone(
            id: "lgwan", name: "Office systems on the government network",
            nameJapanese: "LGWAN 接続系", kind: "restricted", addresses: "10.20.0.0/16",
            feeds: [
                Feed(
                    id: "fileserver", way: .file(name: "FS01.jsonl"),
                    scripts: ["story-fileserver.jsonl", "background-fileserver.jsonl"]),
                Feed(
                    id: "domain", way: .file(name: "DC01.jsonl"),
                    scripts: ["background-domain.jsonl"]),
                Feed(id: "hosts", way: .tcp, scripts: ["background-hosts.log"]),
            ],
            expected: [
                "hisui-windows-contractor-at-night", "hisui-windows-mass-file-reads-at-night",
                "hisui-windows-removable-medium-written",
            ]),
        Zone(
            id: "mynumber", name: "Resident data", nameJapanese: "マイナンバー利用事務系",
            kind: "isolated", addresses: "10.10.0.0/16",
            feeds: [
                Feed(
                    id: "resident-app", way: .file(name: "juki01.csv"),
                    scripts: ["story-resident.csv", "background-resident.csv"],
                    keys: "\n    encoding: cp932\n    parser: app.resident"),
                Feed(id: "hosts", way: .udp, scripts: ["background-hosts.log"]),
            ],
            expected: ["hisui-resident-lookups-without-task"]),
    ]

    /// The file of the keys by which residents have pseudonyms.
    static func subjectKeys(_ zone: String, _ folder: String) -> String {
        folder + "/" + zone + ".subject.keys"
    }

    /// The configuration of a zone's daemon.
    static func configuration(
        of zone: Zone, folder: String, parsers: String, ports: DemoPorts
    ) -> String {
        var text = """
            # Written by `hisui demo`; it is what the daemon of this zone runs with.
            organisation: { name: Hisui City (invented), name_ja: 翡翠市（架空） }
            zone: \(zone.id)
            zones:

            """
        for each in zones {
            text += """
                  - id: \(each.id)
                    name: \(each.name)
                    name_ja: \(each.nameJapanese)
                    class: \(each.kind)
                    addresses: [\(each.addresses)]

                """
        }
        text += """
            store: \(folder)/store
            parsers: [ "\(parsers)" ]
            subject_keys: "\(subjectKeys(zone.id, folder))"
            time_zone: Asia/Tokyo
            sources:

            """
        for feed in zone.feeds {
            let place =
                switch feed.way {
                case .tcp: "syslog: { tcp: \"127.0.0.1:\(ports.tcp)\" }"
                case .udp: "syslog: { udp: \"127.0.0.1:\(ports.udp)\" }"
                case .file(let name):
                    "files: { paths: [ \"\(folder)/logs/\(zone.id)/\(name)\" ] }"
                }
            text += "  - \(place)\n    id: \(feed.id)\(feed.keys)\n"
        }
        return text
    }
}

/// The loopback ports of a zone's daemon.
struct DemoPorts: Sendable {
    var tcp: UInt16
    var udp: UInt16
}

extension DemoPlan.Zone {
    /// Its name in the language of this process.
    var title: String { say(name, nameJapanese) }

    /// The lines of each feed, in order of time, from the shipped files.
    func lines(below data: String, night: DemoNight) throws(Failure) -> [[DemoLine]] {
        var all: [[DemoLine]] = []
        for feed in feeds {
            var lines: [DemoLine] = []
            for name in feed.scripts {
                let path = "\(data)/\(id)/\(name)"
                lines += try DemoScript.read(
                    try InputFile.bytes(path), file: path, night: night)
            }
            all.append(
                lines.enumerated()
                    .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
                    .map(\.element))
        }
        return all
    }
}
