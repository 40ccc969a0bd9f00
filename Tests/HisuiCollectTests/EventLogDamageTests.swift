import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Event logs that are broken, or made to break their reader.
struct EventLogDamageTests {
    private let directory = TestDirectory()

    private struct Taken: Equatable {
        var lines: [String] = []
        var flagged = 0
        var gaps: [String] = []
        var known: UInt64 = 0
    }

    /// Reads a file on from what is known, and remembers it.
    private func read(_ file: [UInt8], after known: KnownFiles = KnownFiles()) throws -> Taken {
        directory.make("log", file)
        return try readFile("log", after: known).taken
    }

    private func readFile(
        _ name: String, after known: KnownFiles = KnownFiles()
    ) throws -> (taken: Taken, standing: ImportedFile?) {
        let path = directory.path(name)
        var input = try FileImport(path: path)
        var taken = Taken()
        taken.known = try input.resume(after: known)?.file.records ?? 0
        while let batch = try input.next() {
            for entry in batch.entries {
                let start = Int(entry.offset)
                let bytes = batch.bytes[start..<start + Int(entry.count)]
                taken.lines.append(String(decoding: bytes, as: UTF8.self))
                if entry.flags.contains(.framingError) { taken.flagged += 1 }
            }
            #expect(batch.account.gaps == UInt64(batch.gaps.count))
            taken.gaps += batch.gaps.map {
                "\($0.count.map { "\($0) " } ?? "")\($0.cause.dropFirst(path.utf8.count + 2))"
            }
        }
        return (taken, input.standing)
    }

    /// A file of chunks with records that hold their number.
    private func log(_ chunks: ClosedRange<UInt64>...) -> [UInt8] {
        var builder = EventLogBuilder()
        for numbers in chunks {
            builder.add { chunk in
                chunk.first = numbers.lowerBound
                for number in numbers { chunk.add(number: number) { Self.number(number, &$0) } }
            }
        }
        return builder.file
    }

    private static func number(_ number: UInt64, _ xml: inout XMLBytes) {
        xml.header()
        xml.element("a") { $0.text("number \(number)") }
        xml.end()
    }

    private func lines(_ numbers: ClosedRange<UInt64>) -> [String] {
        numbers.map { "<a>number \($0)</a>" }
    }

    /// A file of one record.
    private func log(_ body: (inout XMLBytes) -> Void) -> [UInt8] {
        var builder = EventLogBuilder()
        builder.add { $0.add(body) }
        return builder.file
    }

    // MARK: - What is lost is told

    @Test func missingNumbersAreCountedAndRoundLogsHaveNone() throws {
        let gone = try read(log(1...3, 10...12, 20...20))
        #expect(gone.lines.count == 7)
        #expect(gone.gaps == ["13 record numbers of the event log are missing"])
        let round = try read(log(100...102, 50...99))
        #expect(round.lines.count == 53)
        #expect(round.gaps.isEmpty)
    }

    @Test func aWrongChecksumFlagsWhatIsReadAllTheSame() throws {
        var file = log(1...3, 4...6)
        file[4096 + 52] ^= 1
        let taken = try read(file)
        #expect(taken.lines == lines(1...6))
        #expect(taken.flagged == 3)
        #expect(taken.gaps == ["1 chunks are damaged; their records are flagged"])
        file[124] ^= 1
        #expect(try read(file).gaps.last == "the head of the event log is damaged")
    }

