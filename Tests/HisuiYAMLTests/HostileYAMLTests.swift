import Glibc
import HisuiYAML
import Testing

@Suite struct HostileYAMLTests {
    @Test func aliasesStandForTheirAnchors() throws {
        let root = try #require(
            try parse("a: &x {k: [1, 2]}\nb: *x\nc: &x 5\nd: *x\n").first)
        #expect(root["b"]?["k"]?.sequence?.count == 2)
        // The copy stands where the alias is, what is in it where its text is.
        #expect(root["b"]?.line == 2 && root["b"]?.column == 4)
        #expect(root["b"]?["k"]?.line == 1)
        #expect(root["d"]?.int == 5)
    }

    @Test func anchorsEndWithTheirDocument() {
        #expect(
            refusal("a: &x 1\n---\nb: *x\n").contains("f.yaml:3:4: the alias `*x` has no anchor"))
    }

    @Test func anAnchorIsNotInsideItself() {
        #expect(refusal("a: &x [1, *x]\n").contains("f.yaml:1:11: the alias `*x` has no anchor"))
    }

    @Test func billionLaughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for i in 1...30 {
            let alias = "*a\(i - 1)"
            text += "a\(i): &a\(i) [" + Array(repeating: alias, count: 9).joined(separator: ", ")
            text += "]\n"
        }
        #expect(refusal(text).contains("aliases stand for more than 10000 values"))
    }

    @Test func manySmallAliases() {
        let count = YAMLLimits.aliasNodesMax
        let most = "a: &a 1\nb:\n" + String(repeating: "- *a\n", count: count)
        #expect(refusal(most) == "accepted")
        #expect(refusal(most + "- *a\n").hasPrefix("f.yaml:\(count + 3):3: aliases stand for more"))
    }

    @Test func depthIsBounded() {
        let depth = YAMLLimits.depthMax
        func nested(_ n: Int) -> String {
            String(repeating: "[", count: n) + String(repeating: "]", count: n)
        }
        #expect(refusal(nested(depth)) == "accepted")
        #expect(refusal(nested(depth + 1)) == "f.yaml:1:65: nested deeper than 64 levels")
        #expect(refusal(nested(500_000)).contains("nested deeper than 64 levels"))
        #expect(refusal(String(repeating: "{a: ", count: 9_000)).contains("nested deeper"))
        #expect(refusal(String(repeating: "- ", count: 9_000)).contains("nested deeper"))
    }

    @Test func depthIsBoundedThroughAliases() {
        let deep = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        #expect(refusal("a: &a \(deep)\nb: [[*a]]\n") == "accepted")
        #expect(refusal("a: &a \(deep)\nb: [[[[*a]]]]\n").contains("64 levels by an alias"))
    }

    @Test func sizeIsBounded() {
        let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: YAMLLimits.fileBytesMax)
        #expect(refusal(bytes) == "accepted")
        #expect(refusal(bytes + [0x23]).hasPrefix("f.yaml:1:1: the file has 4194305 bytes"))
    }

    @Test func theNumberOfValuesIsBounded() {
        let text = String(repeating: "- a\n", count: YAMLLimits.nodesMax)
        #expect(refusal(text).hasPrefix("f.yaml:250000:3: more than 250000 values"))
    }

    @Test func bytesThatAreNoTextHaveAPlace() {
        func at(_ bytes: [UInt8]) -> String { refusal(Array("a: 1\n領: ".utf8) + bytes) }
        #expect(
            at([0xFF]) == "f.yaml:2:4: the byte 0xFF is no UTF-8 (save the file as UTF-8)")
        #expect(at([0x95, 0x5C]).hasPrefix("f.yaml:2:4: the byte 0x95 is no UTF-8"))
        #expect(at([0xC0, 0x80]).hasPrefix("f.yaml:2:4: the byte 0xC0 is no UTF-8"))
        #expect(at([0xED, 0xA0, 0x80]).hasPrefix("f.yaml:2:4: the byte 0xED is no UTF-8"))
        #expect(at([0xE3, 0x81]).hasPrefix("f.yaml:2:4: the byte 0xE3 is no UTF-8"))
        #expect(at([0xF4, 0x90, 0x80, 0x80]).hasPrefix("f.yaml:2:4: the byte 0xF4"))
        #expect(at([0x00]).hasPrefix("f.yaml:2:4: the control character 0x00 is not allowed"))
        #expect(at([0x1B]).hasPrefix("f.yaml:2:4: the control character 0x1B"))
        #expect(at([0xC2, 0x9B]).hasPrefix("f.yaml:2:4: the character U+009B is not allowed"))
        #expect(at([0xEF, 0xBB, 0xBF]).hasPrefix("f.yaml:2:4: the character U+FEFF"))
        #expect(refusal([0xFE, 0xFF, 0, 0x61]).hasPrefix("f.yaml:1:1: the byte 0xFE"))
        #expect(at(Array("𠮟る".utf8)) == "accepted")
    }

    @Test func messagesShowControlCharactersOfHostileNames() {
        #expect(YAMLNode.quote("a\u{1B}[31m\u{202E}b") == "`a\\u{1b}[31m\\u{202e}b`")
        #expect(YAMLNode.quote(String(repeating: "あ", count: 200)).count == 83)
    }

    @Test(arguments: 0..<8)
    func mutatedTextNeverCrashes(part: Int) {
        let seed = randomSeed()
        var random = Xorshift(seed &+ UInt64(part))
        let base = Array(
            "a: &x [1, {b: c, 'd': \"e\\x41\"}]\nf: |\n  g\nh: *x\n? i\n: !!str j\n---\n- 日本\n...\n"
                .utf8)
        for _ in 0..<500 {
            var bytes = base
            for _ in 0..<Int(random.next() % 6 + 1) {
                let at = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(base[Int(random.next() % UInt64(base.count))], at: at)
                default: bytes.swapAt(at, Int(random.next() % UInt64(bytes.count)))
                }
                if bytes.isEmpty { break }
            }
            if let roots = try? YAMLDocument.parse(bytes, file: "f") {
                for root in roots {
                    #expect(root.line >= 1 && root.column >= 1, "seed \(seed), part \(part)")
                }
            } else {
                let place = refusal(bytes)
                #expect(place.hasPrefix("f.yaml:"), "seed \(seed), part \(part): \(place)")
            }
        }
    }
}

/// A small generator whose seed a failing test can print (Marsaglia's xorshift64*).
struct Xorshift {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed | 1 << 63 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

/// A seed for random tests: the one in `HISUI_SEED`, so that a failure can be had again.
func randomSeed() -> UInt64 {
    // Safe: nothing in the tests changes the environment.
    let given = unsafe getenv("HISUI_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
    return given ?? .random(in: .min ... .max)
}
