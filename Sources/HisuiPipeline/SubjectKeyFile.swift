import HisuiFile
public import HisuiParse

/// The file of the keys that make pseudonyms; see `SubjectKeys`.
public enum SubjectKeyFile {
    private static let bytesMax = 64 << 10

    /// Reads a file that nobody but its owner may read.
    public static func load(_ path: String) throws(PipelineError) -> SubjectKeys {
        let disk = RealFileSystem()
        let bytes: [UInt8]
        let mode: UInt32
        do throws(FileError) {
            bytes = try disk.bytes(path, from: 0, count: bytesMax)
            mode = try disk.permissions(path)
        } catch {
            throw PipelineError(
                "the keys for pseudonyms cannot be read: \(error)",
                hint: "`hisui keys subject add` makes such a file")
        }
        guard mode & 0o077 == 0 else {
            throw PipelineError(
                "\(path): keys that others may read (mode \(String(mode, radix: 8)))",
                hint: "chmod 600 it; if somebody may have read it, add a new key")
        }
        do throws(SubjectKeys.Problem) {
            return try SubjectKeys(bytes)
        } catch {
            throw PipelineError(
                "\(path):\(error.line): \(error)",
                hint: "each line is the id of a key and 64 hexadecimal digits")
        }
    }

    /// Adds a new key behind those of a file, which is made if it is not there.
    public static func add(id: String, to path: String) throws(PipelineError) {
        let disk = RealFileSystem()
        var text: [UInt8] = []
        do throws(FileError) {
            if try disk.exists(path) { text = try disk.bytes(path, from: 0, count: bytesMax) }
        } catch {
            throw PipelineError("\(error)", hint: nil)
        }
        if !text.isEmpty {
            _ = try load(path)
            if text.last != 0x0A { text.append(0x0A) }
        }
        text += Array(SubjectKeys.newLine(id: id).utf8)
        do throws(SubjectKeys.Problem) {
            _ = try SubjectKeys(text)
        } catch {
            throw PipelineError("no key '\(id)' was added: \(error)", hint: nil)
        }
        do throws(FileError) {
            try disk.writeDurably(text, to: path)
        } catch {
            throw PipelineError("\(error)", hint: nil)
        }
    }
}
