import HisuiBytes
import HisuiEvent
public import HisuiYAML

/// A rule by which records of a stream are kept and let go.
public struct RetentionClass: Hashable, Sendable {
    /// 1 to `Limits.zoneIDBytesMax` of `a-z 0-9 -`; what a stream names.
    public var id: String
    /// Other names by which a stream may call it, such as 自治体機密性3A.
    public var aliases: [String]
    public var name: String
    /// In Japanese; the same as `name` where none is given.
    public var nameJapanese: String
    public var term: RetentionTerm
    public var start: RetentionTerm.Start
    /// The rule of the organisation on which it rests.
    public var basis: String
    /// Who allowed to delete by it, and when; nil: it only plans.
    public var approval: Approval?
    /// The id of the policy that has it.
    public var policy: String
    /// The file that has it, for messages.
    public var file: String
    /// SHA-256 of that file.
    public var digest: [UInt8]

    public struct Approval: Hashable, Sendable {
        public var by: String
        public var on: Day
    }

    /// Whether records may be deleted by it on `day`.
    public func isApproved(on day: Day) -> Bool { approval.map { $0.on <= day } ?? false }

    /// The digest in hexadecimal.
    public var digestText: String { HexText.text(digest) }
}

/// The retention classes in force, by id.
///
/// Those of later directories replace those of the same id in earlier ones, so that a site's own
/// directory stands after the shipped one.
public struct RetentionClasses: Sendable {
    /// In the order of ids.
    public private(set) var classes: [RetentionClass] = []
    /// The files that have classes in force, as they were read.
    public private(set) var files: [(name: String, policy: String, bytes: [UInt8])] = []
    private var byName: [String: Int] = [:]

    public init() {}

    /// A class by its id or one of its other names.
    public func find(_ name: String) -> RetentionClass? { byName[name].map { classes[$0] } }

    /// Ids and other names.
    public var names: [String] { classes.flatMap { [$0.id] + $0.aliases } }

    /// Reads policies.
    ///
    /// - Parameter directories: the files of each directory, in order of rank; later directories
    ///   override. Two files of one directory may not have a class of the same id.
    /// - Returns: what was accepted, and everything that is wrong with the rest. A file with
    ///   anything wrong gives no class at all.
    public static func load(
        directories: [[(name: String, bytes: [UInt8])]]
    ) -> (classes: RetentionClasses, diagnostics: [Diagnostic]) {
        var result = RetentionClasses()
        var diagnostics: [Diagnostic] = []
        var kept: [String: RetentionClass] = [:]
        var places: [String: YAMLNode] = [:]
        for files in directories {
            var own: [String: YAMLNode] = [:]
            for file in files {
                let log = Diagnostics { NearestName.suggestion(for: $0, in: $1) }
                let read = RetentionReader(log).read(file.bytes, file: file.name)
                for (node, found) in read where log.isEmpty {
                    if let first = own[found.id] {
                        log.report(
                            node,
                            "the class `\(found.id)` is already at \(first.file):\(first.line)",
                            hint: "remove one of them, or put it into a later directory")
                    }
                }
                diagnostics += log.sorted
                guard log.isEmpty else { continue }
                for (node, found) in read {
                    own[found.id] = node
                    places[found.id] = node
                    kept[found.id] = found
                }
                result.files.append((file.name, read.first?.1.policy ?? "", file.bytes))
            }
        }
        result.put(kept, places, &diagnostics)
        return (result, diagnostics)
    }

    private mutating func put(
        _ kept: [String: RetentionClass], _ places: [String: YAMLNode],
        _ diagnostics: inout [Diagnostic]
    ) {
        for found in kept.values.sorted(by: { $0.id < $1.id }) {
            guard classes.count < Limits.retentionClassesMax else {
                if let node = places[found.id] {
                    diagnostics.append(
                        Diagnostic(
                            node, "more than \(Limits.retentionClassesMax) retention classes",
                            hint: "streams of a zone have at most \(Limits.streamsPerZoneMax)"))
                }
                break
            }
            byName[found.id] = classes.count
            classes.append(found)
        }
        for (number, found) in classes.enumerated() {
            for alias in found.aliases {
                if let other = byName[alias], other != number, let node = places[found.id] {
                    diagnostics.append(
                        Diagnostic(
                            node,
                            "`\(alias)` is a name of the classes `\(found.id)` and "
                                + "`\(classes[other].id)`", hint: "remove it from one of them"))
                } else {
                    byName[alias] = number
                }
            }
        }
        let used = Set(classes.map(\.file))
        files.removeAll { !used.contains($0.name) }
    }
}

extension Configuration {
    /// What is wrong with the streams' classes: unknown ones, and two names for one class.
    public func check(against retention: RetentionClasses) -> [Diagnostic] {
        var seen: [String: String] = [:]
        var diagnostics: [Diagnostic] = []
        for stream in streams {
            let place = classPlaces[stream.name]
            func report(_ message: String, _ hint: String) {
                diagnostics.append(
                    Diagnostic(
                        file: place?.file ?? "", line: place?.line ?? 1,
                        column: place?.column ?? 1, message: message, hint: hint))
            }
            guard let found = retention.find(stream.retentionClass) else {
                // The stream that nobody wrote down has the class nobody has to know.
                if place == nil { continue }
                let near = NearestName.suggestion(
                    for: stream.retentionClass, in: retention.names)
                let ids = retention.classes.map(\.id).joined(separator: ", ")
                report(
                    "unknown retention class \(YAMLNode.quote(stream.retentionClass))",
                    near.map { "did you mean `\($0)`?" } ?? "valid: \(ids)")
                continue
            }
            if let other = seen[found.id] {
                report(
                    "the streams `\(other)` and `\(stream.name)` have the same retention class",
                    "make them one stream")
            }
            seen[found.id] = stream.name
        }
        return diagnostics
    }

    /// The calendar by which its terms end.
    public var retentionCalendar: RetentionCalendar {
        RetentionCalendar(
            timeZone: TimeZoneRules(name: timeZone) ?? .tokyo,
            fiscalYearStart: organisation.fiscalYearStart)
    }
}
