import Foundation
import Testing

/// The store's place: in use, no store, full.
@Suite("the disk under the store", .serialized)
struct DiskScenarios {
    @Test("a second daemon on the same store is refused, and the first goes on")
    func storeInUse() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        let second = try Program.hisui("run", "--config", daemon.configuration)
        #expect(second.status == 3)
        #expect(second.errors.contains("zone"), "\(second.errors)")
        let bulk = try Program.hisui(
            "import", "--store", daemon.store, "--zone", "test", "-", input: Data("x\n".utf8))
        #expect(bulk.status == 3, "\(bulk.errors)")
        #expect(daemon.isRunning)
        #expect(try daemon.stop() == 0)
    }

    @Test("a directory of something else is no store: refused, and left as it was")
    func noStore() throws {
        let folder = try Scratch()
        try Data("something of mine".utf8).write(to: URL(fileURLWithPath: folder.path + "/mine"))
        let daemon = try RunningDaemon(store: folder.path)
        try daemon.launch()
        try eventually("the daemon refuses") { !daemon.isRunning }
        #expect(daemon.log.contains(folder.path), "\(daemon.log)")
        for command in ["search", "status", "sources"] {
            let query = command == "search" ? ["*"] : []
            let finished = try Program.run(
                Program.hisui, [command, "--store", folder.path] + query)
            #expect(finished.status == 3, "\(command): \(finished.errors)")
        }
        let bulk = try Program.hisui(
            "import", "--store", folder.path, "--zone", "a", "-", input: Data("x\n".utf8))
        #expect(bulk.status == 3, "\(bulk.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["mine"])
    }

    @Test("a full disk stops collection, loses nothing, and room lets it go on")
    func full() throws {
        let disk = try SmallDisk(megabytes: 6)
        let daemon = try RunningDaemon(
            sources: ["{ files: { paths: [ FOLDER/*.log ] }, id: app }"],
            store: disk.path + "/store")
        try daemon.start()
        try append(0..<2000, daemon)
        try eventually("before the disk is full") { try daemon.count("line") == 2000 }
        try disk.fill(leaving: 256 << 10)
        try append(2000..<62_000, daemon)
        try eventually("the daemon says that the store refuses", within: 60) {
            daemon.log.contains("the store refuses")
        }
        // What it has taken and cannot store waits in memory.
        try Program.shell("logger -n 127.0.0.1 -P \(daemon.tcpPort) -T 'waits in memory'")
        try Program.shell("logger -n 127.0.0.1 -P \(daemon.udpPort) -d 'waits in memory'")
        Thread.sleep(forTimeInterval: 1.5)
        #expect(daemon.isRunning)
        try disk.resize(megabytes: 200)
        try eventually("everything is stored", within: 60) {
            try daemon.count("line") == 62_000 && daemon.count("\"waits in memory\"") == 2
        }
        #expect(daemon.log.contains("takes records again"))
        #expect(try daemon.stop() == 0)
        try expectLines(0..<62_000, daemon)
        try expectEquation(daemon.store)
    }

    @Test("a stop while the disk is full ends within seconds; the next start reads the rest")
    func stoppedWhileFull() throws {
        let disk = try SmallDisk(megabytes: 6)
        let daemon = try RunningDaemon(
            sources: ["{ files: { paths: [ FOLDER/*.log ] }, id: app }"],
            store: disk.path + "/store")
        try daemon.start()
        try append(0..<2000, daemon)
        try eventually("before the disk is full") { try daemon.count("line") == 2000 }
        try disk.fill(leaving: 128 << 10)
        try append(2000..<200_000, daemon)
        try eventually("the daemon says that the store refuses", within: 60) {
            daemon.log.contains("the store refuses")
        }
        let status = try daemon.stop(within: 10)
        #expect(status == 3, "not everything taken was stored: \(daemon.log)")
        #expect(!daemon.log.contains("everything taken is stored"))
        let before = try daemon.count("line")
        #expect(before >= 2000)
        try disk.resize(megabytes: 300)
        try daemon.start()
        try eventually("everything is stored", within: 60) {
            try daemon.count("line") == 200_000
        }
        #expect(try daemon.stop() == 0)
        try expectLines(0..<200_000, daemon)
        try expectEquation(daemon.store)
    }

    private func append(_ numbers: Range<Int>, _ daemon: RunningDaemon) throws {
        try Program.shell(
            "seq -f 'line %.0f of the application, with some words behind it' "
                + "\(numbers.lowerBound) \(numbers.upperBound - 1) "
                + ">> '\(daemon.folder.path)/app.log'")
    }

    private func expectLines(_ numbers: Range<Int>, _ daemon: RunningDaemon) throws {
        let found = try Program.hisui(
            "search", "--store", daemon.store, "--format", "raw", "hisui.source:app*")
        let all = found.lines.compactMap { line in
            Int(line.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
        #expect(all.sorted() == Array(numbers), "\(all.count) lines")
    }
}

/// A file system of a few megabytes. Needs root.
final class SmallDisk {
    private let folder: Scratch
    var path: String { folder.path + "/disk" }

    init(megabytes: Int) throws {
        folder = try Scratch()
        try Program.shell(
            "mkdir '\(folder.path)/disk' && "
                + "mount -t tmpfs -o size=\(megabytes)m hisui-scenario '\(folder.path)/disk'")
    }

    /// Takes all room but so many bytes.
    func fill(leaving bytes: Int) throws {
        try Program.shell(
            "free=$(df --output=avail -B1 '\(path)' | tail -1); "
                + "head -c $((free - \(bytes))) /dev/zero > '\(path)/ballast'")
    }

    func resize(megabytes: Int) throws {
        try Program.shell("mount -o remount,size=\(megabytes)m '\(path)'")
    }

    deinit { _ = try? Program.shell("umount -l '\(path)'") }
}
