import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile

/// A pattern of paths, and the files that fit it now.
struct FilePattern: Sendable {
    private let parts: [String]
    /// Of the text.
    let hash: UInt64

    /// - Parameter text: absolute, as `Glob` reads it.
    init?(_ text: String) {
        guard text.hasPrefix("/") else { return nil }
        let bytes = Array(text.utf8)
        hash = Hash64.of(bytes.span)
        parts = text.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        if parts.isEmpty || parts.contains("..") { return nil }
    }

    /// Whether a path fits, or is that of a file rotated away from one that fits.
    func covers(_ path: String) -> Bool {
        fits(path) || RotatedName.original(path).map(fits) ?? false
    }

    private func fits(_ path: String) -> Bool {
        let names = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        return Self.fits(names[...], parts[...])
    }

    private static func fits(_ names: ArraySlice<String>, _ parts: ArraySlice<String>) -> Bool {
        guard let part = parts.first else { return names.isEmpty }
        if part != "**" {
            guard let name = names.first, Glob.match(part, name) else { return false }
            return fits(names.dropFirst(), parts.dropFirst())
        }
        if parts.count == 1 { return (1...Limits.globDepthMax + 1).contains(names.count) }
        return (0...min(names.count, Limits.globDepthMax)).contains {
            fits(names.dropFirst($0), parts.dropFirst())
        }
    }

    /// Finds the regular files that fit.
    ///
    /// - Parameters:
    ///   - visit: is called with each directory before it is looked at, so that changes after the
    ///     call are seen by whoever watches it.
    ///   - found: is called with each path that fits, and for each file that was rotated away from
    ///     a path that fits, which then need not exist, with that path and the file's own.
    func expand(_ visit: (String) -> Void, _ found: (String, _ rotated: String?) -> Void) {
        walk("", 0, 0, visit, found)
    }

    private func walk(
        _ directory: String, _ i: Int, _ depth: Int, _ visit: (String) -> Void,
        _ found: (String, String?) -> Void
    ) {
        let part = parts[i]
        let isLast = i == parts.count - 1
        if part == "**" {
            if !isLast { walk(directory, i + 1, depth, visit, found) }
            guard depth < Limits.globDepthMax else { return }
            for name in names(directory, visit) {
                let path = "\(directory)/\(name)"
                switch Self.kind(path, follow: false) {
                case S_IFDIR: walk(path, i, depth + 1, visit, found)
                case S_IFREG:
                    guard isLast else { continue }
                    found(path, nil)
                    if let original = RotatedName.original(path) { found(original, path) }
                default: break
                }
            }
            return
        }
        let isPlain = !part.utf8.contains { "*?[\\".utf8.contains($0) }
        if isPlain && !isLast { return walk("\(directory)/\(part)", i + 1, depth, visit, found) }
        func fits(_ name: String) -> Bool { isPlain ? name == part : Glob.match(part, name) }
        for name in names(directory, visit) {
            let path = "\(directory)/\(name)"
            if isLast, let original = RotatedName.original(name), fits(original) {
                found("\(directory)/\(original)", path)
            }
            guard fits(name) else { continue }
            if isLast {
                if Self.kind(path, follow: true) == S_IFREG { found(path, nil) }
            } else if Self.kind(path, follow: true) == S_IFDIR {
                walk(path, i + 1, depth, visit, found)
            }
        }
    }

    private func names(_ directory: String, _ visit: (String) -> Void) -> [String] {
        let path = directory.isEmpty ? "/" : directory
        visit(path)
        // A directory that does not exist yet, or may not be read, holds nothing; it is looked
        // at again with the next scan.
        return ((try? RealFileSystem().list(path)) ?? []).sorted()
    }

    private static func kind(_ path: String, follow: Bool) -> mode_t {
        var status = stat()
        // Safe: the path is passed as a terminated copy; the call writes one structure.
        let result = unsafe follow ? stat(path, &status) : lstat(path, &status)
        return result == 0 ? status.st_mode & S_IFMT : 0
    }
}

/// Names of rotated files.
enum RotatedName {
    /// The path a rotated file had before: `/var/log/app.log` for `/var/log/app.log.1`,
    /// `…/app.log-20261123`, `…/app.log.2026-11-23.2`, `…/app.log.2.gz`; nil if the name does not
    /// look rotated.
    static func original(_ path: String) -> String? {
        if let plain = uncompressed(path) { return original(plain) ?? plain }
        // What logrotate calls a file whose next name is taken: NAME-2026112707.backup.
        if path.hasSuffix(".backup") { return original(String(path.dropLast(7))) }
        let bytes = Array(path.utf8)
        var i = bytes.count
        while i > 0, isRotation(bytes[i - 1]) { i -= 1 }
        // The suffix begins with "." or "-" and has a digit; a name is left before it.
        while i < bytes.count, bytes[i] != UInt8(ascii: "."), bytes[i] != UInt8(ascii: "-") {
            i += 1
        }
        guard i > 0, bytes.count - i >= 2, bytes[i - 1] != UInt8(ascii: "/") else { return nil }
        let last = bytes[bytes.count - 1]
        guard last >= UInt8(ascii: "0"), last <= UInt8(ascii: "9") else { return nil }
        return String(decoding: bytes[..<i], as: UTF8.self)
    }

    static func isCompressed(_ path: String) -> Bool { uncompressed(path) != nil }

    /// What compressed files are called behind the name they had.
    static let endings = [".gz", ".zst"]

    /// The path a file had before it was compressed; nil if the name does not say that it was.
    static func uncompressed(_ path: String) -> String? {
        for ending in endings where path.hasSuffix(ending) {
            let plain = path.dropLast(ending.count)
            return plain.isEmpty || plain.hasSuffix("/") ? nil : String(plain)
        }
        return nil
    }

    private static func isRotation(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
