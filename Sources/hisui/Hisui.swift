import ArgumentParser
import Glibc
import HisuiEvent

/// The command line. One file for each subcommand; this one chooses the language, finds the
/// subcommand and turns every way of ending into an exit status:
/// 0 done, 1 negative answer where documented, 2 usage, 3 input refused, 4 integrity failure.
@main
struct Hisui: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "hisui",
            abstract: say(
                "Collect, keep, search and watch the logs of separated networks.",
                "分離されたネットワークのログを収集・保管・検索・監視します。"),
            version: Program.version,
            subcommands: [
                RunCommand.self, ImportCommand.self, ParseCommand.self, SearchCommand.self,
                DetectCommand.self, RulesCommand.self, AlertsCommand.self, CheckCommand.self,
                ParsersCommand.self,
                StatusCommand.self, SourcesCommand.self, KeysCommand.self, RetentionCommand.self,
                SetupCommand.self,
                DemoCommand.self, VerifyCommand.self, EvidenceCommand.self,
                CompletionCommand.self, ManualCommand.self,
            ])
    }

    static func main() async {
        // A reader that goes away is an error of the write, and no reason to be killed: neither
        // for a search behind `| head` nor for a daemon whose terminal is closed.
        _ = signal(SIGPIPE, SIG_IGN)
        var arguments = Array(CommandLine.arguments.dropFirst())
        Language.choose(arguments: arguments) { name in
            // Safe: the string is copied before anything can change the environment.
            unsafe getenv(name).map { unsafe String(cString: $0) }
        }
        arguments = SearchCommand.protectQuery(arguments)
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            StandardOutput.shared.flush()
        } catch let failure as Failure {
            StandardOutput.shared.flush()
            StandardError.write("hisui: \(failure.message)\n")
            Glibc.exit(failure.status.rawValue)
        } catch let code as ExitCode {
            // A command that has said all there is to say.
            StandardOutput.shared.flush()
            Glibc.exit(code.rawValue)
        } catch {
            end(with: error)
        }
    }

    /// Help and version go to standard output and are no failure; anything else is wrong usage.
    private static func end(with error: any Error) -> Never {
        StandardOutput.shared.flush()
        let text = fullMessage(for: error)
        if exitCode(for: error) == .success {
            StandardOutput.shared.write(text.hasSuffix("\n") ? text : text + "\n")
            StandardOutput.shared.flush()
            Glibc.exit(0)
        }
        StandardError.write(text + "\n")
        Glibc.exit(Failure.Status.usage.rawValue)
    }
}
