public import HisuiEvent

/// Follows systemd journals through libsystemd: this machine's, a directory's, or single files.
///
/// One source for the whole place, `journal:local`, `journal:@NAMESPACE` or `journal:PATH`; a
/// record is an entry in export format without the blank line. The position is one byte of
/// version and the cursor of the last entry.
///
/// What is missing is counted: journald numbers its entries, and the number is part of the cursor.
/// A number that is skipped was removed before it was read, or lies in a file that appeared late;
/// the latter is gone back for. See `JournalReader`.
public final class JournalCollector: Collector {
    public let name: String
    public let source: Source
    let place: JournalPlace

    private init(_ place: JournalPlace) {
        self.place = place
        let id = SourceID.make("journal", place.name)
        name = id
        source = Source(id: id, kind: .journal, form: .journal)
    }

    /// The journal of this machine.
    ///
    /// - Parameter namespace: of `systemd-journald@NAMESPACE.service`, nil for the default one.
    public convenience init(namespace: String? = nil) { self.init(.local(namespace: namespace)) }

    /// All journals in a directory and in the directories of machines below it, those that appear
    /// later too; for journals of other machines.
    public convenience init(directory: String) { self.init(.directory(directory)) }

    /// Single files.
    ///
    /// They are followed too, but not their successors after rotation.
    public convenience init(files: [String]) { self.init(.files(files)) }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        var reader = JournalReader(source: source, place: place, sink: sink, stop: stop)
        try reader.run(from: resume(source.id))
    }
}
