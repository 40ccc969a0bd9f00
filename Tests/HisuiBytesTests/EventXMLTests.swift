import HisuiBytes
import Testing

@Suite struct EventXMLTests {
    /// Values as `name=text`; nil if the text is no event.
    private func values(_ text: String, countMax: Int = 8) -> [String]? {
        let bytes = Array(text.utf8)
        var slots: [ByteRange] = []
        let range = 0..<bytes.count
        guard EventXML.appendValues(of: bytes.span, range, countMax: countMax, to: &slots) else {
            #expect(slots.isEmpty)
            return nil
        }
        let values = EventXML.values(of: bytes.span, range)
        // Both ways find the same values.
        #expect(values.map { ByteRange($0.value) } == slots)
        return values.map { value in
            var decoded: [UInt8] = []
            XMLText.appendDecoded(bytes.span, value.value, to: &decoded)
            return String(decoding: value.name + [0x3D] + decoded, as: UTF8.self)
        }
    }

    @Test func systemAndNamedData() {
        let text =
            "<Event xmlns='x:y'>\r\n<System><Provider Name=\"P\" Guid='{0}'/><EventID"
            + " Qualifiers='16384'>7036</EventID></System>\n <EventData><Data Name='a&amp;b'>"
            + "山&#x672C; &lt;1&gt;</Data><Data>p</Data><Data></Data></EventData></Event> \n"
        #expect(
            values(text) == [
                "Event.System.Provider.#attributes.Name=P",
                "Event.System.Provider.#attributes.Guid={0}",
                "Event.System.EventID.#attributes.Qualifiers=16384", "Event.System.EventID=7036",
                "Event.EventData.a&b=山本 <1>", "Event.EventData.param1=p",
                "Event.EventData.param2=",
            ])
    }

    @Test func userDataAndADeclaration() {
        let text =
            "<?xml version='1.0'?><Event><UserData><LogFileCleared xmlns:a='b'><SubjectUserName>t"
            + "</SubjectUserName></LogFileCleared></UserData></Event>"
        #expect(values(text) == ["Event.UserData.LogFileCleared.SubjectUserName=t"])
    }

    @Test func referencesThatAreNoneStay() {
        #expect(
            values("<Event>&bad; &#0; &#xD800; &#1114112; &amp &#x; &#99999999999;&quot;</Event>")
                == ["Event=&bad; &#0; &#xD800; &#1114112; &amp &#x; &#99999999999;\""])
    }

    @Test func whatIsBrokenIsNone() {
        for text in [
            "", "<Event>", "<Event", "<Event></Evens>", "<Event>a<b/></Event>",
            "<Event><b></Event></b>", "<Event></Event>x", "<Event a='1' b></Event>",
            "<Event a='<'></Event>", "<Event a='1'b='2'></Event>", "<Event><!-- x --></Event>",
            "<Event><![CDATA[x]]></Event>", "</Event>", "<Event/></Event>", "<Event>x", "<>x</>",
            String(repeating: "<a>", count: 17) + String(repeating: "</a>", count: 17),
        ] {
            #expect(values(text) == nil, "\(text)")
        }
        #expect(values("<Event/>") == [])
        let deep = String(repeating: "<a>", count: 16) + String(repeating: "</a>", count: 16)
        #expect(values(deep)?.count == 1)
    }

    @Test func noMoreValuesThanAllowed() {
        let nine = "<Event>" + String(repeating: "<a>1</a>", count: 9) + "</Event>"
        #expect(values(nine) == nil && values(nine, countMax: 9)?.count == 9)
    }

    @Test func valuesCannotChangeTheStructure() {
        let forged = "<Event><a>x&lt;/a&gt;&lt;b&gt;1</a><b>2</b></Event>"
        #expect(values(forged) == ["Event.a=x</a><b>1", "Event.b=2"])
    }
}
