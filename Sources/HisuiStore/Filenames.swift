import HisuiBytes
import HisuiFile

/// Every name on disk, here and nowhere else.
///
///     <store>/hisui-store                      the mark of a store, with the format's version
///     <store>/zones/<zone>/lock                held by the one writer of the zone
///     <store>/zones/<zone>/<stream>/wal/<first>-<number>.log       write-ahead log
///     <store>/zones/<zone>/<stream>/wal/<first>-<number>.damaged   the same, found damaged
///     <store>/zones/<zone>/<stream>/wal/<log's name>.stray         no log of this stream
///     <store>/zones/<zone>/<stream>/segments/<first>-<end>.segment
///     <store>/zones/<zone>/<stream>/tree/      see `ProofNames` in HisuiProof
///     <store>/zones/<zone>/<stream>/tree/edge/<end>      hashes before the oldest record
///     <store>/zones/<zone>/epochs              likewise
///     <store>/keys/                            likewise
///     <store>/definitions/<sha-256>.yaml       see `DefinitionArchive`
///     <store>/definitions/<digest>.set
///     <store>/acts/{lock,wal,segments,tree,epochs}   see `ActLog`: a stream without a zone
///     <store>/state/expiry.lock                held by who lets go of segments
///     <store>/state/<zone>.proven              definitions that passed their samples
///     <store>/state/<zone>.spill               path of the zone's spill ring
///     <spill>/<zone>/lock                      held by the daemon of the zone
///     <spill>/<zone>/<class>-<first>.spill     see `SpillRing`; `<store>/spill` if not configured
///
/// Leaf indices are 20 decimal digits, so that the order of the names is the order of the records;
/// `end` is one past the last. A log's number has 8 hexadecimal digits.
public enum Filenames {
    public static let storeMark = "hisui-store"
    public static let zones = "zones"
    public static let acts = "acts"
    public static let definitions = "definitions"
    public static let state = "state"
    public static let lock = "lock"
    public static let logs = "wal"
    public static let segments = "segments"
    public static let tree = "tree"
    public static let epochs = "epochs"
    public static let keys = "keys"
    /// A file beside the folders of keys, which have the names of zones.
    static let storeID = "id"
    public static let edge = "edge"
    static let expiryLock = "expiry.lock"
    static let spill = "spill"
    static let spillSuffix = ".spill"

    static let logSuffix = ".log"
    static let damagedLogSuffix = ".damaged"
    /// Put behind the name of a log that turned out to be another one's: nobody reads it.
    static let straySuffix = ".stray"
    static let segmentSuffix = ".segment"

    /// What the name of a log file says.
    public struct LogName: Hashable, Comparable, Sendable {
        /// Leaf index of the first row the file holds or would hold.
        public var firstIndex: UInt64
        /// Number of the file among those with the same first index, and in order of making.
        public var number: UInt32
        /// Whether the writer found it damaged: it is kept as it is, and never sealed.
        public var isDamaged: Bool

        public init(firstIndex: UInt64, number: UInt32, isDamaged: Bool = false) {
            self.firstIndex = firstIndex
            self.number = number
            self.isDamaged = isDamaged
        }

        public init?(_ name: String) {
            let bytes = Array(name.utf8)
            guard bytes.count > 29, bytes[20] == UInt8(ascii: "-"),
                let first = Filenames.decimal(bytes[..<20]),
                let number = Filenames.hexadecimal(bytes[21..<29])
            else { return nil }
            switch String(decoding: bytes[29...], as: UTF8.self) {
            case Filenames.logSuffix: isDamaged = false
            case Filenames.damagedLogSuffix: isDamaged = true
            default: return nil
            }
            firstIndex = first
            self.number = number
        }

        public var text: String {
            let hexadecimal = String(number, radix: 16)
            return Filenames.padded(String(firstIndex), to: 20) + "-"
                + Filenames.padded(hexadecimal, to: 8)
                + (isDamaged ? Filenames.damagedLogSuffix : Filenames.logSuffix)
        }

        public static func < (a: LogName, b: LogName) -> Bool {
            (a.firstIndex, a.number) < (b.firstIndex, b.number)
        }
    }

    /// Whether that is the name of a log that was laid aside.
    public static func isStrayLog(_ name: String) -> Bool {
        name.hasSuffix(straySuffix) && LogName(String(name.dropLast(straySuffix.count))) != nil
    }

    /// The name of the segment that holds the leaves of `range`.
    public static func segment(_ range: Range<UInt64>) -> String {
        padded(String(range.lowerBound), to: 20) + "-" + padded(String(range.upperBound), to: 20)
            + segmentSuffix
    }

