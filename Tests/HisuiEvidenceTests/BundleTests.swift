import Glibc
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore
import Testing

@testable import HisuiEvidence

/// Bundles: made, checked, and refused after every manipulation.
@Suite struct BundleTests {
    /// A folder that is removed with its owner.
    final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/hisui-bundle-XXXXXX".utf8CString)
            // Safe: mkdtemp replaces the Xs within the terminated array.
            guard unsafe mkdtemp(&template) != nil else {
                throw EvidenceError(.system, Bilingual("mkdtemp", "mkdtemp"))
            }
            path = String(
                decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        deinit { Self.remove(path) }

        static func remove(_ path: String) {
            let disk = RealFileSystem()
            for name in (try? disk.list(path)) ?? [] { remove(path + "/" + name) }
            try? disk.remove(path)
        }
    }

    struct Made {
        let folder: Folder
        var store: SmallStore
        let disk = RealFileSystem()
        var bundle: String { folder.path + "/bundle" }

        init() throws {
            folder = try Folder()
            store = SmallStore(disk, path: folder.path + "/store")
            try store.run(commits: [5, 270, 3])
            try store.find([3, 271])
            try store.find([3], level: "low")
        }

        @discardableResult
        func build(_ name: String = "bundle", seed: UInt64 = 1) throws -> BundleResult {
            var request = BundleRequest(
                store: store.path, out: folder.path + "/" + name,
                since: Timestamp(nanoseconds: 0), until: Timestamp(nanoseconds: .max / 2),
                seed: seed,
                shipped: BundleRequest.Shipped(
                    readmeJapanese: Array("ja\n".utf8), readmeEnglish: Array("en\n".utf8),
                    verifier: Array("#\n".utf8)),
                agent: "hisui test")
            request.sample = 7
            return try BundleBuilder(
                fileSystem: disk, request: request, now: Timestamp(nanoseconds: 0)
            ).run()
        }

        func check(_ trust: TrustFile? = nil) throws -> BundleVerdict {
            try BundleChecker(path: bundle, trust: trust).run()
        }

        func bytes(_ file: String) throws -> [UInt8] {
            try disk.bytes(bundle + "/" + file, from: 0, count: 1 << 24)
        }

        func write(_ file: String, _ bytes: [UInt8]) throws {
            try disk.writeDurably(bytes, to: bundle + "/" + file)
        }

        /// Manifests that fit what is there, as a forger would make them.
        func remakeManifests() throws {
            var payload: [String] = []
            for file in try BagFolder(path: bundle).list().files.map(\.path)
            where file.hasPrefix("data/") { payload.append(file) }
            var octets = 0
            for algorithm in BagManifest.Algorithm.allCases {
                var manifest = BagManifest()
                octets = 0
                for file in payload {
                    let content = try bytes(file)
                    octets += content.count
                    manifest.add(file, BagDigest.of(content, algorithm))
                }
                try write(BagNames.manifest(algorithm), manifest.bytes)
            }
            let info = String(decoding: try bytes(BagNames.info), as: UTF8.self)
                .split(separator: "\n").filter { !$0.hasPrefix("Payload-Oxum") }
                .map { $0 + "\n" }.joined()
            try write(
                BagNames.info, Array((info + "Payload-Oxum: \(octets).\(payload.count)\n").utf8))
            var tags = BagManifest()
            for file in [
                BagNames.declaration, BagNames.info, BagNames.manifest(.sha256),
                BagNames.manifest(.sha512),
            ] { tags.add(file, BagDigest.of(try bytes(file), .sha256)) }
            try write(BagNames.tagManifest, tags.bytes)
        }

        /// Seals again, with the true key: what whoever holds the store could do.
        func reseal() throws {
            let key = try disk.bytes(store.path + "/keys/acts/zone.key", from: 0, count: 4096)
            let signer = try NoteSigner(skey: key.filter { $0 != 0x0A })
            let tags = String(decoding: try bytes(BagNames.tagManifest), as: UTF8.self)
            try write(BagNames.seal, SignedNote(text: tags, signers: [signer]).encoded)
        }
    }

    @Test func bundleIsSound() throws {
        let made = try Made()
        let result = try made.build()
        #expect(result.isSealed)
        #expect(result.verdict.problems == [])
        #expect(result.findings == 2)
        #expect(result.records == 278)
        let verdict = try made.check(try made.store.trust())
        #expect(verdict.problems == [])
        #expect(verdict.provedRecords == result.attached)
        #expect(verdict.provedRecords >= 9 - 2)
        let lines = try made.bytes(BagNames.selected).split(separator: 0x0A)
        let record = try #require(SelectedRecord(line: Array(lines[0])))
        #expect(record.index == 3)
        #expect(record.findings.count == 2)
        #expect(record.record == Array("record 3 <b>住民</b> \u{0}".utf8))
        let page = String(decoding: try made.bytes(BagNames.summary(.japanese)), as: UTF8.self)
        #expect(page.contains("佐藤") && page.contains("監査証跡一式"))
        #expect(!page.contains("<script") && !page.contains("http://"))
    }

    @Test func samePeriodAndSeedGiveTheSamePayload() throws {
        let made = try Made()
        let first = try made.build("bundle", seed: 5)
        let second = try made.build("again", seed: 5)
        let other = try made.build("other", seed: 6)
        #expect(first.digest == second.digest)
        #expect(first.digest != other.digest)
    }

