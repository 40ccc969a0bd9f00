import HisuiFile

/// Files that a command reads whole: configurations and definitions.
enum InputFile {
    /// Nobody writes a larger one by hand.
    private static let bytesMax = 16 << 20

    static func bytes(_ path: String) throws(Failure) -> [UInt8] {
        do {
            return try RealFileSystem().bytes(path, from: 0, count: bytesMax)
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }
}
