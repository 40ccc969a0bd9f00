import Foundation
import Testing

/// Datagrams: what cannot wait is stored or counted.
@Suite("datagrams, by UDP and by a Unix socket", .serialized)
struct DatagramScenarios {
    @Test("200,000 datagrams at full speed: offered is what was sent, stored or dropped")
    func flood() throws {
        // A small buffer, so that the kernel has something to drop.
        let daemon = try RunningDaemon(bufferBytes: 262_144)
        try daemon.start()
        let count = 200_000
        let half = count / 2
        // Two senders at once; logger sends each line of a file as a datagram, without a pause.
        try Program.shell(
            """
            cd '\(daemon.folder.path)'
            seq -f 'flood %.0f end' 1 \(half) > one
            seq -f 'flood %.0f end' \(half + 1) \(count) > two
            logger -n 127.0.0.1 -P \(daemon.udpPort) -d -t flood -f one & first=$!
            logger -n 127.0.0.1 -P \(daemon.udpPort) -d -t flood -f two
            wait $first
            """)
        try eventually("all datagrams are accounted for", within: 60) {
            try daemon.sum("offered") == count
        }
        #expect(try daemon.stop() == 0)
        #expect(try daemon.sum("offered") == count)
        #expect(try daemon.sum("stored") > 0)
        let numbers = try daemon.messages("flood").compactMap { message in
            Int(message.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
        #expect(try numbers.count == daemon.sum("stored"))
        #expect(Set(numbers).count == numbers.count, "none is stored twice")
        try expectEquation(daemon.store)
    }

    @Test("a stop while datagrams wait in the kernel takes them before it ends")
    func stoppedWhileSending() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        try Program.shell(
            "cd '\(daemon.folder.path)'; seq -f 'last %.0f end' 1 20000 > lines; "
                + "logger -n 127.0.0.1 -P \(daemon.udpPort) -d -t last -f lines")
        #expect(try daemon.stop() == 0)
        #expect(try daemon.sum("offered") == 20_000)
        #expect(try daemon.count("last") == daemon.sum("stored"))
    }
}
