import HisuiShape

/// The schema as a page for people: `docs/schema.md`.
public struct SchemaDocument {
    private let schema: Schema

    public init(_ schema: Schema) { self.schema = schema }

    /// The page, in Markdown.
    public var text: String { head + fields + actions + classes + objects }

    private var head: String {
        """
        # Fields and words of events

        Written by `hisui parsers schema` from `parsers/schema.yaml`; do not edit it by hand.
        How definitions use these names: [parsers.md](parsers.md).

        本書は `parsers/schema.yaml` から `hisui parsers schema` が生成したものです。編集しないでください。


        """
    }

    private var fields: String {
        var text = """
            ## Fields (項目)

            *security* (保護): who can choose its value can pass as somebody else, or hide, so no
            untrusted field may be able to change it. *values* (値): all that a definition may set.

            | name (名称) | type (型) | security (保護) | meaning | 意味 | values (値) |
            |---|---|---|---|---|---|

            """
        for field in schema.fields {
            text += row([
                "`\(field.name)`", field.type.name, field.isSecurity ? "yes" : "",
                Self.cell(field.english), Self.cell(field.japanese),
                field.values.map { "`\($0)`" }.joined(separator: " "),
            ])
        }
        return text + "\n"
    }

    private var actions: String {
        var text = """
            ## Words for `event.action` (操作の語彙)

            Definitions of a site may add their own; the shipped ones use only these.

            | word (語) | meaning | 意味 |
            |---|---|---|

            """
        for action in schema.actions {
            text += row([
                "`\(action.name)`", Self.cell(action.english), Self.cell(action.japanese),
            ])
        }
        return text + "\n"
    }

    private var classes: String {
        var text = """
            ## Classes of OCSF (OCSF のクラス)

            `class: authentication/logon` sets the three numbers.

            | class (クラス) | `ocsf.class_uid` | `ocsf.activity_id` | `ocsf.type_uid` |
            |---|---|---|---|

            """
        let sorted = schema.classes.sorted {
            ($0.value.typeUID, $0.key) < ($1.value.typeUID, $1.key)
        }
        for (name, numbers) in sorted {
            text += row([
                "`\(name)`", "\(numbers.classUID)", "\(numbers.activityID)", "\(numbers.typeUID)",
            ])
        }
        return text + "\n"
    }

    private var objects: String {
        let names = schema.objects
        let columns = names.columnTimes.map { $0.joined(separator: "+") }
        return """
            ## Members that mean the same in every record (共通の名前)

            The first one that a record has counts.

            | meaning | 意味 | names (名称) |
            |---|---|---|

            """
                + row(["Time", "発生時刻", Self.code(names.times)])
                + row([
                    "Time, UTC where it names no zone", "発生時刻（時間帯の指定がなければ UTC）",
                    Self.code(names.utcTimes),
                ])
                + row(["Time, in columns of tables", "発生時刻（表の列）", Self.code(columns)])
                + row(["Message", "本文", Self.code(names.messages)])
    }

    private func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

    private static func code(_ names: [String]) -> String {
        names.map { "`\(cell($0))`" }.joined(separator: " ")
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
