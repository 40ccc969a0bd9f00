import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// What a file is taken as.
private struct Taken: Equatable {
    var lines: [String] = []
    var flags: [RowFlags] = []
    var gaps: [String] = []
}

struct EventLogTests {
    private let directory = TestDirectory()

    private func read(_ file: [UInt8]) throws -> Taken {
        let path = directory.path("log")
        directory.make("log", file)
        var input = try FileImport(path: path)
        let isEventLog = input.isEventLog
        #expect(isEventLog)
        var taken = Taken()
        while let batch = try input.next() {
            for entry in batch.entries {
                let start = Int(entry.offset)
                let bytes = batch.bytes[start..<start + Int(entry.count)]
                taken.lines.append(String(decoding: bytes, as: UTF8.self))
                taken.flags.append(entry.flags)
            }
            taken.gaps += batch.gaps.map {
                "\($0.count.map { "\($0) " } ?? "")\($0.cause.dropFirst(path.utf8.count + 2))"
            }
        }
        return taken
    }

    /// A file of one chunk with one record.
    private func log(_ body: (inout XMLBytes) -> Void) -> [UInt8] {
        var builder = EventLogBuilder()
        builder.add { $0.add(body) }
        return builder.file
    }

    /// What a template with one element makes of a value.
    private func text(_ type: UInt8, _ bytes: [UInt8]) throws -> String {
        let taken = try read(
            log { xml in
                xml.header()
                xml.template([(type, bytes)]) {
                    $0.element("a", dependency: 0xFFFF) {
                        $0.substitution(0)
                    }
                }
                xml.end()
            })
        return try #require(taken.lines.first)
    }

