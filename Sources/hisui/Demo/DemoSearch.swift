import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiQuery
import HisuiStore

/// A question that the demonstration asks, and its answer by the query engine.
struct DemoSearch {
    /// What a person wants to know.
    var question: String
    /// In LogsQL.
    var query: String
    var zone: String

    static func all() -> [DemoSearch] {
        [
            DemoSearch(
                question: say(
                    "Who tried passwords on the web server, and how often?",
                    "公開 Web サーバーにパスワードを試したのは誰か。何回か。"),
                query: "event.action:=ssh-logon event.outcome:=failure "
                    + ""
                    + "| stats by (source.ip) count() n, count_uniq(user.name) accounts "
                    + "| sort by (n desc) | limit 3",
                zone: "internet"),
            DemoSearch(
                question: say(
                    "What did the contractor's account do last night?",
                    "委託業者のアカウントは昨夜何をしたか。"),
                query: "user.name:=gyosha-miyama | stats by (event.code, event.action) count() n "
                    + "| sort by (n desc) | limit 10",
                zone: "lgwan"),
            DemoSearch(
                question: say(
                    "Which residents did the clerk look up without a task?",
                    "職員が業務なしで照会したのは、どの住民か。"),
                query: "user.name:=j-1043 hisui.task:\"\" event.action:=subject-lookup "
                    + "| fields _time, user.name, hisui.subject.id | limit 5",
                zone: "mynumber"),
        ]
    }

    /// The command that asks the same.
    func command(store: String) -> String {
        "\(DemoScreen.program) search --store \(store) --zone \(zone) '\(query)'"
    }

    /// Asks, and prints the answer as a table.
    ///
    /// - Returns: rows of the answer, and the seconds it took, opening the store included.
    func run(store: String) throws -> (rows: Int, seconds: Double) {
        let zone = try TimeZoneOption.resolve("Asia/Tokyo")
        let started = monotonicSeconds()
        let parsed: Query
        do {
            parsed = try Query.parse(query, now: Timestamp.now(), timeZone: zone)
        } catch {
            throw Failure(.refused, error.description)
        }
        let output = RowOutput(.table, showsEvents: parsed.showsEvents, timeZone: zone)
        do {
            let snapshot = try StoreReader(fileSystem: RealFileSystem(), path: store)
                .snapshot(zones: [self.zone])
            try QueryRunner(snapshot: snapshot, query: parsed, options: output.options)
                .run { output.take($0) }
        } catch let error as QueryFailure {
            throw Failure(.refused, error.description)
        } catch let error as StoreError {
            throw Failure(.refused, "\(error)")
        }
        let seconds = monotonicSeconds() - started
        output.finish()
        return (output.rows, seconds)
    }
}
