import HisuiBytes

@testable import HisuiCollect

/// Writes event logs as Windows lays them out, for tests, and such as Windows would not.
struct EventLogBuilder {
    /// Chunks, each with the records that were added to it.
    private var chunks: [[UInt8]] = []
    private var number: UInt64 = 1
    var flags: UInt32 = 0

    /// The bytes of a chunk behind its head, while records are added.
    struct Chunk {
        var bytes = [UInt8](repeating: 0, count: 512)
        var first: UInt64
        var next: UInt64
        var last = 512

        /// Adds a record whose binary XML `body` writes, told where it begins in the chunk.
        mutating func add(number: UInt64? = nil, _ body: (inout XMLBytes) -> Void) {
            let number = number ?? next
            next = number &+ 1
            last = bytes.count
            var xml = XMLBytes(start: bytes.count + 24)
            body(&xml)
            let size = UInt32(28 + xml.bytes.count)
            bytes.appendLittleEndian(UInt32(0x2A2A))
            bytes.appendLittleEndian(size)
            bytes.appendLittleEndian(number)
            bytes.appendLittleEndian(UInt64(133_000_000_000_000_000))
            bytes += xml.bytes
            bytes.appendLittleEndian(size)
        }
    }

    /// Adds a chunk, its checksums right.
    mutating func add(_ fill: (inout Chunk) -> Void) {
        var chunk = Chunk(first: number, next: number)
        fill(&chunk)
        number = chunk.next
        chunks.append(Self.finished(chunk))
    }

    static func finished(_ chunk: Chunk) -> [UInt8] {
        var bytes = chunk.bytes
        let free = bytes.count
        bytes += repeatElement(0, count: 65_536 - free)
        var head = Array("ElfChnk\0".utf8)
        for value in [chunk.first, chunk.next &- 1, chunk.first, chunk.next &- 1] {
            head.appendLittleEndian(value)
        }
        let records = EventLogFormat.checksum(bytes, 512..<free)
        for value in [128, UInt32(chunk.last), UInt32(free), records] {
            head.appendLittleEndian(value)
        }
        bytes.replaceSubrange(0..<head.count, with: head)
        let checksum = EventLogFormat.checksum(bytes, 0..<120, 128..<512)
        bytes.replace(at: 124, checksum)
        return bytes
    }

    /// The whole file.
    var file: [UInt8] {
        var head = Array("ElfFile\0".utf8)
        head.appendLittleEndian(UInt64(0))
        head.appendLittleEndian(UInt64(max(1, chunks.count) - 1))
        head.appendLittleEndian(number)
        head.appendLittleEndian(UInt32(128))
        for value in [1, 3, 4096, UInt16(chunks.count)] { head.appendLittleEndian(value) }
        head += repeatElement(0, count: 120 - head.count)
        head.appendLittleEndian(flags)
        head.appendLittleEndian(EventLogFormat.checksum(head, 0..<120))
        head += repeatElement(0, count: 4096 - head.count)
        return head + chunks.flatMap { $0 }
    }
}

extension [UInt8] {
    mutating func replace<T: FixedWidthInteger>(at place: Int, _ value: T) {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(value)
        replaceSubrange(place..<place + bytes.count, with: bytes)
    }
}

/// Writes binary XML; names and templates are defined where they stand.
struct XMLBytes {
    var bytes: [UInt8] = []
    let start: Int

    init(start: Int) { self.start = start }

    var place: UInt32 { UInt32(start + bytes.count) }

    mutating func put(_ values: UInt8...) { bytes += values }

    mutating func put<T: FixedWidthInteger>(integer value: T) { bytes.appendLittleEndian(value) }

    mutating func header() { put(0x0F, 1, 1, 0) }

    mutating func end() { put(0) }

    mutating func name(_ name: String) {
        put(integer: place + 4)
        put(integer: UInt32(0))
        put(integer: UInt16(0))
        wide(name)
        put(integer: UInt16(0))
    }

    /// The number of units, and the units.
    mutating func wide(_ text: String) {
        put(integer: UInt16(text.utf16.count))
        for unit in text.utf16 { put(integer: unit) }
    }

    mutating func text(_ text: String) {
        put(0x05, 0x01)
        wide(text)
    }

    /// An element with what `attributes` and `content` write.
    mutating func element(
        _ name: String, dependency: UInt16? = nil,
        attributes: [(String, (inout XMLBytes) -> Void)] = [],
        _ content: ((inout XMLBytes) -> Void)? = nil
    ) {
        put(attributes.isEmpty ? 0x01 : 0x41)
        if let dependency { put(integer: dependency) }
        put(integer: UInt32(0))
        self.name(name)
        if !attributes.isEmpty {
            put(integer: UInt32(0))
            for (index, attribute) in attributes.enumerated() {
                put(index == attributes.count - 1 ? 0x06 : 0x46)
                self.name(attribute.0)
                attribute.1(&self)
            }
        }
        guard let content else { return put(0x03) }
        put(0x02)
        content(&self)
        put(0x04)
    }

    /// An instance of a template that is defined here.
    ///
    /// - Returns: where the definition stands.
    @discardableResult
    mutating func template(
        _ values: [(type: UInt8, bytes: [UInt8])], _ body: (inout XMLBytes) -> Void
    ) -> UInt32 {
        put(0x0C, 1)
        put(integer: UInt32(7))
        let definition = place + 4
        put(integer: definition)
        put(integer: UInt32(0))
        bytes += (0..<16).map { UInt8($0) }
        var inside = XMLBytes(start: Int(place) + 4)
        inside.header()
        body(&inside)
        inside.end()
        put(integer: UInt32(inside.bytes.count))
        bytes += inside.bytes
        self.values(values)
        return definition
    }

    /// An instance of a template that stands elsewhere.
    mutating func template(at place: UInt32, _ values: [(type: UInt8, bytes: [UInt8])]) {
        put(0x0C, 1)
        put(integer: UInt32(7))
        put(integer: place)
        self.values(values)
    }

    private mutating func values(_ values: [(type: UInt8, bytes: [UInt8])]) {
        put(integer: UInt32(values.count))
        for value in values {
            put(integer: UInt16(value.bytes.count))
            put(value.type, 0)
        }
        for value in values { bytes += value.bytes }
    }

    mutating func substitution(_ index: UInt16, optional: Bool = false, type: UInt8 = 1) {
        put(optional ? 0x0E : 0x0D)
        put(integer: index)
        put(type)
    }
}

/// UTF-16 of a text.
func wide(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for unit in text.utf16 { bytes.appendLittleEndian(unit) }
    return bytes
}

func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(value)
    return bytes
}