    @Test func anEventIsTheXMLThatWindowsRenders() throws {
        let taken = try read(
            log { xml in
                xml.header()
                xml.template([(0x06, littleEndian(UInt16(4624))), (0x01, wide("O'Brien <&>"))]) {
                    $0.element(
                        "Event", dependency: 0xFFFF, attributes: [("xmlns", { $0.text("urn:e") })]
                    ) {
                        $0.element("EventID", dependency: 0xFFFF) { $0.substitution(0) }
                        $0.element(
                            "Data", dependency: 0xFFFF,
                            attributes: [("Name", { $0.substitution(1) })]
                        ) { $0.substitution(1) }
                        $0.element("Empty", dependency: 0xFFFF)
                    }
                }
                xml.end()
            })
        #expect(
            taken.lines == [
                "<Event xmlns='urn:e'><EventID>4624</EventID>"
                    + "<Data Name='O&apos;Brien &lt;&amp;&gt;'>O'Brien &lt;&amp;&gt;</Data>"
                    + "<Empty/></Event>"
            ])
        #expect(taken.flags == [[]])
        #expect(taken.gaps.isEmpty)
    }

    @Test(
        arguments: [
            (0x01, wide("山田\r\n\t\u{1}\0\0"), "山田&#13;&#10;&#9;&#1;"),
            (0x01, wide("𠮷"), "𠮷"), (0x02, Array("ab\0".utf8), "ab"),
            (0x03, [0x80], "-128"), (0x04, [0xFF], "255"),
            (0x05, littleEndian(Int16(-2)), "-2"), (0x06, littleEndian(UInt16.max), "65535"),
            (0x07, littleEndian(Int32.min), "-2147483648"),
            (0x08, littleEndian(UInt32.max), "4294967295"),
            (0x09, littleEndian(Int64.min), "-9223372036854775808"),
            (0x0A, littleEndian(UInt64.max), "18446744073709551615"),
            (0x0B, littleEndian(Float(1.5).bitPattern), "1.5"),
            (0x0C, littleEndian(Double(3).bitPattern), "3"),
            (0x0C, littleEndian(Double.nan.bitPattern), "-1.#IND"),
            (0x0D, littleEndian(UInt32(0)), "false"), (0x0D, littleEndian(UInt32(16)), "true"),
            (0x0E, [0xDE, 0xAD], "DEAD"),
            (
                0x0F,
                [
                    0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xA5, 0xBA, 0x3E, 0x3B, 3, 0x28,
                    0xC3, 13,
                ],
                "{54849625-5478-4994-a5ba-3e3b0328c30d}"
            ),
            (0x10, littleEndian(UInt32(0xAB)), "0xab"), (0x10, littleEndian(UInt64(1)), "0x1"),
            (0x11, littleEndian(UInt64(0)), "1601-01-01T00:00:00.0000000Z"),
            (0x11, littleEndian(UInt64(132_223_104_000_000_001)), "2020-01-01T00:00:00.0000001Z"),
            (0x11, littleEndian(UInt64.max), "60056-05-28T05:36:10.9551615Z"),
            (
                0x12, [2026, 11, 6, 28, 5, 4, 3, 2].flatMap { littleEndian(UInt16($0)) },
                "2026-11-28T05:04:03.002Z"
            ),
            (0x13, [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0], "S-1-5-18"),
            (0x14, littleEndian(UInt32(0)), "0x0"), (0x15, littleEndian(UInt64(0x3E7)), "0x3e7"),
            (0x81, wide("a\0b\0"), "a</a><a>b"), (0x81, wide("\0b"), "</a><a>b"), (0x81, [], ""),
            (0x86, littleEndian(UInt16(1)) + littleEndian(UInt16(2)), "1</a><a>2"),
            (0x93, [1, 0, 0, 0, 0, 0, 0, 5] + [1, 0, 0, 0, 0, 0, 0, 1], "S-1-5</a><a>S-1-1"),
        ] as [(UInt8, [UInt8], String)])
    func everyTypeOfValueHasOneText(type: UInt8, bytes: [UInt8], expected: String) throws {
        #expect(try text(type, bytes) == "<a>\(expected)</a>")
    }

    @Test func valuesThatDoNotFitTheirTypeAreHexadecimal() throws {
        #expect(try text(0x06, [1, 2, 3]) == "<a>010203</a>")
        #expect(try text(0x13, [1, 9, 0, 0, 0, 0, 0, 5]) == "<a>0109000000000005</a>")
        #expect(try text(0x23, [0xAB]) == "<a>AB</a>")
        #expect(try text(0x12, [UInt8](repeating: 0xFF, count: 16)).contains("<a>FFFF"))
    }

    @Test func whatIsNoCharacterIsReplacedAndFlagged() throws {
        for units: [UInt16] in [[0xD800], [0xDC00, 0x41], [0xD800, 0x41], [0x41, 0, 0x42]] {
            let taken = try read(
                log { xml in
                    xml.header()
                    xml.template([(1, units.flatMap { littleEndian($0) })]) {
                        $0.element("a", dependency: 0xFFFF) { $0.substitution(0) }
                    }
                    xml.end()
                })
            #expect(taken.lines.first?.contains("\u{FFFD}") == true)
            #expect(taken.flags == [.charsetLossy])
        }
    }

    @Test func whatHasNoValueIsLeftOut() throws {
        let taken = try read(
            log { xml in
                xml.header()
                xml.template([(0, []), (1, wide("x"))]) {
                    $0.element("Event", dependency: 0xFFFF) {
                        $0.element("optional", dependency: 0xFFFF) {
                            $0.substitution(0, optional: true)
                        }
                        $0.element("depends", dependency: 0) { $0.substitution(1) }
                        $0.element("normal", dependency: 0xFFFF) { $0.substitution(0) }
                        $0.element(
                            "attributes", dependency: 1,
                            attributes: [
                                ("no", { $0.substitution(0, optional: true) }),
                                ("yes", { $0.substitution(1, optional: true) }),
                            ])
                    }
                }
                xml.end()
            })
        #expect(taken.lines == ["<Event><normal></normal><attributes yes='x'/></Event>"])
    }

    @Test func templatesStandOnceInAChunkAndInsideEachOther() throws {
        var builder = EventLogBuilder()
        var place: UInt32 = 0
        builder.add { chunk in
            chunk.add { xml in
                xml.header()
                place = xml.template([(8, littleEndian(UInt32(1)))]) {
                    $0.element("a", dependency: 0xFFFF) { $0.substitution(0) }
                }
                xml.end()
            }
            chunk.add { xml in
                xml.header()
                xml.template(at: place, [(8, littleEndian(UInt32(2)))])
                xml.end()
            }
            chunk.add { xml in
                xml.header()
                var inside = XMLBytes(start: 0)
                inside.header()
                inside.template(at: place, [(8, littleEndian(UInt32(3)))])
                xml.template([(0x21, inside.bytes)]) {
                    $0.element("b", dependency: 0xFFFF) { $0.substitution(0, optional: true) }
                }
                xml.end()
            }
        }
        let taken = try read(builder.file)
        #expect(taken.lines == ["<a>1</a>", "<a>2</a>", "<b><a>3</a></b>"])
        #expect(taken.gaps.isEmpty)
    }

    @Test func textSectionsAndReferencesAreText() throws {
        let taken = try read(
            log { xml in
                xml.header()
                xml.element("a") {
                    $0.text("\r\n  ")
                    $0.text("x")
                    $0.put(0x47)
                    $0.wide("]]><b>")
                    $0.put(0x48)
                    $0.put(integer: UInt16(0x26))
                    $0.put(0x49)
                    $0.name("lt")
                    $0.put(0x0A)
                    $0.name("target")
                    $0.put(0x0B)
                    $0.wide("data?>")
                }
                xml.end()
            })
        #expect(taken.lines == ["<a>x]]&gt;&lt;b&gt;&amp;&lt;</a>"])
    }
}
