import ArgumentParser
import Glibc
import HisuiBytes
import HisuiEvent

/// The time zone in which a person reads and writes times.
enum TimeZoneOption {
    /// The zone called `name`; without a name the one of `TZ` or of this machine, else Asia/Tokyo.
    static func resolve(_ name: String?) throws -> TimeZoneRules {
        if let name {
            guard let rules = TimeZoneRules(name: name) else {
                throw Failure(
                    .usage,
                    say(
                        "no time zone is called '\(name)'; write it like Asia/Tokyo, UTC or +09:00",
                        "時間帯 '\(name)' はありません。Asia/Tokyo、UTC、+09:00 のように指定してください"))
            }
            return rules
        }
        for name in [environment("TZ"), linkedLocalTime()].compactMap({ $0 }) {
            if let rules = TimeZoneRules(name: name) { return rules }
        }
        return TimeZoneRules(name: "Asia/Tokyo") ?? .utc
    }

    private static func environment(_ name: String) -> String? {
        // Safe: the string is copied before anything can change the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// The name behind /etc/localtime, e.g. `Asia/Tokyo`.
    private static func linkedLocalTime() -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        // Safe: the kernel writes at most the count given and says how many it wrote.
        let count = unsafe readlink("/etc/localtime", &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let range = path.firstRange(of: "zoneinfo/") else { return nil }
        return String(path[range.upperBound...])
    }
}

extension Timestamp {
    /// The present moment by the machine's clock.
    static func now() -> Timestamp { Timestamp(nanoseconds: SystemClock.nanoseconds()) }
}
