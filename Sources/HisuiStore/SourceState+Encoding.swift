import HisuiBytes
import HisuiEvent

/// How logs and segments store what is known of a source. Specified in docs/format.md.
///
///     counted text: id, u8 kind, u8 form, counted bytes: position,
///     varint stored, varint deduplicated, varint gaps,
///     varint number of drop numbers, each a varint: counts by the raw value of `DropReason`,
///     from 0, and from 16 on, where any is known, two for each reason: the first moment of its
///     drops as a signed varint, 0 for none, and how many nanoseconds later the last one was,
///     u64 newest receive time
extension SourceState {
    func encode(into out: inout [UInt8]) {
        out.appendCounted(source.id.utf8)
        out.append(source.kind.rawValue)
        out.append(source.form.rawValue)
        out.appendCounted(position)
        out.appendVarint(account.stored)
        out.appendVarint(account.deduplicated)
        out.appendVarint(account.gaps)
        let drops = Self.dropNumbers(of: account)
        out.appendVarint(UInt64(drops.count))
        for number in drops { out.appendVarint(number) }
        out.appendLittleEndian(lastReceived.nanoseconds)
    }

    /// Fewest bytes of an encoded state: what bounds a count of them.
    static let encodedBytesMin = 16

    init(decoding reader: inout ByteReader) throws(FormatError) {
        do {
            let id = try reader.countedText()
            guard let kind = SourceKind(rawValue: try reader.u8()),
                let form = RecordForm(rawValue: try reader.u8())
            else { throw FormatError("unknown kind of source") }
            let position = try reader.countedBytes()
            var account = Account()
            account.stored = try reader.varint()
            account.deduplicated = try reader.varint()
            account.gaps = try reader.varint()
            var drops: [UInt64] = []
            for _ in 0..<(try reader.count()) { drops.append(try reader.varint()) }
            Self.takeDrops(drops, into: &account)
            let last = Int64(bitPattern: try reader.u64())
            self.init(
                source: Source(id: id, kind: kind, form: form), position: position,
                account: account, lastReceived: Timestamp(nanoseconds: last))
        } catch {
            throw FormatError(error)
        }
    }
}

extension SourceState {
    /// Where the moments of drops begin, behind all counts there may be.
    private static let spansStart = 16

    private static func dropNumbers(of account: Account) -> [UInt64] {
        var numbers = account.droppedByReason
        for (reason, span) in account.dropSpans where span.first.nanoseconds != 0 {
            let place = spansStart + 2 * Int(reason.rawValue)
            while numbers.count < place + 2 { numbers.append(0) }
            let first = span.first.nanoseconds
            numbers[place] = UInt64(bitPattern: first << 1 ^ first >> 63)
            numbers[place + 1] = UInt64(bitPattern: span.last.nanoseconds &- first)
        }
        return numbers
    }

    private static func takeDrops(_ numbers: [UInt64], into account: inout Account) {
        account.droppedByReason = Array(numbers.prefix(spansStart))
        guard numbers.count > spansStart else { return }
        while account.droppedByReason.last == 0 { account.droppedByReason.removeLast() }
        for reason in DropReason.allCases {
            let place = spansStart + 2 * Int(reason.rawValue)
            guard place + 1 < numbers.count, numbers[place] != 0 else { continue }
            let first = Int64(bitPattern: numbers[place] >> 1) ^ -Int64(numbers[place] & 1)
            let last = first &+ Int64(bitPattern: numbers[place + 1])
            account.cover(
                reason,
                MomentSpan(Timestamp(nanoseconds: first), Timestamp(nanoseconds: last)))
        }
    }
}

/// A gap as logs and segments store it.
///
///     counted text: source id, u64 detected, varint count + 1 or 0, counted text: cause
extension Gap {
    func encode(into out: inout [UInt8]) {
        out.appendCounted(source.utf8)
        out.appendLittleEndian(detected.nanoseconds)
        out.appendVarint(count.map { $0 == .max ? $0 : $0 + 1 } ?? 0)
        out.appendCounted(cause.utf8)
    }

    static let encodedBytesMin = 11

    init(decoding reader: inout ByteReader) throws(FormatError) {
        do {
            let source = try reader.countedText()
            let detected = Timestamp(nanoseconds: Int64(bitPattern: try reader.u64()))
            let count = try reader.varint()
            self.init(
                source: source, detected: detected, count: count == 0 ? nil : count - 1,
                cause: try reader.countedText())
        } catch {
            throw FormatError(error)
        }
    }
}

/// Bytes with a right checksum that still do not say what they should: written by another version,
/// or by somebody else.
struct FormatError: Error, Hashable, CustomStringConvertible {
    var what: String

    init(_ what: String) { self.what = what }

    /// What any reading error comes down to.
    init(_ error: any Error) {
        self = (error as? FormatError) ?? FormatError("\(error)")
    }

    var description: String { what }
}
