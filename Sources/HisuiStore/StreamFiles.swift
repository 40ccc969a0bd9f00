import HisuiFile

/// The files of a stream at one moment.
///
/// Logs are listed first, then segments, and a segment gets its name before the log it replaces
/// is removed: so a row that is gone from the logs is in the segments of the same listing, or the
/// log is found to be gone when it is opened, and the caller lists again.
struct StreamFiles {
    let path: String
    /// Logs in order of their rows, damaged ones included.
    private(set) var logs: [Filenames.LogName] = []
    /// Segments in order of their rows, without those that another one covers.
    private(set) var segments: [Range<UInt64>] = []
    /// Segments that were merged into another one.
    private(set) var covered: [Range<UInt64>] = []
    var logFolder: String { Path.join(path, Filenames.logs) }
    var segmentFolder: String { Path.join(path, Filenames.segments) }

    /// Lists the stream in `path`; a folder that is not there is an empty one.
    init(_ path: String, on fileSystem: any FileSystem) throws(StoreError) {
        self.path = path
        for name in try Self.names(in: logFolder, on: fileSystem) {
            if let log = Filenames.LogName(name) { logs.append(log) }
        }
        var ranges: [Range<UInt64>] = []
        for name in try Self.names(in: segmentFolder, on: fileSystem) {
            if let range = Filenames.segmentRange(name) { ranges.append(range) }
        }
        logs.sort()
        // A covering segment comes before those it covers.
        ranges.sort { a, b in
            a.lowerBound == b.lowerBound
                ? a.upperBound > b.upperBound : a.lowerBound < b.lowerBound
        }
        for range in ranges {
            if let last = segments.last, range.upperBound <= last.upperBound {
                covered.append(range)
            } else {
                segments.append(range)
            }
        }
    }

    /// The segment that `log` became, if it did: one log becomes one segment or a part of one.
    func segment(of log: Filenames.LogName) -> Range<UInt64>? {
        log.isDamaged ? nil : segments.first { $0.contains(log.firstIndex) }
    }

    func path(of log: Filenames.LogName) -> String { Path.join(logFolder, log.text) }

    func path(ofSegment range: Range<UInt64>) -> String {
        Path.join(segmentFolder, Filenames.segment(range))
    }

    static func names(
        in folder: String, on fileSystem: any FileSystem
    ) throws(StoreError) -> [String] {
        do throws(FileError) {
            return try fileSystem.list(folder)
        } catch {
            if error.code == .notFound || error.code == .notADirectory { return [] }
            throw StoreError(file: error)
        }
    }
}
