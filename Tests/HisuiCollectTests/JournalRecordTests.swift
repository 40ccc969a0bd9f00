import HisuiCollect
import Testing

@Suite struct JournalRecordTests {
    private func made(_ fields: [[UInt8]], room: Int = 1 << 20) -> (text: [UInt8], isWhole: Bool) {
        var record = JournalRecord()
        // What an entry before it left must not show.
        record.begin(room: 100)
        record.take(Array("OTHER=entry".utf8).span)
        record.begin(room: room)
        for field in fields { record.take(field.span) }
        var out: [UInt8] = []
        record.write(to: &out)
        return (out, record.isWhole)
    }

    private func text(_ fields: [String], room: Int = 1 << 20) -> String {
        String(decoding: made(fields.map { Array($0.utf8) }, room: room).text, as: UTF8.self)
    }

    @Test func theSameFieldsInAnyOrderAreTheSameRecord() {
        let fields = [
            "MESSAGE=hello", "PRIORITY=6", "_COMM=a", "_PID=5", "_SYSTEMD_CGROUP=/",
            "_SYSTEMD_INVOCATION_ID=i", "_SYSTEMD_INVOCATION=i", "_SYSTEMD_UNIT=u",
            "A_NAME_OF_EXACTLY_SIXTEEN=1", "EXACTLY8=2", "EXACTLY_16_BYTES=3", "Z=",
        ]
        let expected = fields.sorted { $0.split(separator: "=")[0] < $1.split(separator: "=")[0] }
        var random = SeededRandom(seed: 3)
        for _ in 0..<200 {
            let shuffled = fields.shuffled(using: &random)
            #expect(text(shuffled) == expected.map { $0 + "\n" }.joined())
        }
    }

    @Test func valuesOfOneNameStayInTheOrderTheyCame() {
        #expect(text(["T=b", "A=1", "T=a", "T=c", "T=b"]) == "A=1\nT=b\nT=a\nT=c\nT=b\n")
    }

    @Test(arguments: [
        "", "=x", "1A=x", "a=x", "A B=x", "MESSAGE", "É=x", "A-B=x", "_BOOT_ID=0",
        String(repeating: "N", count: 65) + "=x", String(repeating: "N", count: 64),
    ])
    func whatHasNoNameIsLeftOut(_ field: String) {
        #expect(text([field, "A=1"]) == "A=1\n")
    }

    @Test func namesMayHaveUpTo64Letters() {
        for count in 1...64 {
            let name = String(repeating: "N", count: count)
            #expect(text([name + "=x"]) == name + "=x\n")
        }
        #expect(text(["_BOOT_IDX=1", "_BOOT_I=2", "_9=3"]) == "_9=3\n_BOOT_I=2\n_BOOT_IDX=1\n")
    }

    @Test func binaryValuesHaveTheirLengthBeforeThem() {
        let (bytes, isWhole) = made([Array("N=a\nb".utf8)])
        #expect(bytes == Array("N\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb\n".utf8))
        #expect(isWhole)
    }

    /// A core dump in an entry must not cost its message.
    @Test func theLongestFieldIsCutSoThatTheOthersStay() {
        let dump = Array("COREDUMP=".utf8) + [UInt8](repeating: 0x78, count: 5000)
        let others = ["MESSAGE=dumped core", "_PID=5"].map { Array($0.utf8) }
        for fields in [[dump] + others, others + [dump], [others[0], dump, others[1]]] {
            let (bytes, isWhole) = made(fields, room: 1000)
            #expect(!isWhole)
            #expect(bytes.count <= 1000 && bytes.count > 950)
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines.dropFirst() == ["MESSAGE=dumped core", "_PID=5"])
        }
    }

    @Test func anEntryNeverTakesMoreThanItsRoom() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<300 {
            let room = Int.random(in: 0..<400, using: &random)
            let fields = (0..<Int.random(in: 0..<40, using: &random)).map { number in
                Array("F\(number)=".utf8)
                    + (0..<Int.random(in: 0..<100, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
            }
            let (bytes, isWhole) = made(fields, room: room)
            #expect(bytes.count <= room)
            if isWhole { #expect(bytes.count >= fields.reduce(0) { $0 + $1.count + 1 }) }
        }
    }

    @Test func fieldsBeyondJournaldsOwnBoundAreLeftOut() {
        let fields = (0..<1030).map { Array("F\($0)=1".utf8) }
        let (bytes, isWhole) = made(fields)
        #expect(!isWhole)
        #expect(bytes.count { $0 == 0x0a } == 1024)
    }
}
