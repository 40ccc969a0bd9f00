import HisuiBytes
import HisuiEvent
import HisuiYAML
import Testing

@testable import HisuiPolicy

/// Joins, folders of tables, and encodings of sources.
@Suite struct FileSourceTests {
    private func inputs(_ sources: String...) -> [Configuration.Source.Input] {
        loaded(sourcesText(sources))?.sources.map(\.input) ?? []
    }

    private func join(_ text: String) throws -> Configuration.Join? {
        guard case .files(let files)? = inputs("{files: {paths: [/a]}, join: \(text)}").first
        else { return nil }
        return files.join
    }

    @Test func aJoinSaysWhichLinesBeginOrGoOn() throws {
        let start = try join("{start: '^[0-9]{4}-'}")
        #expect(start?.kind == .start(try RegularExpression("^[0-9]{4}-")))
        #expect(start?.linesMax == Limits.joinedLinesMax && start?.waitSeconds == 5)
        #expect(start?.bytesMax == Limits.joinedBytesMax)
        let more = try join("{continues: indented, lines_max: 9, bytes_max: 4096, wait_seconds: 1}")
        #expect(
            more == Configuration.Join(kind: .indented, linesMax: 9, bytesMax: 4096, waitSeconds: 1)
        )
        #expect(
            try join("{continues: '^Caused'}")?.kind
                == .continues(try RegularExpression("^Caused")))
    }

    @Test func whatIsNoJoinIsRefused() {
        func problem(_ text: String) -> String {
            sourceProblems("{files: {paths: [/a]}, join: \(text)}").joined(separator: "\n")
        }
        #expect(problem("{}").contains("`join` needs one of the keys `start`, `continues`"))
        #expect(problem("{start: a, continues: b}").contains("needs one of the keys"))
        #expect(problem("{start: '['}").contains("'['") || problem("{start: '['}").contains("`[`"))
        #expect(problem("{start: 'a*'}").contains("fits every line"))
        #expect(problem("{start: a, lines_max: 1001}").contains("from 2 to 1000"))
        #expect(problem("{start: a, begin: 1}").contains("unknown key `begin`"))
        #expect(
            sourceProblems("{syslog: {udp: \"127.0.0.1:1\"}, join: {start: a}}")[0]
                .contains("no key of a syslog source (it belongs to files)"))
    }

    @Test func aFolderOfTablesHasDefaults() {
        let found = inputs("{csv-folder: {path: /srv/drop/}}")
        #expect(
            found == [
                .folder(
                    Configuration.Folder(
                        pattern: "/srv/drop/*.csv", completion: .stable(seconds: 30),
                        delimiter: nil, header: .auto, timeZone: "Asia/Tokyo", encoding: .utf8,
                        parser: nil))
            ])
        let other = inputs(
            "{csv-folder: {path: /srv/a, files: '*.tsv'}, complete: marker, marker: .ok, "
                + "delimiter: tab, header: no, encoding: cp932, time_zone: UTC, parser: a.b}",
            "{csv-folder: {path: /srv/b}, complete: renamed}",
            "{csv-folder: {path: /srv/c}, stable_seconds: 5}")
        #expect(
            other.first
                == .folder(
                    Configuration.Folder(
                        pattern: "/srv/a/*.tsv", completion: .marker(suffix: ".ok"), delimiter: 9,
                        header: .no, timeZone: "UTC", encoding: .cp932, parser: "a.b")))
        #expect(other.count == 3)
        let source = loaded(sourcesText(["{csv-folder: {path: /srv/drop}}"]))?.sources.first
        #expect(source?.id == "csv-folder-srv-drop-_.csv" && source?.kind == .file)
    }

    @Test func aFolderOfMailIsOneOfMessagesAndTheirTables() {
        let found = inputs(
            "{mail-folder: {path: /srv/mail/new}}",
            "{mail-folder: {path: /srv/b, files: '*.eml'}, complete: stable, parser: a.b, "
                + "encoding: cp932, attachments: ['alert*.csv']}")
        #expect(
            found == [
                .folder(
                    Configuration.Folder(
                        pattern: "/srv/mail/new/*", completion: .renamed, delimiter: nil,
                        header: .auto, timeZone: "Asia/Tokyo", encoding: .utf8, parser: nil,
                        attachments: ["*.csv", "*.tsv"])),
                .folder(
                    Configuration.Folder(
                        pattern: "/srv/b/*.eml", completion: .stable(seconds: 30), delimiter: nil,
                        header: .auto, timeZone: "Asia/Tokyo", encoding: .cp932, parser: "a.b",
                        attachments: ["alert*.csv"])),
            ])
        let source = loaded(sourcesText(["{mail-folder: {path: /srv/mail/new}}"]))?.sources.first
        #expect(source?.id == "mail-folder-srv-mail-new-_" && source?.kind == .file)
        #expect(
            sourceProblems("{csv-folder: {path: /srv/a}, attachments: [a]}")[0]
                .contains("it belongs to mail-folder"))
    }

    @Test func whatIsNoFolderOfTablesIsRefused() {
        func problem(_ text: String) -> String {
            sourceProblems("{csv-folder: {path: /srv/a}, \(text)}").joined(separator: "\n")
        }
        #expect(sourceProblems("{csv-folder: {}}")[0].contains("needs the key `path`"))
        #expect(sourceProblems("{csv-folder: {path: a}}")[0].contains("is no absolute path"))
        #expect(sourceProblems("{csv-folder: {path: /s/x}}")[0].contains("reaches into the store"))
        #expect(
            sourceProblems("{csv-folder: {path: /a, files: b/c}}")[0].contains("no pattern for"))
        #expect(problem("complete: soon").contains("complete"))
        #expect(problem("complete: renamed, stable_seconds: 5").contains("has no meaning"))
        #expect(problem("marker: .done").contains("it belongs to `complete: marker`"))
        #expect(problem("complete: marker, marker: a/b").contains("no ending of a name"))
        #expect(problem("delimiter: '|'").contains("delimiter"))
        #expect(
            sourceProblems(
                "{csv-folder: {path: /srv/a}}", "{files: {paths: ['/srv/a/*.csv']}}")[0]
                .contains("is already read through"))
    }

    @Test func encodingsAreThoseThatTheKindOfSourceCanBeIn() {
        for name in TextEncoding.names + ["utf-16", "shift_jis"] {
            #expect(inputs("{files: {paths: [/a]}, encoding: \(name)}").count == 1, "\(name)")
        }
        #expect(
            sourceProblems("{syslog: {udp: \"127.0.0.1:1\"}, encoding: utf-16le}")[0]
                .contains("no syslog message is in utf-16le"))
        #expect(inputs("{syslog: {udp: \"127.0.0.1:1\"}, encoding: iso-2022-jp}").count == 1)
        for name in TextEncoding.missingNames {
            #expect(
                sourceProblems("{files: {paths: [/a]}, encoding: \(name)}")[0]
                    .contains("this version does not read"), "\(name)")
        }
    }
}
