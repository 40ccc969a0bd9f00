import HisuiBytes
import HisuiShape
import Testing

@Suite struct AutomaticShapeTests {
    /// The message with its slots in braces.
    private func shape(_ text: String, slotsMax: Int = 255) -> String {
        let bytes = Array(text.utf8)
        var slots: [ByteRange] = []
        AutomaticShape.appendSlots(
            of: bytes.span, message: 0..<bytes.count, slotsMax: slotsMax, to: &slots)
        var out: [UInt8] = []
        var from = 0
        for slot in slots {
            out += bytes[from..<slot.range.lowerBound]
            out += Array("{".utf8) + bytes[slot.range] + Array("}".utf8)
            from = slot.range.upperBound
        }
        return String(decoding: out + bytes[from...], as: UTF8.self)
    }

    static let forms: [(String, String)] = [
        ("", ""),
        ("plain words only", "plain words only"),
        ("took 12 ms, 3.5s total", "took {12} ms, {3.5s} total"),
        ("from 192.0.2.9 port 52683 ssh2", "from {192.0.2.9} port {52683} {ssh2}"),
        ("to 192.0.2.9:443.", "to {192.0.2.9}:{443}."),
        ("to [2001:db8::1]:443", "to [{2001:db8::1}]:{443}"),
        ("at ::1 and fe80::", "at {::1} and fe80::".replacing("fe80::", with: "{fe80::}")),
        ("item #12: 45%", "item #{12}: {45}%"),
        ("code -5.", "code {-5}."),
        ("user=root uid=0 tty= ok", "user={root} uid={0} tty={} ok"),
        ("(uid=0, gid=0)", "(uid={0}, gid={0})"),
        ("rhost=a.example.", "rhost={a.example}."),
        ("x = 5", "x = {5}"),
        ("a == b", "a == b"),
        ("list=[1, 2]", "list=[{1}, {2}]"),
        ("msg=\"two words\" n='x y'", "msg=\"{two words}\" n='{x y}'"),
        ("it's the user's file 'a b'", "it's the user's file '{a b}'"),
        ("say \"a \\\"b\\\" c\" end", "say \"{a \\\"b\\\" c}\" end"),
        ("open \" quote 1", "open \" quote {1}"),
        (#"{"a":"x","b":5,"c":null}"#, #"{"a":"{x}","b":{5},"c":null}"#),
        ("GET /find?q=x&n=2 done", "GET {/find?q=x&n=2} done"),
        ("run /usr/bin/cat now", "run {/usr/bin/cat} now"),
        ("cd / and /tmp", "cd / and /tmp"),
        ("see https://x.example/a", "see {https://x.example/a}"),
        (#"by CORP\tanaka"#, #"by {CORP\tanaka}"#),
        ("mail to a@b.example ok", "mail to {a@b.example} ok"),
        ("id 6f9619ff-8b86-d011-b42d-00c04fc964ff", "id {6f9619ff-8b86-d011-b42d-00c04fc964ff}"),
        ("dGVzdA1= end", "{dGVzdA1}= end"),
        ("利用者123が画面を開いた", "利用者{123}が画面を開いた"),
        ("氏名=山田 太郎", "氏名=山田 太郎"),
        ("name=山田,x", "name={山田},x"),
        ("\u{1B}[31mred 5\u{1B}[0m", "\u{1B}[{31mred} {5}\u{1B}[{0m}"),
        ("bell \u{7} 5", "{bell \u{7} 5}"),
        (
            "token AbcdefghijklmnopqrstuvwxyzAbcdefgh x",
            "token {AbcdefghijklmnopqrstuvwxyzAbcdefgh} x"
        ),
    ]

    @Test(arguments: forms)
    func form(_ form: (text: String, expected: String)) {
        #expect(shape(form.text) == form.expected)
    }

    @Test func tooManySlotsOrTooMuchTextAreOneSlot() {
        let many = (0..<20).map(String.init).joined(separator: " ")
        #expect(shape(many, slotsMax: 20).contains("{19}"))
        #expect(shape(many, slotsMax: 19) == "{\(many)}")
        let words = Array(repeating: "word", count: 300).joined(separator: " ")
        #expect(shape(words) == "{\(words)}")
        let long = String(repeating: "1 ", count: 5000)
        #expect(shape(long, slotsMax: 100_000) == "{\(long)}")
    }

    @Test func sameFormSameShape() {
        let texts = [
            "user=root from 192.0.2.1 took 1ms", "user= from 2001:db8::1 took 12345s",
            "user=山田 from 10.0.0.1 took 0",
        ]
        #expect(Set(texts.map { hash($0) }).count == 1)
        #expect(hash("a 1 b") != hash("a 1 c"))
        #expect(hash("a 1 b") != hash("a 1b"))
        #expect(hash("a 1 b") != hash("a  1 b"))
        #expect(hash("1 a") != hash("a 1"))
    }

    private func hash(_ text: String) -> UInt64 {
        let bytes = Array(text.utf8)
        var slots: [ByteRange] = []
        AutomaticShape.appendSlots(
            of: bytes.span, message: 0..<bytes.count, slotsMax: 255, to: &slots)
        return FixedText.hash(of: bytes.span, around: slots.span)
    }

    @Test func kinds() {
        let expected: [(String, Shape.Kind)] = [
            ("0", .integer), ("-15", .integer), ("00042", .integer), ("192.0.2.1", .ipv4),
            ("1.2.3", .word), ("2001:db8::1", .ipv6), ("::", .ipv6), ("deadbeef", .hex),
            ("0x1f", .hex), ("6f9619ff-8b86-d011-b42d-00c04fc964ff", .hex), ("eth0", .word),
            ("", .word), ("two words", .text), ("-", .word),
            (String(repeating: "9", count: 30), .hex),
            (String(repeating: "x", count: 40), .text), ("00:11:22:33:44:55", .word),
        ]
        for (text, kind) in expected {
            let bytes = Array(text.utf8)
            #expect(AutomaticShape.kind(of: bytes.span, 0..<bytes.count) == kind, "\(text)")
        }
    }

    /// Valid UTF-8 stays valid on both sides of every cut.
    @Test func charactersAreNeverCut() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Generator(state: seed)
        let pieces = ["日本", "語", "é", "1", "a", " ", "=", "\"", "😀", "．", "key=", "/", "'", "２"]
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 1...20, using: &random))
                .map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            let bytes = Array(text.utf8)
            var slots: [ByteRange] = []
            AutomaticShape.appendSlots(
                of: bytes.span, message: 0..<bytes.count, slotsMax: 255, to: &slots)
            for slot in slots {
                for edge in [slot.range.lowerBound, slot.range.upperBound] where edge < bytes.count
                {
                    #expect(bytes[edge] & 0xC0 != 0x80, "\(text), seed \(seed)")
                }
            }
        }
    }

    @Test func fixedTextIsCompared() {
        let record = Array("took 12 ms at 5".utf8)
        let slots = [ByteRange(5..<7), ByteRange(14..<15)]
        let literals = Array("??took  ms at ".utf8)
        func equals(_ record: [UInt8], _ slots: [ByteRange], _ ends: [UInt32]) -> Bool {
            FixedText.equals(
                record.span, around: slots.span, literals: literals.span, from: 2, ends: ends.span)
        }
        #expect(equals(record, slots, [7, 14, 14]))
        #expect(!equals(record, slots, [7, 13, 14]))
        #expect(!equals(record, slots, [7, 14]))
        #expect(!equals(record, slots, [7, 14, 15]))
        #expect(!equals(Array("took 12 mS at 5".utf8), slots, [7, 14, 14]))
        #expect(!equals(Array("tuok 12 ms at 5".utf8), slots, [7, 14, 14]))
        #expect(equals([], [], [2]))
    }

    struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 33
        }
    }
}
