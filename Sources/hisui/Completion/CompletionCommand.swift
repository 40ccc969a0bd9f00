import ArgumentParser

/// `hisui completion`: the script with which a shell completes Hisui's command line.
struct CompletionCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "completion",
            abstract: say(
                "Print a script with which a shell completes commands, options and queries.",
                "コマンド・オプション・クエリを補完するシェル用スクリプトを出力します。"),
            discussion: say(
                """
                Examples:
                  hisui completion bash > /etc/bash_completion.d/hisui
                  hisui completion zsh > /usr/local/share/zsh/site-functions/_hisui
                  hisui completion fish > /etc/fish/completions/hisui.fish

                Of a query, names of fields are completed, and behind field: or field:= values of
                the newest data in the store of --store. Showing values is recorded among the
                store's acts, like a search; where that is not possible, none are shown.
                """,
                """
                例:
                  hisui completion bash > /etc/bash_completion.d/hisui
                  hisui completion zsh > /usr/local/share/zsh/site-functions/_hisui
                  hisui completion fish > /etc/fish/completions/hisui.fish

                クエリでは項目名を、field: や field:= の後では --store の保管庫の新しいデータの値を補完します。
                値を表示したことは検索と同じく操作記録に残ります。記録できないときは値を表示しません。
                """))
    }

    @OptionGroup var common: CommonOptions

    /// A shell that there is a script for.
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash
        case zsh
        case fish
    }

    @Argument(
        help: ArgumentHelp(say("bash, zsh or fish.", "bash、zsh、fish のいずれか。"), valueName: "shell"))
    var shell: Shell

    func run() throws {
        let script =
            switch shell {
            case .bash: Hisui.completionScript(for: .bash) + Self.bashWords
            case .zsh: Hisui.completionScript(for: .zsh)
            case .fish: Hisui.completionScript(for: .fish)
            }
        StandardOutput.shared.write(script.hasSuffix("\n") ? script : script + "\n")
    }

    /// What bash needs beside the script that is made for all commands.
    ///
    /// Words that are offered are never expanded: `compgen -W` would run a `$(…)` in them. And a
    /// query is one word, also where it has colons and equals signs, at which bash parts words.
    private static let bashWords = #"""

        __hisui_add_completions() {
            local completion
            if [[ "${1}" = -W ]]; then
                while IFS='' read -r completion; do
                    [[ "${completion:0:${#cur}}" = "${cur}" ]] && COMPREPLY+=("${completion}")
                done <<<"${2}"
            else
                while IFS='' read -r completion; do
                    COMPREPLY+=("${completion}")
                done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
            fi
        }

        __hisui_joined() {
            local -a joined=()
            local -i index number=0 point=0
            local line="${COMP_LINE:0:${COMP_POINT}}" word
            for ((index = 0; index <= COMP_CWORD; index++)); do
                word="${COMP_WORDS[index]}"
                # Words that touch on the line are one.
                if ((index > 0)) && [[ -n "${word}" && "${line:point:1}" != [[:space:]] ]]; then
                    joined[number - 1]+="${word}"
                else
                    joined[number++]="${word}"
                fi
                while [[ "${line:point:1}" = [[:space:]] ]]; do ((point++)); done
                ((point += ${#word}))
            done
            local -a COMP_WORDS=("${joined[@]}")
            local -i COMP_CWORD=number-1
            local word="${COMP_WORDS[COMP_CWORD]}"
            local before="${word%"${2}"}"
            [[ "${word:0:1}" = [\"\'] ]] && { before=''; word="${word:1}"; }
            _hisui "${1}" "${word}" "${COMP_WORDS[COMP_CWORD - 1]}"
            # What stands before the last colon or equals sign is on the line already.
            for index in "${!COMPREPLY[@]}"; do
                COMPREPLY[index]="${COMPREPLY[index]#"${before}"}"
            done
        }

        complete -o filenames -F __hisui_joined hisui
        """#
}
