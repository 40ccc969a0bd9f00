import Glibc
import Testing

/// The package as files, for the tests that hold it to its own rules.
///
/// Paths are relative to its root; what begins with a dot is left out.
enum Repository {
    /// Three levels above this file.
    static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    /// All files below `directory`, sorted; none if there is no such directory.
    static func files(below directory: String, ending suffix: String = "") -> [String] {
        entries(directory).flatMap { name in
            let path = directory.isEmpty ? name : directory + "/" + name
            if isDirectory(path) { return files(below: path, ending: suffix) }
            return path.hasSuffix(suffix) ? [path] : []
        }
    }

    /// Names in `directory`, sorted.
    static func entries(_ directory: String) -> [String] {
        // Safe: the stream is this function's alone and is closed before it returns, and an entry
        // is read before the next one is asked for.
        guard let stream = unsafe opendir(root + "/" + directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func isDirectory(_ path: String) -> Bool { mode(path) & S_IFMT == S_IFDIR }

    static func isExecutable(_ path: String) -> Bool { mode(path) & 0o111 == 0o111 }

    static func exists(_ path: String) -> Bool { mode(path) != 0 }

    private static func mode(_ path: String) -> mode_t {
        var status = stat()
        // Safe: a string and a place for the call.
        return unsafe stat(root + "/" + path, &status) == 0 ? status.st_mode : 0
    }

    static func text(_ path: String) -> String {
        // Safe: the file is this function's alone, and `fread` writes within the buffer.
        guard let file = unsafe fopen(root + "/" + path, "r") else { return "" }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = unsafe fread(&buffer, 1, buffer.count, file), count > 0 {
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Lines with their numbers, counted from 1.
    static func lines(_ path: String) -> [(number: Int, text: Substring)] {
        text(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { ($0.offset + 1, $0.element) }
    }

    /// Every Swift file that people write.
    static let swiftFiles =
        ["Sources", "Tests", "Fuzz", "Bench"].flatMap { files(below: $0, ending: ".swift") }
        + ["Package.swift"]
}

/// Fails the test once for each breach, so that a report lists them all.
func report(_ breaches: [String]) {
    for breach in breaches { Issue.record("\(breach)") }
}
