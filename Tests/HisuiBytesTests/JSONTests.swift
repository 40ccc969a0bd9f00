import HisuiBytes
import Testing

@Suite struct JSONTextTests {
    private func quoted(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        JSONText.appendString(bytes.span, bytes.all, to: &out)
        return out.text
    }

    @Test(arguments: [
        ("", #""""#), ("plain", #""plain""#), ("a\"b\\c/", #""a\"b\\c/""#),
        ("\u{8}\t\n\u{C}\r\u{1}\u{1F}", #""\b\t\n\f\r\u0001\u001f""#),
        ("\u{7F}\u{80}\u{85}\u{9F}\u{A0}", "\"\\u007f\\u0080\\u0085\\u009f\u{A0}\""),
        ("\u{2027}\u{2028}\u{2029}\u{202A}", "\"\u{2027}\\u2028\\u2029\u{202A}\""),
        ("\0", #""\u0000""#), ("翡翠𠮷", "\"翡翠𠮷\""),
    ])
    func strings(text: String, expected: String) {
        #expect(quoted([UInt8](text)) == expected)
        var out: [UInt8] = []
        JSONText.appendString(text, to: &out)
        #expect(out.text == expected)
    }

    @Test func badBytesAreReplacedAndTold() {
        let bytes: [UInt8] = [0x61, 0xFF, 0xE3, 0x81, 0x62, 0xC0]
        var out: [UInt8] = []
        #expect(JSONText.appendString(bytes.span, bytes.all, to: &out) == false)
        #expect(out.text == "\"a\u{FFFD}\u{FFFD}b\u{FFFD}\"")
        out = []
        #expect(JSONText.appendString(bytes.span, 0..<1, to: &out) == true)
    }

    /// Eight bytes are looked at together; none of them hides another.
    @Test func everyByteIsWrittenAlikeWhereverItStands() {
        for byte in UInt8(0)..<128 {
            let alone = quoted([byte]).dropFirst().dropLast()
            for place in 0..<20 {
                var bytes = [UInt8](repeating: 0x7E, count: 20)
                bytes[place] = byte
                let before = String(repeating: "~", count: place)
                let after = String(repeating: "~", count: 19 - place)
                #expect(quoted(bytes) == "\"\(before)\(alone)\(after)\"")
            }
        }
    }

    /// Any bytes become one line of valid JSON that says the repaired text.
    @Test func anyBytesComeBack() throws {
        var random = Randomness()
        let alphabet =
            [UInt8]("ab\"\\/un0\n\t\u{85}\u{2028}翡𠮷é") + [0x00, 0x1F, 0x7F, 0x80, 0xC2, 0xE2, 0xFF]
        for round in 0..<20_000 {
            let bytes = random.bytes(24, of: round % 2 == 0 ? alphabet : [])
            var out: [UInt8] = []
            JSONText.appendString(bytes.span, bytes.all, to: &out)
            #expect(UTF8Text.isValid(out.span, out.all) == true)
            for scalar in out.text.unicodeScalars {
                let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                #expect(!isControl && scalar.value != 0x2028 && scalar.value != 0x2029)
            }
            var scanner = JSONScanner(out.span, out.all, depthMax: 1)
            guard case .string(let text) = try scanner.next() else {
                Issue.record("no string: \(out.text)")
                continue
            }
            #expect(try scanner.next() == .end)
            var back: [UInt8] = []
            JSONText.appendUnescaped(out.span, text.range, to: &back)
            #expect(back == Array(String(decoding: bytes, as: UTF8.self).utf8))
        }
    }

    @Test(arguments: [
        (#"\u0041\u00e9\u7fe1"#, "Aé翡"), (#"\ud842\udfb7x"#, "𠮷x"), (#"\ud842"#, "\u{FFFD}"),
        (#"\udfb7"#, "\u{FFFD}"), (#"\ud842\u0041"#, "\u{FFFD}A"), (#"\ud842x"#, "\u{FFFD}x"),
        (#"\ud842\ud842\udfb7"#, "\u{FFFD}𠮷"), (#"\/\\\"\b\f\n\r\t"#, "/\\\"\u{8}\u{C}\n\r\t"),
        (#"\"#, "\\"), (#"\u00"#, "\u{FFFD}00"), (#"\é"#, "é"), ("", ""),
    ])
    func unescaping(text: String, expected: String) {
        let bytes = [UInt8](text)
        var out: [UInt8] = []
        JSONText.appendUnescaped(bytes.span, bytes.all, to: &out)
        #expect(out.text == expected)
    }
}

@Suite struct JSONScannerTests {
    private func tokens(_ bytes: [UInt8], depthMax: Int = 64) throws -> [JSONScanner.Token] {
        var scanner = JSONScanner(bytes.span, bytes.all, depthMax: depthMax)
        var tokens: [JSONScanner.Token] = []
        while true {
            tokens.append(try scanner.next())
            if tokens.last == .end { return tokens }
        }
    }

    @Test func tokensOfADocument() throws {
        let text = #" {"a": [1, -2.5e+3, "x\n"], "b":{}, "c" : null,"d":[] , "e":true} "#
        let bytes = [UInt8](text)
        let found = try tokens(bytes).map { token -> String in
            switch token {
            case .beginObject: "{"
            case .endObject: "}"
            case .beginArray: "["
            case .endArray: "]"
            case .key(let text): Array(bytes[text.range]).text + ":"
            case .string(let text): Array(bytes[text.range]).text + (text.hasEscapes ? "!" : "")
            case .number(let range): Array(bytes[range]).text
            case .bool(let value): "\(value)"
            case .null: "null"
            case .end: "end"
            }
        }
        #expect(
            found == [
                "{", "a:", "[", "1", "-2.5e+3", #"x\n!"#, "]", "b:", "{", "}", "c:", "null", "d:",
                "[", "]", "e:", "true", "}", "end",
            ])
    }

    /// RFC 8259 as a recursive function that returns what is left, or nil.
    private struct Grammar {
        static func accepts(_ bytes: [UInt8]) -> Bool {
            guard let rest = value(space(bytes[...])) else { return false }
            return space(rest).isEmpty
        }

        static func space(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            text.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        }

        static func value(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
            for word in ["true", "false", "null"] where text.starts(with: word.utf8) {
                return text.dropFirst(word.utf8.count)
            }
            switch text.first {
            case UInt8(ascii: "\""): return string(text)
            case UInt8(ascii: "["): return list(text, close: "]", item: value)
            case UInt8(ascii: "{"): return list(text, close: "}", item: member)
            default: return number(text)
            }
        }

        static func member(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
            guard let rest = string(text).map(space), rest.first == UInt8(ascii: ":")
            else { return nil }
            return value(space(rest.dropFirst()))
        }

        static func list(
            _ text: ArraySlice<UInt8>, close: Unicode.Scalar,
            item: (ArraySlice<UInt8>) -> ArraySlice<UInt8>?
        ) -> ArraySlice<UInt8>? {
            var rest = space(text.dropFirst())
            if rest.first == UInt8(ascii: close) { return rest.dropFirst() }
            while true {
                guard let after = item(rest).map(space), let next = after.first else { return nil }
                if next == UInt8(ascii: close) { return after.dropFirst() }
                guard next == UInt8(ascii: ",") else { return nil }
                rest = space(after.dropFirst())
            }
        }

        static func string(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
            guard text.first == UInt8(ascii: "\"") else { return nil }
            var rest = text.dropFirst()
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return rest }
                if byte < 0x20 { return nil }
                guard byte == UInt8(ascii: "\\") else { continue }
                guard let escaped = rest.popFirst() else { return nil }
                if escaped == UInt8(ascii: "u") {
                    let digits = rest.prefix(4)
                    guard digits.count == 4,
                        digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 })
                    else { return nil }
                    rest = rest.dropFirst(4)
                } else if !"\"\\/bfnrt".utf8.contains(escaped) {
                    return nil
                }
            }
            return nil
        }

        static func number(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
            var rest = text
            func digits() -> Int {
                let count = rest.prefix { (0x30...0x39).contains($0) }.count
                rest = rest.dropFirst(count)
                return count
            }
            if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            if rest.first == UInt8(ascii: "0") {
                rest = rest.dropFirst()
            } else if digits() == 0 {
                return nil
            }
            if rest.first == UInt8(ascii: ".") {
                rest = rest.dropFirst()
                if digits() == 0 { return nil }
            }
            if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
                rest = rest.dropFirst()
                if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
                    rest = rest.dropFirst()
                }
                if digits() == 0 { return nil }
            }
            return rest
        }
    }