    /// What somebody may do to a bundle; each with manifests left alone, and with them made anew.
    static let manipulations: [(name: String, change: @Sendable (Made) throws -> Void)] = [
        (
            "a record is altered",
            { made in
                let text = String(decoding: try made.bytes(BagNames.selected), as: UTF8.self)
                try made.write(
                    BagNames.selected, Array(text.replacingFirst("\"flags\":0", "\"flags\":1").utf8)
                )
            }
        ),
        (
            "a record is taken out",
            { made in
                let bytes = try made.bytes(BagNames.selected)
                let end = try #require(bytes.firstIndex(of: 0x0A))
                try made.write(BagNames.selected, Array(bytes[(end + 1)...]))
            }
        ),
        (
            "a finding is taken out",
            { made in
                let bytes = try made.bytes(BagNames.findings)
                let end = try #require(bytes.firstIndex(of: 0x0A))
                try made.write(BagNames.findings, Array(bytes[(end + 1)...]))
            }
        ),
        (
            "a proof is removed",
            { made in
                try made.disk.remove(made.bundle + "/data/events/proofs/lgwan/default/3.tlog-proof")
            }
        ),
        ("a file is added", { made in try made.write("data/report/extra.html", [1]) }),
        ("a tag file is added", { made in try made.write("extra.txt", [1]) }),
        (
            "the report is edited",
            { made in
                let text = String(decoding: try made.bytes(BagNames.summary), as: UTF8.self)
                try made.write(
                    BagNames.summary,
                    Array(text.replacingFirst("\"findings\":2", "\"findings\":1").utf8))
            }
        ),
        (
            "the page is edited",
            { made in
                try made.write(
                    BagNames.summary(.japanese),
                    try made.bytes(BagNames.summary(.japanese)) + Array("<p>x</p>".utf8))
            }
        ),
        (
            "a checkpoint is replaced by the older one",
            { made in
                let all = try NoteFile(try made.bytes("data/log/lgwan/default/checkpoints.txt"))
                try made.write(
                    "data/log/lgwan/default/checkpoint.txt", all.entries[0].note.encoded)
            }
        ),
        (
            "a signature is altered",
            { made in
                var bytes = try made.bytes("data/log/lgwan/default/checkpoint.txt")
                bytes[bytes.count - 20] ^= 1
                try made.write("data/log/lgwan/default/checkpoint.txt", bytes)
            }
        ),
        (
            "a gap is struck out",
            { made in
                try made.write(
                    BagNames.sources, Array(try made.bytes(BagNames.sources).dropLast(9)))
            }
        ),
        (
            "acts are cut",
            { made in
                let bytes = try made.bytes(BagNames.acts)
                let end = try #require(bytes.firstIndex(of: 0x0A))
                try made.write(BagNames.acts, Array(bytes[(end + 1)...]))
            }
        ),
        (
            "a key is replaced",
            { made in
                let key = NoteSigner.generate(name: "hisui/0000000000000000/lgwan").verifier
                try made.write(
                    "data/log/lgwan/default/vkeys.txt", Array((key.vkey + "\n").utf8))
            }
        ),
        (
            "a link leads out",
            { made in
                let file = made.bundle + "/" + BagNames.readmeEnglish
                try made.disk.remove(file)
                #expect(unsafe symlink("/etc/passwd", file) == 0)
            }
        ),
    ]

    @Test(arguments: manipulations.indices)
    func manipulationIsFound(_ number: Int) throws {
        let made = try Made()
        try made.build()
        try Self.manipulations[number].change(made)
        let plain = try made.check()
        #expect(!plain.isSound, "\(Self.manipulations[number].name)")
        if Self.manipulations[number].name != "a link leads out" {
            try made.remakeManifests()
            let forged = try made.check()
            #expect(!forged.isSound, "\(Self.manipulations[number].name), manifests made anew")
        }
    }

    /// With the seal made anew as well, numbers and proofs still contradict each other.
    @Test(arguments: [0, 1, 2, 3, 6, 8, 9, 11, 12])
    func manipulationBySomebodyWithTheKeyIsFound(_ number: Int) throws {
        let made = try Made()
        try made.build()
        try Self.manipulations[number].change(made)
        try made.remakeManifests()
        try made.reseal()
        #expect(!(try made.check().isSound), "\(Self.manipulations[number].name)")
    }

    @Test func missingSealIsFound() throws {
        let made = try Made()
        try made.build()
        try made.disk.remove(made.bundle + "/" + BagNames.seal)
        #expect(try made.check().problems.map(\.kind) == [.unsigned])
    }

    @Test func otherKeysThanTheTrustedOnesAreFound() throws {
        let made = try Made()
        try made.build()
        let other = try Made()
        let verdict = try made.check(try other.store.trust())
        #expect(verdict.problems.contains { $0.kind == .untrusted })
    }

    @Test func folderThatIsNotEmptyIsRefused() throws {
        let made = try Made()
        try made.build()
        #expect(throws: EvidenceError.self) { try made.build() }
    }
}

extension String {
    fileprivate func replacingFirst(_ old: String, _ new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        var text = self
        text.replaceSubrange(range, with: new)
        return text
    }
}