    /// The leaves that a segment of that name holds; `nil` if it is no name of a segment.
    public static func segmentRange(_ name: String) -> Range<UInt64>? {
        let bytes = Array(name.utf8)
        guard bytes.count > 41, bytes[20] == UInt8(ascii: "-"),
            String(decoding: bytes[41...], as: UTF8.self) == segmentSuffix,
            let first = decimal(bytes[..<20]), let end = decimal(bytes[21..<41]), first < end
        else { return nil }
        return first..<end
    }

    /// The name of the hashes of leaves that are gone, before leaf `end`.
    public static func edge(_ end: UInt64) -> String { padded(String(end), to: 20) }

    /// The leaf before which hashes of that name lie.
    public static func edgeEnd(_ name: String) -> UInt64? {
        name.utf8.count == 20 ? decimal(Array(name.utf8)[...]) : nil
    }

    /// The name of a definition file kept under its SHA-256.
    static func definition(_ digest: [UInt8]) -> String { HexText.text(digest) + ".yaml" }

    /// The name of the list of a set's members, kept under the set's digest.
    static func definitionSet(_ digest: [UInt8]) -> String { HexText.text(digest) + ".set" }

    /// The folder of a zone's spill ring, below `place` if one is configured.
    public static func spillPath(store: String, zone: String, place: String?) -> String {
        Path.join(place ?? Path.join(store, spill), zone)
    }

    /// Where the daemon of a zone says in which folder its spill ring is.
    public static func spillPlace(store: String, zone: String) -> String {
        Path.join(Path.join(store, state), zone + spillSuffix)
    }

    /// The name of the ring's file of a class that begins with frame `first`.
    static func spill(_ spillClass: SpillClass, first: UInt64) -> String {
        "\(spillClass.rawValue)-" + padded(String(first), to: 20) + spillSuffix
    }

    /// What the name of a file of the ring says; nil if it is none.
    static func spillParts(_ name: String) -> (SpillClass, UInt64)? {
        let bytes = Array(name.utf8)
        guard bytes.count > 22, bytes[1] == UInt8(ascii: "-"),
            String(decoding: bytes[22...], as: UTF8.self) == spillSuffix,
            let number = decimal(bytes[..<1]), let first = decimal(bytes[2..<22]),
            let spillClass = SpillClass(rawValue: UInt8(truncatingIfNeeded: number))
        else { return nil }
        return (spillClass, first)
    }

    /// What detection remembers of a zone.
    public static func detectState(store: String, zone: String) -> String {
        Path.join(Path.join(store, state), zone + ".detect")
    }

    /// What the watch remembers of a zone's sources.
    public static func watchState(store: String, zone: String) -> String {
        Path.join(Path.join(store, state), zone + ".watch")
    }

    /// What the listeners of a zone's daemon count of their peers.
    public static func listeners(store: String, zone: String) -> String {
        Path.join(Path.join(store, state), zone + ".listeners")
    }

    /// Which set of parser definitions was in force last in a zone.
    static func definitionsInForce(store: String, zone: String) -> String {
        Path.join(Path.join(store, state), zone + ".definitions")
    }

    /// Which parser definitions have passed their samples, for the daemon of a zone.
    public static func provenDefinitions(store: String, zone: String) -> String {
        Path.join(Path.join(store, state), zone + ".proven")
    }

    private static let heartbeatSuffix = ".heartbeat"

    /// Where the daemon of a zone says that it lives.
    public static func heartbeat(store: String, zone: String) -> String {
        Path.join(Path.join(store, state), zone + heartbeatSuffix)
    }

    /// The zone whose daemon says so in a file of that name; nil if it is no such name.
    public static func heartbeatZone(_ name: String) -> String? {
        guard name.hasSuffix(heartbeatSuffix) else { return nil }
        let zone = String(name.dropLast(heartbeatSuffix.count))
        return isValidName(zone) ? zone : nil
    }

    public static func zonePath(store: String, zone: String) -> String {
        Path.join(Path.join(store, zones), zone)
    }

    /// The folder of a stream. Zone `acts` with stream `acts` is the store's acts.
    public static func streamPath(store: String, zone: String, stream: String) -> String {
        if zone == acts && stream == acts { return Path.join(store, acts) }
        return Path.join(zonePath(store: store, zone: zone), stream)
    }

    /// Whether a zone or stream may have that name: 1 to 64 bytes of `a-z A-Z 0-9 . _ -`, not
    /// beginning with a dot, and not a name that Hisui uses itself.
    public static func isValidName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard (1...64).contains(bytes.count), bytes.first != UInt8(ascii: "."),
            name != lock, name != acts, name != epochs, name != storeID
        else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    private static func padded(_ digits: String, to width: Int) -> String {
        String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func decimal(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        guard bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(String(decoding: bytes, as: UTF8.self))
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
            return nil
        }
        return UInt32(String(decoding: bytes, as: UTF8.self), radix: 16)
    }
}
