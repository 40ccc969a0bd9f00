import Glibc
import HisuiFile
import Testing

/// What both file systems have to do alike.
@Suite struct FileSystemTests {
    /// Runs `body` on a folder of the real disk and on a simulated one.
    private func onBoth(_ body: (any FileSystem, String) throws -> Void) throws {
        try body(SimulatedFileSystem(), "/work")
        let path = "/tmp/hisui-file-tests-\(UInt64.random(in: 0 ... .max))"
        let disk = RealFileSystem()
        defer { removeTree(disk, path) }
        try body(disk, path)
    }

    private func removeTree(_ disk: RealFileSystem, _ path: String) {
        for name in (try? disk.list(path)) ?? [] { removeTree(disk, Path.join(path, name)) }
        try? disk.remove(path)
    }

    private func code(_ body: () throws -> Void) -> FileError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? FileError)?.code
        }
    }

    @Test func filesAreWrittenReadAndCut() throws {
        try onBoth { disk, root in
            try disk.createDirectory(root + "/a/b")
            try disk.createDirectory(root + "/a/b")
            let path = root + "/a/b/file"
            #expect(code { _ = try disk.open(path, .readWrite) } == .notFound)
            let file = try disk.open(path, .create)
            #expect(code { _ = try disk.open(path, .create) } == .exists)
            try file.append([1, 2, 3, 4].span)
            try file.append([5, 6].span)
            try file.overwrite([9].span, at: 1)
            try file.truncate(to: 5)
            try file.sync()
            #expect(file.size == 5)
            file.close()
            #expect(code { try file.append([1].span) } != nil)
            #expect(try disk.size(path) == 5)
            #expect(try disk.bytes(path, from: 1, count: 2) == [9, 3])
            #expect(try disk.bytes(path, from: 4, count: 100) == [5])
            #expect(try disk.bytes(path, from: 9, count: 100) == [])
            let contents = try disk.contents(path)
            let last = contents.withBytes { $0[4] }
            #expect(contents.count == 5 && last == 5)
            let again = try disk.open(path, .readWrite)
            #expect(again.size == 5)
            try again.append([7].span)
            #expect(try disk.list(root + "/a/b") == ["file"])
            try disk.rename(path, to: root + "/a/b/other")
            #expect(try !disk.exists(path))
            try disk.remove(root + "/a/b/other")
            let first = contents.withBytes { $0[0] }
            #expect(first == 1, "readable after it was removed")
            #expect(code { try disk.remove(path) } == .notFound)
            #expect(code { _ = try disk.size(path) } == .notFound)
            #expect(code { _ = try disk.list(path) } == .notFound)
            #expect(try disk.list(root + "/a/b") == [])
            #expect(code { try disk.remove(root + "/a") } == .exists)
        }
    }

    @Test func emptyFilesHaveContents() throws {
        try onBoth { disk, root in
            try disk.createDirectory(root)
            try disk.open(root + "/empty", .create).close()
            #expect(try disk.contents(root + "/empty").count == 0)
            let contents = try disk.contents(root + "/empty")
            let isEmpty = contents.withBytes { $0.isEmpty }
            #expect(isEmpty)
        }
    }

    @Test func writeDurablyReplaces() throws {
        try onBoth { disk, root in
            try disk.createDirectory(root)
            let path = root + "/file"
            try disk.open(path + temporarySuffix, .create).append([9, 9].span)
            try disk.writeDurably([1, 2, 3], to: path)
            try disk.writeDurably([4], to: path)
            #expect(try disk.bytes(path, from: 0, count: 9) == [4])
            #expect(try disk.list(root) == ["file"])
        }
    }

    @Test func lockIsHeldOnce() throws {
        try onBoth { disk, root in
            try disk.createDirectory(root)
            let lock = try disk.lock(root + "/lock")
            #expect(code { _ = try disk.lock(root + "/lock") } == .locked)
            lock.release()
            try disk.lock(root + "/lock").release()
        }
    }

    @Test func aFileIsNoDirectory() throws {
        try onBoth { disk, root in
            try disk.createDirectory(root)
            try disk.open(root + "/file", .create).close()
            #expect(code { try disk.createDirectory(root + "/file") } == .notADirectory)
            #expect(code { try disk.createDirectory(root + "/file/b") } == .notADirectory)
            #expect(code { _ = try disk.list(root + "/file") } == .notADirectory)
        }
    }

    /// The kernel says there that a name is not found, although its parent is there.
    @Test func whereThereCanBeNoFolderIsAnError() {
        #expect(code { try RealFileSystem().createDirectory("/proc/none/a") } == .notFound)
    }

    @Test func foldersAndFilesBelongToOneUser() throws {
        let root = "/tmp/hisui-file-tests-\(UInt64.random(in: 0 ... .max))"
        let disk = RealFileSystem()
        defer { removeTree(disk, root) }
        try disk.createDirectory(root + "/a")
        try disk.open(root + "/a/file", .create).close()
        _ = try disk.lock(root + "/a/lock")
        for (name, mode) in [("/a", 0o700), ("/a/file", 0o600), ("/a/lock", 0o600)] {
            var status = stat()
            // Safe: `status` outlives the call.
            let result = unsafe stat(root + name, &status)
            #expect(result == 0 && Int(status.st_mode) & 0o777 == mode, "\(name)")
        }
    }

    @Test func lockNamesItsHolder() throws {
        let root = "/tmp/hisui-file-tests-\(UInt64.random(in: 0 ... .max))"
        let disk = RealFileSystem()
        defer { removeTree(disk, root) }
        try disk.createDirectory(root)
        let lock = try disk.lock(root + "/lock")
        do throws(FileError) {
            _ = try disk.lock(root + "/lock")
            Issue.record("locked twice")
        } catch {
            #expect(error.description.contains("process \(getpid())"), "\(error)")
        }
        lock.release()
    }

    /// The sequence of `writeDurably`, cut off after each of its steps: always one of the two.
    @Test func writeDurablyIsAllOrNothing() throws {
        let old = [UInt8](repeating: 1, count: 2000)
        let new = [UInt8](repeating: 2, count: 3000)
        for steps in 0...8 {
            let disk = SimulatedFileSystem()
            try disk.writeDurably(old, to: "/file")
            disk.crashAfter(operation: disk.operationCount + steps)
            let isDone = (try? disk.writeDurably(new, to: "/file")) != nil
            #expect(isDone == (steps >= 6), "remove, create, write, sync, rename, sync")
            for seed in UInt64(0)..<100 {
                let bytes = try disk.crashed(seed: seed).bytes("/file", from: 0, count: 9999)
                #expect(bytes == new || !isDone && bytes == old, "step \(steps), seed \(seed)")
            }
        }
    }

    @Test func pathsAreTakenApart() {
        #expect(Path.parent(of: "/a/b") == "/a" && Path.name(of: "/a/b") == "b")
        #expect(Path.parent(of: "/a") == "/" && Path.parent(of: "a") == ".")
        #expect(Path.join("/", "a") == "/a" && Path.join("a", "b") == "a/b")
    }
}
