import Glibc
import HisuiYAML

@testable import HisuiParse

/// The parser definitions of the repository, as a test reads them.
enum ShippedFiles {
    /// The directory `parsers`, found from where this file stands.
    static let directory: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/") + "/parsers"
    }()

    /// Every definition in order of name, without the schema.
    static let definitions: [(name: String, bytes: [UInt8])] = names()
        .filter { $0 != "schema.yaml" }
        .map { ("parsers/" + $0, contents($0)) }

    static let schema: Schema = {
        let (schema, diagnostics) = Schema.load(contents("schema.yaml"), file: "schema.yaml")
        guard let schema else {
            preconditionFailure(diagnostics.map(\.description).joined(separator: "\n"))
        }
        return schema
    }()

    private static func names() -> [String] {
        guard let handle = unsafe opendir(directory) else { return [] }
        // Safe: the handle is open until this function ends, and entries are copied at once.
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name.hasSuffix(".yaml") { names.append(name) }
        }
        return names.sorted()
    }

    static func contents(_ name: String) -> [UInt8] {
        guard let file = unsafe fopen(directory + "/" + name, "r") else { return [] }
        // Safe: the file is open until this function ends; fread writes into the buffer's bounds.
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe fread($0.baseAddress, 1, $0.count, file)
            }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }
}
