import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiEvidence

@Suite struct BagTests {
    /// A manifest may name nothing outside the bag, and no file twice.
    @Test func pathsArePlain() {
        for path in ["data/a", "data/x-1/2.txt", "bagit.txt"] { #expect(BagPath.isValid(path)) }
        for path in [
            "", "/etc/passwd", "data/../../x", "data//x", "data/", "./data/x", "data/.x", "~/x",
            "data/a b", "data/\u{3042}", "data/a\\b", "data/a%2Fb", "a/b/c/d/e/f/g/h/i",
            String(repeating: "a", count: 256),
        ] { #expect(!BagPath.isValid(path), "\(path)") }
    }

    @Test func manifestsAreStrict() throws {
        let digest = String(repeating: "0a", count: 32)
        let good = "\(digest)  data/a\n\(digest)  data/b\n"
        let manifest = try BagManifest(Array(good.utf8), algorithm: .sha256)
        #expect(manifest.entries.map(\.path) == ["data/a", "data/b"])
        #expect(manifest.bytes == Array(good.utf8))
        for bad in [
            "\(digest)  data/a\n\(digest)  data/a\n", "\(digest)  data/a", "\(digest) data/a\n",
            "\(digest)  ../a\n", "zz\(digest.dropFirst(2))  data/a\n", "\n", "\(digest)  \n",
        ] {
            #expect(throws: BagManifest.Malformed.self) {
                try BagManifest(Array(bad.utf8), algorithm: .sha256)
            }
        }
        #expect(throws: BagManifest.Malformed.self) {
            try BagManifest(Array(good.utf8), algorithm: .sha512)
        }
    }

    @Test func digestsAreThoseOfTheStandard() {
        func hexadecimal(_ bytes: [UInt8]) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        // FIPS 180-4, the example of three bytes.
        #expect(
            hexadecimal(BagDigest.of(Array("abc".utf8), .sha256))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hexadecimal(BagDigest.of(Array("abc".utf8), .sha512)).hasPrefix(
                "ddaf35a193617abacc417349ae204131"))
    }

    @Test func reservoirIsFairAndRepeats() {
        var counts = [Int](repeating: 0, count: 100)
        for seed in 0..<2000 as Range<UInt64> {
            var reservoir = Reservoir(capacity: 10, seed: seed, name: "z/s")
            for index in 0..<100 as Range<UInt64> { reservoir.offer(index) }
            #expect(Set(reservoir.drawn).count == 10)
            for index in reservoir.drawn { counts[Int(index)] += 1 }
        }
        // 200 expected each, standard deviation 13.
        #expect(counts.allSatisfy { (120...280).contains($0) }, "\(counts)")
        var again = Reservoir(capacity: 10, seed: 7, name: "z/s")
        var other = Reservoir(capacity: 10, seed: 7, name: "z/t")
        var same = Reservoir(capacity: 10, seed: 7, name: "z/s")
        for index in 0..<100 as Range<UInt64> {
            again.offer(index)
            other.offer(index)
            same.offer(index)
        }
        #expect(again.drawn == same.drawn)
        #expect(again.drawn != other.drawn)
    }

    @Test func pagesEscapeWhatComesFromOutside() {
        let text = HTMLText.escaped("<script>\"&\u{202E}\u{7}あ")
        #expect(text == "&lt;script&gt;&quot;&amp;\u{FFFD}\u{FFFD}あ")
    }

    @Test func membersAreReadBack() throws {
        var object = JSONObject()
        object.add("a", "x\ny")
        object.add("b", -5)
        object.add("c", ["1", "あ"])
        object.add("d", true)
        var inner = JSONObject()
        inner.add("e", 1)
        object.add("f", inner)
        let members = try #require(JSONMember.object(object.line))
        #expect(members["a"] == .text("x\ny"))
        #expect(members["b"] == .integer(-5))
        #expect(members["c"] == .list(["1", "あ"]))
        #expect(members["d"] == .boolean(true))
        #expect(members["f"] == .other(Array("{\"e\":1}".utf8)))
        #expect(JSONMember.object(Array("{\"a\":1,\"a\":2}".utf8)) == nil)
        #expect(JSONMember.object(Array("[1]".utf8)) == nil)
    }
}
