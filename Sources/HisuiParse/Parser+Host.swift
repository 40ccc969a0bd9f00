import HisuiBytes
import HisuiEvent
import HisuiShape

/// The host of records that name none: the address that delivered them.
///
/// It stands beside the record, in a slot of its own, and the row has the flag `hostInferred`.
extension Parser {
    /// What is needed for that beside the shapes.
    struct HostFallback {
        /// By number of shape: 0 not known yet, 1 it has a host, else 2 and the number of the shape
        /// with the host beside it.
        var numbers: [UInt32] = []
        /// By number of sender, where its text will stand in the batch at hand; empty: not yet.
        var places: [ByteRange] = []
        /// Whether senders of the batch at hand are addresses.
        var isOfAddresses = false
    }

    /// Begins a batch.
    mutating func beginHosts(_ rows: borrowing RowBatch) {
        host.isOfAddresses =
            switch rows.source.kind {
            case .syslogUDP, .syslogTCP, .relp, .http: true
            case .journal, .syslogUnix, .file, .import, .acts, .audit: false
            }
        host.places.removeAll(keepingCapacity: true)
    }

    /// The place of the slot that names the host, if the record names none and its sender is known;
    /// the row has the shape that goes with it then.
    ///
    /// - Parameter end: bytes of all records of the batch.
    mutating func takeSender(
        _ row: inout RowBatch.Row, of senders: [String], behind end: Int
    ) -> ByteRange? {
        let sender = Int(row.sender)
        guard sender < senders.count, !senders[sender].isEmpty,
            let number = hostNumber(of: row.shape)
        else { return nil }
        while host.places.count <= sender { host.places.append(ByteRange(0..<0)) }
        if host.places[sender].count == 0 {
            let first = end + besideTexts.count
            besideTexts.append(contentsOf: senders[sender].utf8)
            host.places[sender] = ByteRange(first..<end + besideTexts.count)
        }
        row.shape = number
        row.flags.insert(.hostInferred)
        return host.places[sender]
    }

    /// The number of the shape with a host beside the record; nil if it has one already, or room
    /// for no more slots.
    private mutating func hostNumber(of shape: UInt32) -> UInt32? {
        let index = Int(shape)
        while host.numbers.count <= index { host.numbers.append(0) }
        if host.numbers[index] == 0 {
            host.numbers[index] = makeHostNumber(of: shape).map { $0 + 2 } ?? 1
        }
        return host.numbers[index] == 1 ? nil : host.numbers[index] - 2
    }

    @inline(never)
    private mutating func makeHostNumber(of number: UInt32) -> UInt32? {
        var shape = shapes[number]
        guard !shape.fields.contains(where: { $0.name == "host.name" }),
            shape.slots.count < Limits.slotsPerShapeMax, shape.encoding.unitBytes == 1
        else { return nil }
        shape.set(Shape.Field("host.name", .keyword, .slot(shape.addBeside(.word), .raw)))
        return shapes.intern(shape)
    }

    /// Decides whether the word that the message begins with is the host, or the program: it is if
    /// a rule or a format of named values knows what follows it, and none the whole.
    @inline(never)
    mutating func decideBeginning(
        _ text: Span<UInt8>, _ header: inout SyslogHeader, _ form: RecordForm
    ) {
        var word = Token(text, Token.skipBlanks(text, header.messageStart)).range
        let behind = Token.skipBlanks(text, word.upperBound)
        let isProgram = header.mayBeginWith == .program
        if isProgram { word = word.dropFirst().dropLast() }
        guard !isKnown(text, from: header.messageStart, form),
            isKnown(text, from: behind, program: isProgram ? word : nil, form)
        else { return }
        scratch.append(word, .word, role: isProgram ? .program : .host)
        if isProgram { header.program = word }
        header.messageStart = behind
    }

    /// Whether what begins at `start` is known.
    mutating func isKnown(
        _ text: Span<UInt8>, from start: Int, program: Range<Int>? = nil, _ form: RecordForm
    ) -> Bool {
        let (count, key) = (scratch.slots.count, scratch.key)
        let match = definitions.match(
            text, message: start..<text.count, program: program, form: form, into: &scratch)
        // Programs write objects, too, and have no colon behind their names then.
        let named = match == nil ? appendNamed(of: text, start..<text.count, program: nil) : nil
        scratch.truncate(to: count)
        scratch.key = key
        return match != nil || named.map { choices[$0.choice].format != .json } ?? false
    }
}
