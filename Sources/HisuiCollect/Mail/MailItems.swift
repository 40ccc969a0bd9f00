import HisuiBytes
import HisuiEvent

/// The lines `NAME: VALUE` of a message's text, as those who write alerts write them:
///
///     ■検知日時：2026/11/28 09:58:12
///     【重要度】高
///     Source IP: 192.0.2.7
enum MailItems {
    struct Item {
        var name: [UInt8]
        var value: [UInt8]
    }

    /// - Parameter text: UTF-8.
    /// - Returns: at least one report, empty if there are no such lines. Of a name that comes again
    ///   in a report the first value counts.
    /// - Complexity: O(n).
    static func reports(in text: [UInt8]) -> [[Item]] {
        var reports: [[Item]] = [[]]
        var names: Set<[UInt8]> = []
        for line in text.prefix(Limits.mailTextBytesMax).split(separator: 0x0A) {
            guard let item = item(line) else { continue }
            if item.name == reports[0].first?.name {
                guard reports.count < Limits.mailReportsMax else { break }
                reports.append([])
                names = []
            }
            guard reports[reports.count - 1].count < Limits.mailItemsMax,
                names.insert(item.name).inserted
            else { continue }
            reports[reports.count - 1].append(item)
        }
        return reports
    }

    private static func item(_ line: ArraySlice<UInt8>) -> Item? {
        var rest = trimmed(line)
        while let bullet = bullets.first(where: { rest.starts(with: $0) }) {
            rest = trimmed(rest[(rest.startIndex + bullet.count)...])
        }
        if rest.starts(with: open) {
            guard let end = place(of: close, in: rest) else { return nil }
            var value = trimmed(rest[(end + close.count)...])
            if let colon = colons.first(where: { value.starts(with: $0) }) {
                value = trimmed(value[(value.startIndex + colon.count)...])
            }
            return item(rest[(rest.startIndex + open.count)..<end], value)
        }
        // A colon of ASCII within an address or a time is no mark: a blank or the end is behind it,
        // or something Japanese before it.
        for at in rest.indices {
            guard at - rest.startIndex <= Limits.mailItemNameBytesMax else { return nil }
            guard let colon = colons.first(where: { rest[at...].starts(with: $0) }) else {
                continue
            }
            let behind = rest[(at + colon.count)...]
            let isMark =
                colon.count > 1 || behind.first.map { $0 <= 0x20 } ?? true
                || at > rest.startIndex && rest[at - 1] >= 0x80
            return isMark ? item(rest[..<at], trimmed(behind)) : nil
        }
        return nil
    }

    private static func item(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Item? {
        let name = trimmed(name)
        guard !name.isEmpty, name.count <= Limits.mailItemNameBytesMax, !value.isEmpty,
            !sentences.contains(where: { place(of: $0, in: name) != nil })
        else { return nil }
        return Item(name: Array(name), value: Array(value.prefix(Limits.mailValueBytesMax)))
    }

    private static func place(of mark: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.indices.first { bytes[$0...].starts(with: mark) }
    }

    /// Without blanks around it, those of Japanese text too.
    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = MailFields.trimmed(bytes)
        while rest.starts(with: wideBlank) {
            rest = MailFields.trimmed(rest.dropFirst(wideBlank.count))
        }
        while rest.suffix(wideBlank.count).elementsEqual(wideBlank) {
            rest = MailFields.trimmed(rest.dropLast(wideBlank.count))
        }
        return rest
    }

    private static let wideBlank = Array("　".utf8)
    private static let bullets = ["■", "□", "●", "○", "◆", "◇", "・", "※", "▼", "▽", "-", "*", ">"]
        .map { Array($0.utf8) }
    private static let colons = ["：", ":"].map { Array($0.utf8) }
    private static let open = Array("【".utf8)
    private static let close = Array("】".utf8)
    /// What stands in a sentence and in no name.
    private static let sentences = ["。", "、", "//", "<", "\""].map { Array($0.utf8) }
}
