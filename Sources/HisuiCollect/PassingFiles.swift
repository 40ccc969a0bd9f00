import HisuiEvent

/// Files that came under a name and were removed again before anybody looked, by what the kernel
/// tells of a directory's names.
///
/// A file that a look may have found is none of them: what was told after the look before may have
/// happened before it. So one is told of only if it is sure that nobody had it.
struct PassingFiles {
    enum Change: Hashable {
        case created
        case written
        case removed
        /// The two halves of a renaming have the same number.
        case movedFrom(UInt32)
        case movedTo(UInt32)
    }

    /// One that was written to and removed.
    struct Gone: Hashable {
        var path: String
        /// Not before this time, in milliseconds, it came.
        var came: Int64
    }

    private struct File {
        var came: Int64
        var isWritten = false
    }

    private var files: [String: File] = [:]
    private var moving: [UInt32: File] = [:]
    /// When all that had happened until then had been taken.
    private var taken: Int64 = 0
    private(set) var gone: [Gone] = []

    mutating func take(_ change: Change, _ path: String) {
        switch change {
        case .created:
            if files.count < Limits.passingFilesMax { files[path] = File(came: taken) }
        case .written: files[path]?.isWritten = true
        case .movedFrom(let number): moving[number] = files.removeValue(forKey: path)
        case .movedTo(let number): files[path] = moving.removeValue(forKey: number)
        case .removed:
            guard let file = files.removeValue(forKey: path), file.isWritten,
                // Made of it, and removed by whoever did that.
                !RotatedName.endings.contains(where: { files[path + $0] != nil }),
                gone.count < Limits.passingFilesMax
            else { return }
            gone.append(Gone(path: path, came: file.came))
        }
    }

    /// Forgets all: not everything was told.
    mutating func lost() {
        files = [:]
        moving = [:]
    }

    /// All changes until a time, in milliseconds, have been taken.
    mutating func settle(_ now: Int64) {
        taken = now
        moving = [:]
    }

    /// Ends a look, after what happened meanwhile was taken: what came before it and is still there
    /// has been found if it fits.
    ///
    /// - Parameter began: when the look began and all changes until then had been taken.
    /// - Returns: the files that are gone.
    mutating func endLook(began: Int64) -> [Gone] {
        files = files.filter { $0.value.came >= began }
        defer { gone = [] }
        return gone
    }
}
