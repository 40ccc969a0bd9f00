import Glibc
public import HisuiBytes

/// Follows files that fit patterns: across rotation by renaming and by copytruncate, as they come
/// and go.
///
/// A line is a record, without its LF or CR LF; an empty line is an empty record. What stands
/// behind the last LF waits until the line is finished, or the file has been rotated away. A rule
/// may join lines: the position is then the beginning of the record that is not finished.
///
/// Each path is a source, `app:/var/log/app.log` for the collector `app`, whatever files have been
/// there; rotated files (`app.log.1`, `app.log-20261123`) are known by identity and contents and
/// belong to the source of the path they came from. See `FilePosition` for how a file is known
/// again.
public final class FileCollector: Collector {
    /// Where reading begins in a file that is there when the collector begins for the first time.
    ///
    /// Files that appear later, or that have a position, are never skipped into. That it has begun
    /// is durable: see `FileBeginning`.
    public enum Start: Hashable, Sendable { case start, end }

    public let name: String
    public let begun: StopSignal?
    private let patterns: [FilePattern]
    private let start: Start
    private let graceMilliseconds: Int64
    private let rescanMilliseconds: Int64
    private let rules: CutRules

    /// - Parameters:
    ///   - name: what the ids of the sources begin with.
    ///   - patterns: absolute paths with `*`, `**`, `?` and `[…]`.
    ///   - graceSeconds: how long a rotated file is still read after it last grew.
    ///   - rescanMilliseconds: how often to look without being told by the kernel.
    ///   - encoding: of the files; a byte order mark of UTF-16 may say otherwise.
    ///   - join: nil makes every line a record.
    public init(
        name: String, patterns: [String], from start: Start = .start, graceSeconds: Int = 60,
        rescanMilliseconds: Int = 2000, encoding: TextEncoding = .utf8, join: JoinRule? = nil
    ) throws(CollectError) {
        self.name = name
        self.start = start
        begun = start == .end ? StopSignal() : nil
        graceMilliseconds = Int64(graceSeconds) * 1000
        self.rescanMilliseconds = Int64(rescanMilliseconds)
        rules = CutRules(encoding: encoding, join: join)
        var compiled: [FilePattern] = []
        for text in patterns {
            guard let pattern = FilePattern(text) else {
                throw CollectError(
                    .badConfiguration, operation: "follow files", place: text,
                    hint: "patterns are absolute paths without ..")
            }
            compiled.append(pattern)
        }
        self.patterns = compiled
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        let follower = FileFollower(
            name: name, patterns: patterns, sink: sink, atEnd: begun,
            graceMilliseconds: graceMilliseconds, rules: rules)
        follower.run(until: stop, rescanMilliseconds: rescanMilliseconds, resume: resume)
    }
}
