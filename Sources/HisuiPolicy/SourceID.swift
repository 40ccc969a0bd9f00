import HisuiBytes
import HisuiEvent

/// Ids of configured sources.
enum SourceID {
    static func isValid(_ id: String) -> Bool {
        let bytes = id.utf8
        return !bytes.isEmpty && bytes.count <= Limits.configuredSourceIDBytesMax
            && bytes.allSatisfy { isPlain($0) || ":/@".utf8.contains($0) }
    }

    /// An id made from the place alone.
    ///
    /// Positions are stored under it: it must not change when another source is added, removed or
    /// moved, so it is no number in the list.
    ///
    ///     journal   journal.NAMESPACE   journal-var-log-remote   files-var-log-app-_.log
    ///     syslog-udp-127.0.0.1:5514     syslog-unix-run-hisui-log    csv-folder-srv-drop-_.csv
    ///     audit-run-audit-audispd_events   audit-lost
    ///     journal-upload-127.0.0.1:19532   shippers-127.0.0.1:9200
    static func derived(from input: Configuration.Source.Input) -> String {
        let id: String
        switch input {
        case .journal(let journal):
            switch journal.place {
            case .local: id = journal.namespace.map { "journal." + $0 } ?? "journal"
            case .directory(let path): id = "journal" + plain(path)
            case .files(let paths): id = "journal" + plain(paths.first ?? "")
            }
        case .syslog(let syslog):
            switch syslog.listener {
            case .udp(let endpoint): id = "syslog-udp-" + bare(endpoint)
            case .tcp(let endpoint): id = "syslog-tcp-" + bare(endpoint)
            case .unix(let path): id = "syslog-unix" + plain(path)
            case .unixStream(let path): id = "syslog-unix-stream" + plain(path)
            case .relp(let endpoint): id = "syslog-relp-" + bare(endpoint)
            }
        case .http(let http):
            let name = http.trade == .journal ? "journal-upload" : http.trade.rawValue
            id = "\(name)-" + bare(http.endpoint)
        case .audit(.socket(let path)): id = "audit" + plain(path)
        case .audit(.losses): id = "audit-lost"
        case .folder(let folder):
            id = (folder.attachments == nil ? "csv-folder" : "mail-folder") + plain(folder.pattern)
        case .files(let files): id = "files" + plain(files.paths.first ?? "")
        }
        guard id.utf8.count > Limits.configuredSourceIDBytesMax else { return id }
        // The checksum keeps long paths apart that differ only in their ends.
        let bytes = Array(id.utf8)
        let sum = String(CRC32C.of(bytes.span), radix: 16)
        let kept = bytes[..<(Limits.configuredSourceIDBytesMax - 9)]
        return String(decoding: kept, as: UTF8.self) + "-" + sum
    }

    /// A path without slashes, which `*` in a stream's pattern would not cross.
    private static func plain(_ path: String) -> String {
        let bytes = path.utf8.map { byte in
            byte == 0x2F ? UInt8(ascii: "-") : isPlain(byte) ? byte : UInt8(ascii: "_")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Address and port without brackets, which an id cannot have.
    private static func bare(_ endpoint: Configuration.Endpoint) -> String {
        "\(endpoint.address):\(endpoint.port)"
    }

    /// Letters, digits and `. _ -`.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }
}
