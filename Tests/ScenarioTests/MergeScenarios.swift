import Foundation
import Testing

/// Many small segments, as a quiet zone makes them, and the daemon that merges them.
@Suite("small segments", .serialized)
struct MergeScenarios {
    @Test("24 starts make 24 segments, the daemon a few of them; nothing is lost, all is proved")
    func manyStarts() throws {
        let daemon = try RunningDaemon(
            sources: ["{ files: { paths: [ FOLDER/*.log ] }, id: app }"])
        let segments = daemon.store + "/zones/test/default/segments"
        func names() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: segments)
                .filter { $0.hasSuffix(".segment") }
        }
        for round in 0..<24 {
            try daemon.start()
            try Program.shell(
                "seq -f 'line %.0f end' \(round * 10) \(round * 10 + 9) "
                    + ">> '\(daemon.folder.path)/a.log'")
            try eventually("round \(round) is stored") {
                try daemon.count("line") == (round + 1) * 10
            }
            if round % 3 == 0 { daemon.kill9() } else { #expect(try daemon.stop() == 0) }
        }
        try daemon.start()
        // Of 24, 8 or more at a time; by then at most 16 were left over a day's end.
        try eventually("small segments are merged: \(daemon.log)") { try names().count <= 17 }
        #expect(try daemon.stop() == 0)
        let lines = try Program.hisui(
            "search", "--store", daemon.store, "--format", "raw", "line")
        #expect(lines.lines == (0..<240).map { "line \($0) end" })
        try expectEquation(daemon.store)
        let acts = try Program.hisui(
            "search", "--store", daemon.store, "--acts", "--format", "raw", "act:segment replaces:*"
        )
        #expect(acts.text.contains("merged into one"), "\(acts.errors)")
        let verified = try Program.hisui("verify", "--store", daemon.store)
        #expect(verified.status == 0, "\(verified.text)\(verified.errors)")
    }

    @Test("a merged file that somebody changes, or puts back, is found")
    func tampering() throws {
        let folder = try Scratch()
        let store = folder.path + "/store"
        for number in 0..<10 {
            let finished = try Program.run(
                Program.hisui, ["import", "--store", store, "--zone", "test", "-"],
                input: Data("line \(number)\n".utf8))
            try #require(finished.status == 0, "\(finished.errors)")
        }
        let copy = folder.path + "/copy"
        try FileManager.default.copyItem(atPath: store, toPath: copy)
        let daemon = try RunningDaemon(store: store)
        let segments = store + "/zones/test/default/segments"
        try daemon.start()
        try eventually("segments are merged: \(daemon.log)") {
            try FileManager.default.contentsOfDirectory(atPath: segments).count == 2
        }
        #expect(try daemon.stop() == 0)
        let sound = try Program.hisui("verify", "--store", store)
        #expect(sound.status == 0, "\(sound.text)\(sound.errors)")
        let merged = try #require(
            try FileManager.default.contentsOfDirectory(atPath: segments).min())
        let path = segments + "/" + merged
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        var changed = bytes
        changed[changed.count / 2] ^= 1
        try changed.write(to: URL(fileURLWithPath: path))
        let found = try Program.hisui("verify", "--store", store)
        #expect(found.status == 4 && found.text.contains(merged), "\(found.text)")
        // Removed, with the files it had replaced in its place: they are what was sealed.
        try FileManager.default.removeItem(atPath: path)
        #expect(try Program.hisui("verify", "--store", store).status == 4)
        let old = copy + "/zones/test/default/segments"
        for name in try FileManager.default.contentsOfDirectory(atPath: old) {
            try? FileManager.default.copyItem(
                atPath: old + "/" + name, toPath: segments + "/" + name)
        }
        let back = try Program.hisui("verify", "--store", store)
        #expect(back.status == 0, "\(back.text)")
    }
}