    @Test func aBrokenRecordIsPassedOverAndCounted() throws {
        var file = log(1...3)
        // The second record: 512, and the first one's size.
        let first = 4096 + 512
        let second = first + Int(file[first + 4])
        file[second] = 0
        let taken = try read(file)
        #expect(taken.lines == [lines(1...1)[0], lines(3...3)[0]])
        #expect(
            taken.gaps == [
                "1 record numbers of the event log are missing",
                "1 chunks are damaged; their records are flagged",
            ])
        // Its number and size are whole, its content is not.
        file = log(1...3)
        file[second + 24] = 0x77
        let lost = try read(file)
        #expect(lost.lines == [lines(1...1)[0], lines(3...3)[0]])
        #expect(lost.gaps.first == "1 records of the event log are unreadable")
    }

    @Test func aRecordThatBreaksOffIsKeptUpToThere() throws {
        let taken = try read(
            log { xml in
                xml.header()
                xml.element("a", attributes: [("b", { $0.text("c") })]) {
                    $0.element("d") { $0.text("e") }
                    $0.element("f") { $0.put(0x7F) }
                }
                xml.end()
            })
        #expect(taken.lines == ["<a b='c'><d>e</d><f></f></a>"])
        #expect(taken.flagged == 1)
        #expect(
            taken.gaps == ["1 records are damaged; they are stored as far as readable"])
    }

    @Test func aLogThatWasNotClosedIsReadBeyondWhatItsHeadsSay() throws {
        var builder = EventLogBuilder()
        builder.flags = 1
        builder.add { chunk in for n in 1...3 { chunk.add { Self.number(UInt64(n), &$0) } } }
        builder.add { chunk in for n in 4...6 { chunk.add { Self.number(UInt64(n), &$0) } } }
        var file = builder.file
        // The file's head knows one chunk, the last chunk's head one record.
        file.replace(at: 42, UInt16(1))
        file.replace(at: 124, EventLogFormat.checksum(file, 0..<120))
        let chunk = 4096 + 65_536
        let free = 512 + Int(file[chunk + 512 + 4])
        var bytes = Array(file[chunk...])
        bytes.replace(at: 48, UInt32(free))
        bytes.replace(at: 52, EventLogFormat.checksum(bytes, 512..<free))
        bytes.replace(at: 124, EventLogFormat.checksum(bytes, 0..<120, 128..<512))
        file.replaceSubrange(chunk..., with: bytes)
        let taken = try read(file)
        #expect(taken.lines == lines(1...6))
        #expect(taken.gaps.isEmpty)
        // Cleanly closed, what lies behind the last record is left from an earlier use.
        file.replace(at: 120, UInt32(0))
        #expect(try read(file).lines == lines(1...4))
    }

    @Test func aFileThatEndsInAChunkGivesTheRecordsThatAreThere() throws {
        let file = log(1...3, 4...6)
        let second = 4096 + 65_536 + 512
        let end = second + 2 * Int(file[second + 4])
        let taken = try read(Array(file[..<(end + 10)]))
        #expect(taken.lines == lines(1...5))
        #expect(taken.gaps.contains("the event log ends inside a chunk"))
        // Wherever it ends, what is whole before it is there.
        for count in stride(from: 8, to: file.count, by: 9973) {
            let cut = try read(Array(file[..<count]))
            #expect(lines(1...6).starts(with: cut.lines))
            #expect(cut.gaps.isEmpty == ((count - 4096) % 65_536 == 0))
        }
    }

    @Test func emptyAndUnwrittenChunksAreNothing() throws {
        let file = log(1...2) + [UInt8](repeating: 0, count: 3 * 65_536)
        let taken = try read(file)
        #expect(taken.lines == lines(1...2))
        #expect(taken.gaps.isEmpty)
        #expect(try read(Array(file[..<4096])) == Taken())
    }

    // MARK: - Nothing twice

    @Test func aLogThatHasGrownGoesOnBehindTheLastEvent() throws {
        directory.make("log", log(1...3))
        let (first, standing) = try readFile("log")
        #expect(first.lines.count == 3)
        var known = KnownFiles()
        known.add(try #require(standing), source: "s")
        // The head of the file and of the chunk are others now.
        directory.make("log", log(1...200, 201...300))
        let (second, grown) = try readFile("log", after: known)
        #expect(second.known == 3)
        #expect(second.lines == lines(4...300))
        known.add(try #require(grown), source: "s")
        shell("cd '\(directory.path)'; zstd -q log -o renamed; gzip -k log")
        for name in ["renamed", "log.gz"] {
            let (again, _) = try readFile(name, after: known)
            #expect(again.known == 300)
            #expect(again.lines.isEmpty)
        }
    }

    // MARK: - What is made to break a reader

    @Test func aTemplateThatHoldsItselfEnds() throws {
        let file = log { xml in
            xml.header()
            let place = xml.place + 10
            xml.template([]) { xml in
                xml.element("a", dependency: 0xFFFF) { $0.template(at: place, []) }
            }
            xml.end()
        }
        let taken = try read(file)
        #expect(taken.lines.count == 1)
        #expect(taken.lines[0].hasPrefix("<a><a>") && taken.lines[0].hasSuffix("</a></a>"))
        #expect(taken.flagged == 1)
    }

    @Test func nestingIsBounded() throws {
        func nest(_ depth: Int, _ xml: inout XMLBytes) {
            xml.element("a") { if depth > 1 { nest(depth - 1, &$0) } }
        }
        for (depth, flagged) in [(Limits.eventLogDepthMax, 0), (Limits.eventLogDepthMax + 1, 1)] {
            let taken = try read(
                log { xml in
                    xml.header()
                    nest(depth, &xml)
                    xml.end()
                })
            #expect(taken.flagged == flagged)
            #expect(taken.lines[0].utf8.count == 7 * min(depth, Limits.eventLogDepthMax))
        }
    }

    @Test func aValueThatIsUsedWithoutEndStaysWithinALimit() throws {
        var builder = EventLogBuilder()
        builder.add { chunk in
            var place: UInt32 = 0
            chunk.add { xml in
                xml.header()
                place = xml.template([(1, wide(String(repeating: "x", count: 9000)))]) {
                    $0.element("a", dependency: 0xFFFF) { xml in
                        for _ in 0..<4000 { xml.substitution(0) }
                    }
                }
                xml.end()
            }
            for _ in 0..<200 {
                chunk.add { xml in
                    xml.header()
                    xml.template(at: place, [(1, wide(String(repeating: "y", count: 40)))])
                    xml.end()
                }
            }
        }
        let taken = try read(builder.file)
        let sizes = taken.lines.map(\.utf8.count)
        #expect(try #require(sizes.max()) <= Limits.recordBytesMax)
        #expect(sizes.reduce(0, +) <= Limits.eventLogChunkTextMax + Limits.recordBytesMax)
        #expect(taken.gaps.contains { $0.hasSuffix("records of the event log are unreadable") })
    }

    @Test func workIsBoundedWhereNothingIsWritten() throws {
        let file = log { xml in
            xml.header()
            xml.template([(1, [UInt8](repeating: 0, count: 30_000))]) {
                $0.element("a", dependency: 0xFFFF) { xml in
                    for _ in 0..<7000 { xml.substitution(0) }
                }
            }
            xml.end()
        }
        #expect(try read(file).flagged == 1)
    }

    @Test func numbersThatReachBeyondTheChunkAreRefused() throws {
        let bodies: [(inout XMLBytes) -> Void] = [
            // A template, a name, values and their sizes that are not in the chunk.
            { $0.template(at: 65_530, []) }, { $0.template(at: .max, []) },
            { $0.template(at: 3, []) },
            { $0.put(0x01, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF) },
            { $0.put(0x01, 0, 0, 0, 0, 0xF9, 0xFF, 0, 0) },
            { xml in
                let place = xml.place + 10
                xml.template([]) { $0.element("a", dependency: 0xFFFF) }
                xml.put(0x0C, 1, 0, 0, 0, 0)
                xml.put(integer: place)
                xml.put(0xFF, 0xFF, 0xFF, 0x7F)
            },
            { xml in
                xml.put(0x0C, 1, 0, 0, 0, 0)
                xml.put(integer: UInt32(512))
                xml.put(1, 0, 0, 0, 0xFF, 0xFF, 1, 0)
            },
            { $0.put(0x0C) }, { $0.put(0x41) }, { $0.put(0x0F) },
            { xml in
                xml.put(0x01, 0, 0, 0, 0)
                xml.name("a b")
                xml.put(0x03)
            },
        ]
        for body in bodies {
            let taken = try read(
                log { xml in
                    xml.header()
                    body(&xml)
                })
            let told = taken.gaps.first ?? ""
            #expect(told.contains("unreadable") || told.contains("damaged"), "\(taken)")
        }
    }

    @Test func noSingleWrongByteStopsTheOtherChunk() throws {
        let file = log(1...3, 4...6)
        for place in stride(from: 4096, to: 4096 + 800, by: 7) {
            var broken = file
            broken[place] ^= 0xFF
            let taken = try read(broken)
            #expect(taken.lines.suffix(3) == lines(4...6)[...], "\(place)")
        }
    }
}
