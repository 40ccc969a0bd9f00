import HisuiBytes
public import HisuiEvent

/// The names that this module gives inside the folders it is told of.
///
///     <store>/keys/id                      16 hexadecimal digits, made with the first key
///     <store>/keys/lock                    held while a key is made
///     <store>/keys/<zone>/zone.key         private key of the zone (skey), mode 0600
///     <store>/keys/<zone>/zone.vkey        public key of the zone
///     <store>/keys/<zone>/epoch.key        private key of the epoch, handed over at a stop
///     <store>/keys/<zone>/lock             held while the keys are in use
///     <zone's folder>/epochs               notes: see `Epoch`
///     <stream>/tree/checkpoints/<day>      notes: see `Checkpoint`; the day is one of UTC
///     <stream>/tree/tile/<level>/<number>  hashes of subtrees, level 1 and above
///     <stream>/tree/frontier-<size>        see `FrontierFile`
///
/// Tiles are numbered as in C2SP `tlog-tiles`: three digits a folder, all but the last behind an
/// `x` (number 1234067 is `x001/x234/067`). The last tile of a level grows.
public enum ProofNames {
    public static let storeID = "id"
    public static let lock = "lock"
    public static let zoneKey = "zone.key"
    public static let zoneVerifier = "zone.vkey"
    public static let handOver = "epoch.key"
    public static let checkpoints = "checkpoints"
    /// The folder of tiles.
    public static let tiles = "tile"
    static let frontierPrefix = "frontier-"

    /// The name of a zone's key: `hisui/<store id>/<zone>`.
    public static func keyName(storeID: String, zone: String) -> String {
        "hisui/\(storeID)/\(zone)"
    }

    /// The origin of a stream's checkpoints: the name of the zone's key, and the stream.
    public static func origin(keyName: String, stream: String) -> String {
        "\(keyName)/\(stream)"
    }

    /// The day of a time, as `2026-11-23`.
    public static func day(_ time: Timestamp) -> String {
        String(time.utcText.prefix(10))
    }

    /// Whether a file of checkpoints may have that name.
    public static func isDay(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return bytes.count == 10
            && bytes.enumerated().allSatisfy { place, byte in
                place == 4 || place == 7
                    ? byte == UInt8(ascii: "-") : (0x30...0x39).contains(byte)
            }
    }

    /// The path of a tile below the tree's folder.
    public static func tile(level: Int, number: UInt64) -> String {
        var parts = [padded(number % 1000, 3)]
        var rest = number / 1000
        while rest > 0 {
            parts.append("x" + padded(rest % 1000, 3))
            rest /= 1000
        }
        return "\(tiles)/\(level)/" + parts.reversed().joined(separator: "/")
    }

    /// The name of the frontier kept for that size.
    public static func frontier(size: UInt64) -> String { frontierPrefix + padded(size, 20) }

    /// The size in the name of a frontier; nil for other names.
    public static func frontierSize(_ name: String) -> UInt64? {
        guard name.hasPrefix(frontierPrefix), let size = UInt64(name.dropFirst(9)),
            name == frontier(size: size)
        else { return nil }
        return size
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
