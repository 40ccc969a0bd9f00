import HisuiBytes
import Testing

@Suite struct ExtensionTextTests {
    /// Values as `name=text`, with the label in brackets; nil if the text is no such event.
    private func values(_ text: String, _ format: ExtensionText, countMax: Int = 16) -> [String]? {
        let bytes = Array(text.utf8)
        var slots: [ByteRange] = []
        let range = 0..<bytes.count
        guard format.appendValues(of: bytes.span, range, countMax: countMax, to: &slots) else {
            #expect(slots.isEmpty)
            return nil
        }
        let values = format.values(of: bytes.span, range)
        // Both ways find the same values.
        #expect(values.map { ByteRange($0.value) } == slots)
        return values.map { value in
            let name =
                value.header.map { "\($0)" } ?? String(decoding: bytes[value.name], as: UTF8.self)
            var text: [UInt8] = []
            if format == .cef {
                ExtensionText.appendUnescaped(bytes.span, value.value, to: &text)
            } else {
                text = Array(bytes[value.value])
            }
            let label = String(decoding: bytes[value.label], as: UTF8.self)
            return name + "=" + String(decoding: text, as: UTF8.self)
                + (label.isEmpty ? "" : "[\(label)]")
        }
    }

    @Test func headerAndExtensionOfCEF() {
        #expect(
            values(#"CEF:0|V|P \| Q|1.0|100|n\\|5|src=192.0.2.1 msg=two words a\=b act="#, .cef)
                == [
                    "0=V", "1=P | Q", "2=1.0", "3=100", "4=n\\", "5=5", "src=192.0.2.1",
                    "msg=two words a=b", "act=",
                ])
        #expect(values("CEF:0|V|P|1|2|n|5", .cef)?.count == 6)
        #expect(values("CEF:0|V|P|1|2|n|5| ", .cef)?.count == 6)
        #expect(
            values(#"CEF:1|V|P|1|2|n|5|m=a\nb url=http://h/?x=1&y=2 z=3"#, .cef)?.suffix(3)
                == ["m=a\nb", "url=http://h/?x=1&y=2", "z=3"])
    }

    @Test func labelsAreNamesOfOtherValues() {
        #expect(
            values("CEF:0|V|P|1|2|n|5|cs1Label=Policy Name cs1=strict cn1=4 cn1Label=Count", .cef)?
                .suffix(2) == ["cs1=strict[Policy Name]", "cn1=4[Count]"])
    }

    @Test func bothVersionsOfLEEF() {
        #expect(
            values("LEEF:1.0|V|P|1|E|src=192.0.2.1\tmsg=two words a=b\tact=", .leef)
                == ["0=V", "1=P", "2=1", "3=E", "src=192.0.2.1", "msg=two words a=b", "act="])
        for separator in ["^|a=1^b=2", "x5E|a=1^b=2", "0x5e|a=1^b=2", "|a=1\tb=2", "a=1\tb=2"] {
            #expect(
                values("LEEF:2.0|V|P|1|E|" + separator, .leef)?.suffix(2) == ["a=1", "b=2"],
                "\(separator)")
        }
    }

    @Test func whatIsBrokenIsNone() {
        for text in [
            "", "CEF:", "CEF:0", "CEF:0|V|P|1|2|n", "CEF:x|V|P|1|2|n|5|", "CEF:00000|V|P|1|2|n|5|",
            "CEF:0|V|P|1|2|n|5|words only", "CEF:0|V|P|1|2|n|5|=1", #"CEF:0|V|P|1|2|n|5\"#,
            "cef:0|V|P|1|2|n|5|", "CEF:0|V|P|1|2|n|5|a b=1",
        ] {
            #expect(values(text, .cef) == nil, "\(text)")
        }
        for text in ["LEEF:2.0|V|P|1|E|x00|a=1", "LEEF:2.0|V|P|1", "LEEF:1.0|V|P|1|E|words"] {
            #expect(values(text, .leef) == nil, "\(text)")
        }
        let many = "CEF:0|V|P|1|2|n|5|" + (0..<11).map { "a\($0)=1 " }.joined()
        #expect(values(many, .cef) == nil && values(many, .cef, countMax: 17)?.count == 17)
    }

    @Test func escapedTextCannotBecomeAName() {
        #expect(
            values(#"CEF:0|V|P|1|2|n|5|suser=x act\=allow act=deny"#, .cef)?.suffix(2)
                == ["suser=x act=allow", "act=deny"])
    }

    @Test func hugeValuesTakeLinearTime() {
        let blanks = String(repeating: " x", count: 300_000)
        #expect(values("CEF:0|V|P|1|2|n|5|a=\(blanks) b=1", .cef)?.count == 8)
        let marks = String(repeating: "?=", count: 300_000)
        #expect(values("CEF:0|V|P|1|2|n|5|a=\(marks) b=1", .cef)?.count == 8)
    }
}
