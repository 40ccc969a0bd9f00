import Foundation
import Testing

/// The demonstration's bundle before strangers: `bagit.py`, which knows nothing of Hisui, the
/// verifier in Python that lies in the bundle, and Hisui's own.
@Suite("a bundle is accepted as it is, and refused after any manipulation")
struct BagScenarios {
    /// What somebody does to a bag, run by the shell in the bag's folder.
    private static let manipulations = [
        "one byte of a report": "printf x | dd of=data/report/summary.ja.html bs=1 seek=900 "
            + "conv=notrunc status=none",
        "a proof removed": "rm \"$(find data/events/proofs -type f | sort | head -n 1)\"",
        "a file added": "echo more > data/events/more.jsonl",
        "two proofs swapped": "set -- $(find data/events/proofs -type f | sort | head -n 2); "
            + "mv \"$1\" t; mv \"$2\" \"$1\"; mv t \"$2\"",
        "chosen records cut": "truncate -s -100 data/events/selected.jsonl",
        "no findings any more": ": > data/findings/findings.jsonl",
        "a digest of the manifest": "sed -i '1s/^./g/' manifest-sha256.txt",
        "another size in bag-info": "sed -i 's/^Payload-Oxum: ./Payload-Oxum: 9/' bag-info.txt",
        "a checkpoint with another root": "f=$(find data/log -name checkpoint.txt | sort | "
            + "head -n 1); sed -i '3s/^.\\{4\\}/AAAA/' \"$f\"",
        "a file by another name": "mv data/coverage/gaps.tsv data/coverage/gap.tsv",
        "an act removed": "sed -i 1d data/operations/acts.jsonl",
        "no second manifest": "rm manifest-sha512.txt",
    ]

    /// Makes manifests and sizes fit again, as whoever altered the payload would.
    private static let repair = """
        for h in 256 512; do
          find data -type f | LC_ALL=C sort | xargs -d '\\n' sha${h}sum > manifest-sha$h.txt
        done
        oxum=$(find data -type f -printf '%s\\n' | awk '{ s += $1; n++ } END { print s "." n }')
        sed -i "s/^Payload-Oxum: .*/Payload-Oxum: $oxum/" bag-info.txt
        sha256sum bagit.txt bag-info.txt manifest-sha256.txt manifest-sha512.txt \
            > tagmanifest-sha256.txt
        """

    @Test("bagit.py, verify.py and hisui agree on the demonstration's bundle")
    func bundle() throws {
        let folder = try Scratch()
        let made = try Program.run(Program.hisui, ["demo", "--dir", folder.path + "/demo"])
        try #require(made.status == 0, "\(made.errors)")
        let bag = folder.path + "/demo/bundle"
        let trust = folder.path + "/demo/trust.txt"
        #expect(try Self.bagit(bag) == 0)
        #expect(try Self.hisui(bag, trust) == 0)
        #expect(try Self.python(bag, from: bag) == 0)

        for (name, script) in Self.manipulations {
            let copy = folder.path + "/copy"
            try Program.shell("rm -rf '\(copy)'; cp -a '\(bag)' '\(copy)'; cd '\(copy)'; \(script)")
            #expect(try Self.bagit(copy) != 0, "bagit.py accepts: \(name)")
            #expect(try Self.hisui(copy, trust) == 4, "hisui accepts: \(name)")
            #expect(try Self.python(copy, from: bag) != 0, "verify.py accepts: \(name)")
        }

        // The bag is a sound bag then; what is in it is not what was signed.
        let copy = folder.path + "/repaired"
        let script = Self.manipulations["no findings any more"] ?? ""
        try Program.shell("cp -a '\(bag)' '\(copy)'; cd '\(copy)'; \(script)\n\(Self.repair)")
        #expect(try Self.bagit(copy) == 0)
        #expect(try Self.hisui(copy, trust) == 4)
        #expect(try Self.python(copy, from: bag) != 0)
    }

    private static func bagit(_ bag: String) throws -> Int32 {
        guard let path = ProcessInfo.processInfo.environment["HISUI_BAGIT"] else {
            throw ScenarioError("HISUI_BAGIT does not name bagit.py; ops/test installs it")
        }
        return try Program.run(path, ["--quiet", "--validate", bag]).status
    }

    private static func hisui(_ bag: String, _ trust: String) throws -> Int32 {
        try Program.hisui("evidence", "verify", "--trust", trust, bag).status
    }

    /// - Parameter bundle: whose verifier is run: nobody trusts that of an altered bundle.
    private static func python(_ bag: String, from bundle: String) throws -> Int32 {
        try Program.run("python3", [bundle + "/data/verify/verify.py", bag]).status
    }
}
