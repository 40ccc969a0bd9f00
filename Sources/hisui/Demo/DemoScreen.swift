import HisuiBytes

/// What the demonstration says: numbered steps with what was done and how long it took.
struct DemoScreen {
    private let isColoured = StandardOutput.shared.isColoured
    private var step = 0
    private let started = monotonicSeconds()

    /// How this program was called, for commands that a person can type.
    static var program: String { CommandLine.arguments.first ?? "hisui" }

    /// Seconds since the beginning.
    var elapsedSeconds: Double { monotonicSeconds() - started }

    func title(_ text: String, _ lines: String) {
        write("\n" + style(text, "1;32") + "\n" + lines + "\n")
    }

    /// Begins the next step.
    mutating func step(_ text: String) {
        step += 1
        write("\n" + style("\(step)  \(text)", "1;32") + "\n")
    }

    /// A line below a step.
    func line(_ text: String = "") { write(text.isEmpty ? "\n" : "   \(text)\n") }

    /// A command that a person can type.
    func command(_ text: String) { write("   " + style("$ \(text)", "2") + "\n") }

    /// Something that is as it must be.
    func done(_ text: String) { write("   " + style("✓", "1;32") + " \(text)\n") }

    func table(_ table: Table) {
        for line in table.text.split(separator: "\n") { write("   \(line)\n") }
    }

    func write(_ text: String) {
        StandardOutput.shared.write(text)
        StandardOutput.shared.flush()
    }

    private func style(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// Milliseconds with one digit behind the point.
    static func millis(_ seconds: Double) -> String {
        let tenths = Int(seconds * 10_000 + 0.5)
        return "\(tenths / 10).\(tenths % 10)"
    }
}
