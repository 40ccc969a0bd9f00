import HisuiEvent
import Testing

@testable import HisuiCollect

struct PassingFilesTests {
    private func gone(
        _ changes: [(PassingFiles.Change, String)], began: Int64 = 0
    ) -> [String] {
        var files = PassingFiles()
        for (change, path) in changes { files.take(change, path) }
        return files.endLook(began: began).map(\.path)
    }

    @Test func oneThatCameAndWasWrittenIsGoneWhenItIsRemoved() {
        #expect(gone([(.created, "/a"), (.written, "/a"), (.removed, "/a")]) == ["/a"])
        #expect(gone([(.created, "/a"), (.removed, "/a")]) == [])
        #expect(gone([(.written, "/a"), (.removed, "/a")]) == [])
        #expect(gone([(.created, "/a"), (.written, "/a")]) == [])
    }

    @Test func itIsFollowedUnderOtherNames() {
        let changes: [(PassingFiles.Change, String)] = [
            (.created, "/a"), (.written, "/a"), (.movedFrom(7), "/a"), (.movedTo(7), "/b"),
        ]
        #expect(gone(changes + [(.removed, "/b")]) == ["/b"])
        #expect(gone(changes + [(.removed, "/a")]) == [])
        // One that was there before takes its name.
        #expect(gone(changes + [(.movedTo(8), "/b"), (.removed, "/b")]) == [])
    }

    @Test func whatACompressedFileWasMadeOfIsNotGone() {
        for ending in [".gz", ".zst"] {
            let changes: [(PassingFiles.Change, String)] = [
                (.created, "/a"), (.written, "/a"), (.created, "/a\(ending)"),
                (.written, "/a\(ending)"), (.removed, "/a"),
            ]
            #expect(gone(changes) == [])
        }
    }

    @Test func aLookForgetsWhatCameBeforeItAndRemembersWhatCameMeanwhile() {
        var files = PassingFiles()
        files.settle(10)
        files.take(.created, "/a")
        files.take(.written, "/a")
        files.settle(20)
        files.take(.created, "/b")
        files.take(.written, "/b")
        #expect(files.endLook(began: 20) == [])
        files.settle(30)
        files.take(.removed, "/a")
        files.take(.removed, "/b")
        #expect(files.endLook(began: 30) == [PassingFiles.Gone(path: "/b", came: 20)])
        #expect(files.endLook(began: 40) == [])
    }

    @Test func whatIsRememberedIsBounded() {
        var files = PassingFiles()
        for number in 0...Limits.passingFilesMax {
            files.take(.created, "/\(number)")
            files.take(.written, "/\(number)")
        }
        for number in 0...Limits.passingFilesMax { files.take(.removed, "/\(number)") }
        #expect(files.gone.count == Limits.passingFilesMax)
        for _ in 0..<2 {
            files.take(.created, "/again")
            files.take(.written, "/again")
            files.take(.removed, "/again")
        }
        #expect(files.endLook(began: 0).count == Limits.passingFilesMax)
    }

    @Test func whatTheKernelCouldNotTellIsNotGuessed() {
        var files = PassingFiles()
        files.take(.created, "/a")
        files.take(.written, "/a")
        files.lost()
        files.take(.removed, "/a")
        #expect(files.endLook(began: 0) == [])
    }

    @Test(arguments: [
        ("/l/*.log", "/l/a.log", true), ("/l/*.log", "/l/a.log.1", true),
        ("/l/*.log", "/l/a.log-20261128.gz", true), ("/l/*.log", "/l/a.txt", false),
        ("/l/*.log", "/l/d/a.log", false), ("/l/**", "/l/a", true), ("/l/**", "/l/d/e/a", true),
        ("/l/**", "/m/a", false), ("/l/**/a.log", "/l/a.log", true),
        ("/l/**/a.log", "/l/d/e/a.log", true), ("/l/**/a.log", "/l/d/e/b.log", false),
        ("/l/*/a.log", "/l/d/a.log", true), ("/l/*/a.log", "/l/a.log", false),
        ("/l/a.log", "/l/a.log", true), ("/l/a.log", "/l", false),
    ])
    func aPatternCoversWhatItFinds(pattern: String, path: String, covers: Bool) throws {
        let compiled = try #require(FilePattern(pattern))
        #expect(compiled.covers(path) == covers)
    }
}
