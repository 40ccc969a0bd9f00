import CLinux
import Glibc

/// Tells of changes in directories, by inotify.
///
/// It only makes following prompt: whoever uses it also looks by the clock, for network file
/// systems, symbolic links, and a kernel without free watches.
struct DirectoryWatch: ~Copyable {
    enum Change {
        /// A file's contents grew or shrank.
        case contents(String)
        /// Names came or went, or the kernel could not tell everything.
        case names
    }

    /// Readable when there are changes; -1 if the kernel has none to give.
    let descriptor: Int32
    private var directories: [Int32: String] = [:]
    private var watched: Set<String> = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    /// What came and went.
    var passing = PassingFiles()

    init() {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Watches directories.
    ///
    /// - Returns: whether one was not watched before.
    mutating func add(_ directories: Set<String>) -> Bool {
        let before = watched.count
        for directory in directories { add(directory) }
        return watched.count > before
    }

    private mutating func add(_ directory: String) {
        guard descriptor >= 0, !watched.contains(directory) else { return }
        let mask =
            IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR
        // Safe: the path is passed as a terminated copy.
        let number = unsafe inotify_add_watch(descriptor, directory, UInt32(mask))
        guard number >= 0 else { return }
        directories[number] = directory
        watched.insert(directory)
    }

    /// Takes all changes that have been reported.
    mutating func changes(_ take: (Change) -> Void) {
        guard descriptor >= 0 else { return }
        while true {
            // Safe: the call writes at most the buffer's size.
            let count = unsafe read(descriptor, &buffer, buffer.count)
            if count <= 0 { return }
            var i = 0
            while i + 16 <= count {
                let number = Int32(bitPattern: word(i))
                let mask = word(i + 4)
                let cookie = word(i + 8)
                let length = Int(word(i + 12))
                let name = buffer[i + 16..<min(count, i + 16 + length)].prefix { $0 != 0 }
                i += 16 + length
                if let change = change(number, mask, cookie, name) { take(change) }
            }
        }
    }

    private mutating func change(
        _ number: Int32, _ mask: UInt32, _ cookie: UInt32, _ name: ArraySlice<UInt8>
    ) -> Change? {
        if mask & UInt32(IN_Q_OVERFLOW) != 0 { passing.lost() }
        if mask & UInt32(IN_IGNORED) != 0 {
            if let directory = directories.removeValue(forKey: number) {
                watched.remove(directory)
            }
            return .names
        }
        guard let directory = directories[number] else { return .names }
        let prefix = directory == "/" ? "" : directory
        let path = "\(prefix)/\(String(decoding: name, as: UTF8.self))"
        if mask & UInt32(IN_ISDIR) == 0, let change = Self.passing(mask, cookie) {
            passing.take(change, path)
        }
        return mask & UInt32(IN_MODIFY) != 0 ? .contents(path) : .names
    }

    private static func passing(_ mask: UInt32, _ cookie: UInt32) -> PassingFiles.Change? {
        switch Int32(bitPattern: mask) {
        case IN_CREATE: .created
        case IN_MODIFY: .written
        case IN_DELETE: .removed
        case IN_MOVED_FROM: .movedFrom(cookie)
        case IN_MOVED_TO: .movedTo(cookie)
        default: nil
        }
    }

    private func word(_ i: Int) -> UInt32 {
        var value: UInt32 = 0
        for k in (0..<4).reversed() { value = value << 8 | UInt32(buffer[i + k]) }
        return value
    }
}
