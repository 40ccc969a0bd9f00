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

    private init(_ place: JournalPlace, _ id: String?) {
        self.place = place
        let id = id ?? SourceID.make("journal", place.name)
        name = id
        source = Source(id: id, kind: .journal, form: .journal)
    }

    /// The journal of this machine.
    ///
    /// - Parameters:
    ///   - id: of the source, here and in the other initialisers; nil: made from the place.
    ///   - namespace: of `systemd-journald@NAMESPACE.service`, nil for the default one.
    public convenience init(id: String? = nil, namespace: String? = nil) {
        self.init(.local(namespace: namespace), id)
    }

    /// All journals in a directory and in the directories of machines below it, those that appear
    /// later too; for journals of other machines.
    public convenience init(id: String? = nil, directory: String) {
        self.init(.directory(directory), id)
    }

    /// Single files.
    ///
    /// They are followed too, but not their successors after rotation.
    public convenience init(id: String? = nil, files: [String]) {
        self.init(.files(files), id)
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        var reader = JournalReader(source: source, place: place, sink: sink, stop: stop)
        try reader.run(from: resume(source.id))
    }
}
