import HisuiCollect
import HisuiEvent
import HisuiStore

/// The positions of the sources that files were imported for, while an import runs.
///
/// The truth is in the footers of segments, where each source's state carries its position; this
/// is what the next footer will say. Owned by one thread.
final class ImportLedger {
    private var positions: [String: ImportPosition] = [:]
    /// Files that had to be forgotten.
    private(set) var forgotten = 0

    /// - Parameter states: of the stream that is appended to.
    init(_ states: [SourceState]) {
        for state in states {
            if let position = ImportPosition(of: state) { positions[state.source.id] = position }
        }
    }

    /// Notes how far a file has been taken, instead of what was known of it.
    func note(_ file: ImportedFile, replacing old: ImportedFile?, of source: String) {
        if positions[source, default: ImportPosition()].set(file, replacing: old) { forgotten += 1 }
    }

    /// The position of a source as it is stored; nil if nothing was imported for it.
    func position(of source: String) -> [UInt8]? { positions[source]?.encoded }
}

extension ImportPosition {
    /// What an import left in the state of a source; nil if the source is none of imports, or has
    /// none of this form.
    init?(of state: SourceState) {
        guard state.source.kind == .import, !state.position.isEmpty else { return nil }
        self.init(state.position.span)
    }
}

/// What the zone knows when an import begins: files, and which names are taken by what.
struct KnownSources: Sendable {
    var files = KnownFiles()
    private var sources: [String: Source] = [:]

    init() {}

    init(_ states: [SourceState]) {
        for state in states {
            sources[state.source.id] = state.source
            if let position = ImportPosition(of: state) {
                files.add(position, source: state.source.id)
            }
        }
    }

    /// Notes that `source` gets records, unless its name belongs to something else.
    ///
    /// One id is one source: a collector's position must not be taken for an import's, and records
    /// of one source have one form.
    mutating func take(_ source: Source) throws(PipelineError) {
        guard let known = sources[source.id] else {
            sources[source.id] = source
            return
        }
        if known.kind != source.kind {
            throw PipelineError(
                "the source '\(source.id)' is one that a daemon collects",
                hint: "choose another name with --source")
        }
        if known.form != source.form {
            let forms = ["lines", "journal entries"]
            let (old, new) = known.form == .journal ? (forms[1], forms[0]) : (forms[0], forms[1])
            throw PipelineError(
                "the source '\(source.id)' has \(old), this file has \(new)",
                hint: "choose another name with --source")
        }
    }
}
