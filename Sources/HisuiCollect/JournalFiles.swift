import CSystemd
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile

/// What the headers of journal files say that is in them.
///
/// libsystemd passes over a file that it cannot open, and over the rest of one that is damaged,
/// without a word. The header of each file has the number of its last entry: if that was not
/// reached, entries are missing, and their count is known.
package struct JournalFiles {
    /// The numbers that a writer's files have.
    package struct Numbers: Hashable {
        package var first: UInt64
        package var last: UInt64
        /// Of the last entry, microseconds since 1970.
        var realtime: UInt64

        /// Before the first: see `JournalWriters`.
        func beginning(of writer: JournalCursor.ID) -> JournalCursor {
            JournalCursor(writer: writer, number: first - 1, realtime: 0)
        }

        /// A cursor as far as a header tells it.
        func cursor(of writer: JournalCursor.ID, at number: UInt64) -> JournalCursor {
            JournalCursor(writer: writer, number: number, realtime: realtime)
        }
    }

    struct Findings: Hashable {
        var writers: [JournalCursor.ID: Numbers] = [:]
        /// Why a file has no header that can be read.
        var unreadable: [String: String] = [:]
        /// A directory has come, or been made anew.
        var hasNewDirectory = false
    }

    private let place: JournalPlace
    /// When to look again, in milliseconds.
    private var nextLook: Int64 = 0
    private var last = Findings()
    /// Which directories there were.
    private var directories: [FileIdentity?] = []
    /// Files without a header that were told.
    private var told: Set<String> = []
    /// Headers of files that nobody writes to, as they were when they were read.
    private var closed: [String: (status: FileStatus, header: Header)] = [:]

    init(_ place: JournalPlace) {
        self.place = place
        directories = directoriesNow
    }

    /// What two looks in a row find alike, if it is time for one: files grow between reading and
    /// looking. Each file without a header is among it once.
    mutating func settled(_ now: Int64) -> Findings? {
        guard place.isComplete, now >= nextLook else { return nil }
        nextLook = now + Self.lookMilliseconds
        let found = look()
        var settled = Findings()
        settled.writers = found.writers.filter { last.writers[$0.key] == $0.value }
        settled.unreadable = found.unreadable.filter {
            last.unreadable[$0.key] == $0.value && !told.contains($0.key)
        }
        let now = directoriesNow
        settled.hasNewDirectory = zip(now, directories).contains { $0 != nil && $0 != $1 }
        directories = now
        told = told.intersection(found.unreadable.keys).union(settled.unreadable.keys)
        last = found
        return settled
    }

    /// Reads the headers of all files of the journal.
    ///
    /// - Complexity: one `stat` for each file, and one read for those that may have changed.
    mutating func look() -> Findings {
        var findings = Findings()
        var kept: [String: (status: FileStatus, header: Header)] = [:]
        for path in paths {
            guard let status = FileStatus(path) else { continue }
            let header: Header
            if let known = closed[path], known.status == status {
                header = known.header
            } else {
                do throws(CollectError) {
                    header = try Header(path)
                } catch {
                    if error.errno == ENOENT { continue }
                    findings.unreadable[path] =
                        error.errno == 0 ? error.hint : CollectError.message(error.errno)
                    continue
                }
            }
            if header.isClosed { kept[path] = (status, header) }
            guard header.numbers.last > 0 else { continue }
            var numbers = findings.writers[header.writer] ?? header.numbers
            numbers.first = min(numbers.first, header.numbers.first)
            if header.numbers.last > numbers.last {
                numbers.last = header.numbers.last
                numbers.realtime = header.numbers.realtime
            }
            findings.writers[header.writer] = numbers
        }
        closed = kept
        return findings
    }

    /// The directories that libsystemd watches for others and for files, if they are there when it
    /// opens the journal.
    private var directoriesNow: [FileIdentity?] {
        let paths: [String] =
            switch place {
            case .files: []
            case .directory(let path): [path]
            case .local: ["/run/log/journal", "/var/log/journal"]
            }
        return paths.map { FileStatus($0)?.identity }
    }

    /// Where libsystemd looks for files: sd-journal.c, `add_search_paths` and `directory_open`.
    private var paths: [String] {
        var directories: [String]
        switch place {
        case .files: return []
        case .directory(let path):
            directories =
                [path]
                + FileStatus.names(in: path).filter { Self.isMachine($0) }.map { "\(path)/\($0)" }
        case .local(let namespace):
            guard let machine = Self.machine else { return [] }
            let name = namespace.map { "\(machine).\($0)" } ?? machine
            directories = ["/run/log/journal/\(name)", "/var/log/journal/\(name)"]
        }
        return directories.flatMap { directory in
            FileStatus.names(in: directory)
                .filter { $0.hasSuffix(".journal") || $0.hasSuffix(".journal~") }
                .map { "\(directory)/\($0)" }
        }
    }

    private static let lookMilliseconds: Int64 = 2000

    /// Whether a directory is named by the id of a machine, with or without a namespace.
    private static func isMachine(_ name: String) -> Bool {
        let id = name.utf8.prefix { $0 != UInt8(ascii: ".") }
        return id.count == 32 && id.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    }

    private static var machine: String? {
        var id = sd_id128_t()
        guard unsafe sd_id128_get_machine(&id) >= 0 else { return nil }
        var text = [CChar](repeating: 0, count: 33)
        // Safe: the call writes 33 characters, the last of them 0.
        unsafe sd_id128_to_string(id, &text)
        return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension JournalFiles {
    /// The beginning of a journal file: systemd's `journal-def.h`, `struct Header`.
    package struct Header {
        var writer: JournalCursor.ID
        /// All 0 in a file without entries.
        package var numbers: Numbers
        /// Whether nobody writes to it.
        var isClosed: Bool

        init(_ path: String) throws(CollectError) {
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try RealFileSystem().bytes(path, from: 0, count: Self.size)
            } catch {
                throw CollectError(
                    .cannotRead, operation: "open", place: path, errno: error.errno)
            }
            guard let header = Self(bytes.span) else {
                throw CollectError(
                    .damagedInput, operation: "read", place: path, hint: "no journal's header")
            }
            self = header
        }

        /// Nil if it is none.
        package init?(_ bytes: Span<UInt8>) {
            guard bytes.count == Self.size else { return nil }
            do throws(ByteReader.Short) {
                var reader = ByteReader(bytes)
                for byte in "LPKSHHRH".utf8 where try reader.u8() != byte { return nil }
                _ = try reader.take(8)
                isClosed = try reader.u8() != Self.online
                _ = try reader.take(Self.writerOffset - 17)
                let (high, low) = (try reader.u64().byteSwapped, try reader.u64().byteSwapped)
                writer = JournalCursor.ID(high: high, low: low)
                _ = try reader.take(Self.numbersOffset - Self.writerOffset - 16)
                let last = try reader.u64()
                let first = try reader.u64()
                _ = try reader.take(16)
                numbers = Numbers(first: first, last: last, realtime: try reader.u64())
            } catch {
                return nil
            }
            let isEmpty = numbers.first == 0 && numbers.last == 0
            guard isEmpty || 1...numbers.last ~= numbers.first, numbers.last < Self.numbersMax
            else { return nil }
        }

        private static let online: UInt8 = 1
        /// `seqnum_id`, `tail_entry_seqnum`, and the end of `tail_entry_realtime`.
        private static let writerOffset = 72
        private static let numbersOffset = 160
        private static let size = 200
        /// More than any journald has ever counted to.
        private static let numbersMax: UInt64 = 1 << 48
    }
}