    @Test(arguments: [#"{}[]",:1"#, #"[], -+.0e1"#, "\"\\u0a/n\n"])
    func everyShortText(alphabet: String) {
        var bad: [String] = []
        withEvery([UInt8](alphabet), upTo: 5) { bytes in
            if ((try? tokens(bytes)) != nil) != Grammar.accepts(bytes) { bad.append(bytes.text) }
        }
        #expect(bad.isEmpty, "\(bad.prefix(5))")
    }

    @Test func damagedDocuments() {
        var random = Randomness()
        let good = [UInt8](#"{"a":[1,-2.5e+3,"x\n\u00e9"],"b":{"c":null},"d":[[],{}],"e":true}"#)
        var bad: [String] = []
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0...Int.random(in: 0...2, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes.remove(at: at)
                case 1: bytes.insert(good.randomElement(using: &random)!, at: at)
                default: bytes[at] = good.randomElement(using: &random)!
                }
            }
            if ((try? tokens(bytes)) != nil) != Grammar.accepts(bytes) { bad.append(bytes.text) }
        }
        #expect(bad.isEmpty, "\(bad.prefix(5))")
    }

    @Test func depth() {
        for depth in 1...64 {
            let bytes =
                [UInt8](repeating: 0x5B, count: depth) + [UInt8](repeating: 0x5D, count: depth)
            #expect((try? tokens(bytes, depthMax: depth)) != nil)
            #expect((try? tokens(bytes, depthMax: depth - 1)) == nil)
        }
        let mixed = [UInt8](
            String(repeating: #"{"a":["#, count: 32) + String(repeating: "]}", count: 32))
        #expect((try? tokens(mixed)) != nil)
    }

    @Test func skippingAValue() throws {
        let bytes = [UInt8](#"{"a":{"x":[1,{"y":2}]},"b":3,"c":[],"d":"s"}"#)
        var scanner = JSONScanner(bytes.span, bytes.all, depthMax: 8)
        #expect(try scanner.next() == .beginObject)
        var names: [String] = []
        while case .key(let name) = try scanner.next() {
            names.append(Array(bytes[name.range]).text)
            try scanner.skipValue()
        }
        #expect(names == ["a", "b", "c", "d"])
        #expect(try scanner.next() == .end)
        #expect(scanner.position == bytes.count)
    }

    @Test func failuresSayWhereAndWhat() {
        func failure(_ text: String) -> String {
            do {
                _ = try tokens([UInt8](text))
                return "none"
            } catch { return "\(error)" }
        }
        #expect(failure(#"{"a" 1}"#) == "expected ':' at byte 5")
        #expect(failure("[1 2]") == "expected ',' or ']' at byte 3")
        #expect(failure("tru") == "expected true at byte 0")
        #expect(failure("1 x") == "expected the end at byte 2")
        #expect(failure("") == "expected a value at byte 0")
    }
}
