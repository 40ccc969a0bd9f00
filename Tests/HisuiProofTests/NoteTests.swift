import HisuiEvent
import Testing

@testable import HisuiProof

/// Signed notes and what is made of them.
@Suite struct NoteTests {
    /// Key, text and signature of Go's `sumdb/note` documentation.
    static let skey =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    static let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    static let text =
        "If you think cryptography is the answer to your problem,\n"
        + "then you don't know what your problem is.\n"
    static let signature =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
        + "otpRZb6KE6RyyBwJnAM=\n"

    @Test func signsAndVerifiesAsGoDoes() throws {
        let signer = try NoteSigner(skey: Self.skey.utf8)
        #expect(signer.skey == Self.skey)
        #expect(signer.verifier.vkey == Self.vkey)
        let note = SignedNote(text: Self.text, signers: [signer])
        #expect(String(decoding: note.encoded, as: UTF8.self) == Self.text + "\n" + Self.signature)
        let verifier = try NoteVerifier(vkey: Self.vkey)
        let read = try SignedNote(parsing: note.encoded)
        #expect(read == note)
        #expect(try read.verify([verifier]) == [verifier])
    }

    @Test func unknownSignaturesAreIgnoredAndWrongOnesRefused() throws {
        let known = NoteSigner.generate(name: "known")
        let stranger = NoteSigner.generate(name: "stranger")
        var note = SignedNote(text: "a\n", signers: [stranger, known])
        #expect(try note.verify([known.verifier]) == [known.verifier])
        #expect(throws: ProofError.self) {
            _ = try note.verify([NoteSigner.generate(name: "known").verifier])
        }
        #expect(throws: ProofError.self) { _ = try note.verify([]) }
        note.signatures[1].bytes[3] ^= 1
        #expect(throws: ProofError.self) { _ = try note.verify([known.verifier]) }
        #expect(try note.verify([stranger.verifier]) == [stranger.verifier])
        // One right and one wrong of keys that are both known.
        #expect(throws: ProofError.self) {
            _ = try note.verify([stranger.verifier, known.verifier])
        }
        var changed = SignedNote(text: "a\n", signers: [known])
        changed.text = "b\n"
        #expect(throws: ProofError.self) { _ = try changed.verify([known.verifier]) }
    }

    @Test(arguments: [
        "", "a", "a\n", "a\n\n", "\n— x AAAAAAA=\n", "a\n\n— x AAAAAAA=", "a\n\n— x AAAAAA==\n",
        "a\n\n— x\n", "a\n\n-- x AAAAAAA=\n", "a\n\n— x y AAAAAAA=\n", "a\n\n— x+ AAAAAAA=\n",
        "a\n\n—  AAAAAAA=\n", "a\n\n— x AAAAAAB=\n", "a\r\n\n— x AAAAAAA=\n",
        "a\tb\n\n— x AAAAAAA=\n",
        "a\n\n— x AAAAAAA=\nb\n", "a\n\n— x AAAAAAA=\n\n", "a\n\n— x AAAAAAA\n",
        "a\n\n— x\u{A0}y AAAAAAA=\n",
    ])
    func whatIsNoNoteIsRefused(_ text: String) {
        #expect(throws: ProofError.self) { _ = try SignedNote(parsing: text.utf8) }
    }

    @Test func notesMayHaveEmptyLinesButNoInvalidText() throws {
        let note = try SignedNote(parsing: "a\n\nb\n\n— x AAAAAAA=\n— 鍵 AAAAAAA=\n".utf8)
        #expect(note.text == "a\n\nb\n")
        #expect(note.signatures.map(\.name) == ["x", "鍵"])
        #expect(throws: ProofError.self) {
            _ = try SignedNote(parsing: [0xFF] + Array("a\n\n— x AAAAAAA=\n".utf8))
        }
        let many = String(repeating: "— x AAAAAAA=\n", count: Limits.noteSignaturesMax + 1)
        #expect(throws: ProofError.self) { _ = try SignedNote(parsing: ("a\n\n" + many).utf8) }
    }

    @Test(arguments: [
        "", "x", "x+y+z", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
    ])
    func whatIsNoKeyIsRefused(_ text: String) {
        #expect(throws: ProofError.self) { _ = try NoteVerifier(vkey: text) }
        #expect(throws: ProofError.self) { _ = try NoteSigner(skey: text.utf8) }
    }

    static let checkpoint = Checkpoint(
        origin: "hisui/0123456789abcdef/lgwan/default", size: 700,
        root: MerkleHash.leaf([1]), time: Timestamp(nanoseconds: 1_800_000_000_123_456_789),
        bootID: "7d3c5c7e-6d0f-4a3a-8a43-6f1a7f5bb2a0", epoch: 3, sources: MerkleHash.leaf([2]),
        definitions: MerkleHash.leaf([3]), others: ["later something"])

    @Test func checkpointsReadBack() throws {
        #expect(try Checkpoint(parsing: Self.checkpoint.text) == Self.checkpoint)
        let plain = Checkpoint(origin: "o", size: 0, root: .emptyTree)
        #expect(plain.text == "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
        #expect(try Checkpoint(parsing: plain.text) == plain)
        #expect(throws: ProofError.self) { _ = try Checkpoint(parsing: plain.text, origin: "p") }
    }

    @Test(arguments: [
        "o\n0\n", "o\n00\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "o\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "o\n18446744073709551616\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
        "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n",
        "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nepoch 03\n",
        "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nepoch 3\nepoch 3\n",
        "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-11-23T04:55:00Z\n",
    ])
    func whatIsNoCheckpointIsRefused(_ text: String) {
        #expect(throws: ProofError.self) { _ = try Checkpoint(parsing: text) }
    }

    @Test func proofsReadBackAndVerify() throws {
        let leaves = MerkleTests.leaves(11)
        let signer = NoteSigner.generate(name: "log")
        let checkpoint = Checkpoint(origin: "log/a", size: 11, root: MerkleHash.root(of: leaves))
        let note = SignedNote(text: checkpoint.text, signers: [signer])
        let hashes = MerkleProof.inclusion(index: 10, size: 11) {
            MerkleTests.root(leaves[Int($0.lowerBound)..<Int($0.upperBound)])
        }
        for extra in [nil, [], [1, 2, 3]] as [[UInt8]?] {
            let proof = TlogProof(extra: extra, index: 10, hashes: hashes, note: note)
            #expect(try TlogProof(parsing: proof.encoded) == proof)
        }
        let proof = TlogProof(index: 10, hashes: hashes, note: note)
        let found = try proof.verify(
            leaf: leaves[10], origin: "log/a", verifiers: [signer.verifier])
        #expect(found.checkpoint == checkpoint)
        #expect(throws: ProofError.self) {
            _ = try proof.verify(leaf: leaves[9], origin: "log/a", verifiers: [signer.verifier])
        }
        #expect(throws: ProofError.self) {
            _ = try proof.verify(leaf: leaves[10], origin: "log/b", verifiers: [signer.verifier])
        }
    }

    @Test func trustFilesReadBack() throws {
        let signer = NoteSigner.generate(name: "log")
        let note = SignedNote(text: Self.checkpoint.text, signers: [signer])
        let trust = TrustFile(
            verifiers: [signer.verifier], anchors: [.init(note: note, checkpoint: Self.checkpoint)])
        let text = trust.text(comment: "two\nlines")
        #expect(text.hasPrefix("# two\n# lines\n"))
        #expect(try TrustFile(parsing: text.utf8) == trust)
        let onWindows = text.split(separator: "\n", omittingEmptySubsequences: false)
            .joined(separator: "\r\n")
        #expect(try TrustFile(parsing: onWindows.utf8) == trust)
        #expect(try TrustFile(parsing: "".utf8) == TrustFile())
        #expect(throws: ProofError.self) { _ = try TrustFile(parsing: (text + "no key\n").utf8) }
        let forged = text.replacing("\n700\n", with: "\n701\n")
        #expect(throws: ProofError.self) { _ = try TrustFile(parsing: forged.utf8) }
    }

    @Test func chainsAreChecked() throws {
        let zone = NoteSigner.generate(name: "z")
        var chain = EpochChain()
        var keys: [NoteSigner] = []
        func note(_ reason: Epoch.Reason, signers: [NoteSigner]) -> SignedNote {
            let number = UInt64(chain.epochs.count + 1)
            let key = NoteSigner.generate(name: Epoch.keyName("z", number))
            keys.append(key)
            let epoch = Epoch(
                name: "z", number: number, key: key.verifier, reason: reason,
                time: Timestamp(nanoseconds: 5), bootID: "0", previous: chain.lastHash)
            return SignedNote(text: epoch.text, signers: signers)
        }
        try chain.append(note(.first, signers: [zone]), zone: zone.verifier)
        try chain.append(note(.day, signers: [zone, keys[0]]), zone: zone.verifier)
        try chain.append(note(.powerLoss, signers: [zone]), zone: zone.verifier)
        #expect(chain.epochs.map(\.number) == [1, 2, 3])
        #expect(chain.breaks.map(\.number) == [3])
        let good = chain
        for (reason, signers) in [
            (.handedOver, [zone]), (.day, [keys[2]]), (.first, [zone, keys[2]]),
            (.powerLoss, [keys[2]]), (.day, [zone, keys[1]]),
        ] as [(Epoch.Reason, [NoteSigner])] {
            #expect(throws: ProofError.self) {
                try chain.append(note(reason, signers: signers), zone: zone.verifier)
            }
            #expect(chain == good)
        }
        // What does not follow the note before.
        let next = note(.powerLoss, signers: [zone])
        try chain.append(next, zone: zone.verifier)
        #expect(throws: ProofError.self) { try chain.append(next, zone: zone.verifier) }
    }

    /// What an unfinished append may show of old blocks of the disk.
    @Test func aNoteOfAnotherLogIsATailAndMoreThanOneAreDamage() throws {
        let signer = NoteSigner.generate(name: "log")
        let own = (0..<2).map { SignedNote(text: "own\n\($0)\n", signers: [signer]) }
        let strange = SignedNote(text: "other\n9\n", signers: [signer])
        let bytes = own.flatMap(NoteFile.encoded)
        let more = bytes + NoteFile.encoded(strange)
        let file = try NoteFile(more, origin: "own")
        #expect(file.entries.map(\.note) == own && file.tail == bytes.count..<more.count)
        #expect(try NoteFile(more).entries.count == 3)
        for damaged in [more + NoteFile.encoded(strange), more + bytes] {
            #expect(throws: ProofError.self) { _ = try NoteFile(damaged, origin: "own") }
        }
    }

    @Test func filesOfNotesAreDivided() throws {
        let signer = NoteSigner.generate(name: "log")
        let notes = (0..<3).map { SignedNote(text: "note \($0)\n", signers: [signer, signer]) }
        let bytes = notes.flatMap(NoteFile.encoded)
        let whole = try NoteFile(bytes)
        #expect(whole.entries.map(\.note) == notes && whole.tail.isEmpty)
        let starts = whole.entries.map(\.range.lowerBound)
        for cut in 0..<bytes.count {
            let file = try NoteFile(Array(bytes[..<cut]))
            #expect(file.entries.count == whole.entries.count { $0.range.upperBound <= cut })
            #expect(file.tail == (starts.last { $0 <= cut } ?? 0)..<cut)
        }
        var damaged = bytes
        damaged[starts[1] - 3] = UInt8(ascii: "!")
        #expect(throws: ProofError.self) { _ = try NoteFile(damaged) }
        // The same in the last one: a disk may have written its end and not its beginning.
        for byte in starts[2]..<bytes.count {
            var torn = bytes
            torn[byte] = 0
            let file = try NoteFile(torn)
            #expect(file.entries.count == 2 && file.tail == starts[2]..<bytes.count)
            let empty = zip(torn[starts[2]...], torn[(starts[2] + 1)...]).count {
                $0 == 0x0A && $1 == 0x0A
            }
            #expect(file.tailMayBeWhole == (empty == 2))
        }
    }
}
