import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Nodes to a configuration.
///
/// Goes on after every mistake, so that one run shows all of them.
///
/// Reading and checking are one: whatever is compared with something else is kept with its node
/// until both were seen, because a value no longer knows its line.
struct ConfigurationReader {
    let log: Diagnostics
    /// Known early: sources are compared with it.
    var store: String?
    var timeZone = "Asia/Tokyo"

    /// Reads another file.
    let include: (String) -> [UInt8]?

    init(_ log: Diagnostics, include: @escaping (String) -> [UInt8]?) {
        self.log = log
        self.include = include
    }

    /// The configuration; meaningful only if nothing was reported.
    mutating func read(_ root: YAMLNode) -> Configuration? {
        guard var top = MappingReader(root, "the configuration", log) else { return nil }
        let organisation = organisation(&top)
        let zone = top.stringNode("zone", required: true)
        let zones = zones(&top)
        if let zone, !zones.isEmpty, !zones.contains(where: { $0.id == zone.text }) {
            log.reportUnknown(zone.node, "zone", valid: zones.map(\.id))
        }
        if let place = top.stringNode("store", required: true) {
            store = path(place, "the store")
            if store == "/" { log.report(place.node, "the store needs a directory of its own") }
        }
        let parsers = directories(&top, "parsers", of: "parsers") ?? []
        let subjectKeys = top.stringNode("subject_keys").flatMap {
            path($0, "the file of keys for pseudonyms")
        }
        let rules = directories(&top, "rules", of: "rules")
        let placeholders =
            directories(&top, "placeholders", of: "placeholders", a: "a file") ?? []
        if let zone = top.stringNode("time_zone") { timeZone = checkedTimeZone(zone) ?? timeZone }
        var places: [String: Configuration.Place] = [:]
        let streams = streams(&top, &places)
        let sources = sources(&top)
        let retention = directories(&top, "retention", of: "retention policies") ?? []
        let surroundings = Surroundings(
            zone: zone?.text, zones: zones, sources: sources.map(\.id))
        let assets = inventory(&top, surroundings)
        let operators = operators(&top, zones.map(\.id))
        let contacts = contacts(&top)
        let hours = openingHours(&top)
        let service = service(&top)
        let signal = signal(&top)
        top.finish()
        guard let organisation, let zone, let store else { return nil }
        return Configuration(
            organisation: organisation, zone: zone.text, zones: zones, store: store,
            parsers: parsers, subjectKeys: subjectKeys, rules: rules,
            placeholders: placeholders, timeZone: timeZone, streams: streams, sources: sources,
            retention: retention, assets: assets, operators: operators, contacts: contacts,
            openingHours: hours, service: service, signal: signal, classPlaces: places)
    }

    private func organisation(_ top: inout MappingReader) -> Configuration.Organisation? {
        guard var reader = top.mapping("organisation", "the organisation", required: true) else {
            return nil
        }
        let names = names(&reader)
        let month = reader.int("fiscal_year_start", in: 1...12) ?? 4
        reader.finish()
        return names.map {
            Configuration.Organisation(name: $0, nameJapanese: $1, fiscalYearStart: month)
        }
    }

    /// `name` and `name_ja`, which is `name` where it is missing.
    func names(_ reader: inout MappingReader) -> (String, String)? {
        let name = reader.stringNode("name", required: true).flatMap { label($0) }
        let japanese = reader.stringNode("name_ja").flatMap { label($0) }
        return name.map { ($0, japanese ?? $0) }
    }

    /// A list of directories, or of files, each named once; nil where the key is missing.
    private func directories(
        _ top: inout MappingReader, _ key: String, of what: String, a kind: String = "a directory"
    ) -> [String]? {
        guard let given = top.strings(key) else { return nil }
        var seen: [String: YAMLNode] = [:]
        guard bounded(given, Limits.pathsPerSourceMax, top, key, "directories") else {
            return []
        }
        return given.compactMap { place in
            guard let path = path(place, "\(kind) of \(what)") else { return nil }
            guard isFirst(path, place.node, &seen, "the directory") else { return nil }
            return path
        }
    }

    private func service(_ top: inout MappingReader) -> Configuration.Service {
        var service = Configuration.Service()
        guard var reader = top.mapping("service", "the service") else { return service }
        service.commitMilliseconds =
            reader.int("commit_ms", in: 1...1000) ?? service.commitMilliseconds
        service.segmentRows =
            reader.int("segment_rows", in: 1...Limits.openRowsMax) ?? service.segmentRows
        service.segmentAgeSeconds =
            reader.int("segment_age_seconds", in: 1...Limits.openLogAgeSecondsMax)
            ?? service.segmentAgeSeconds
        service.checkpointSeconds =
            reader.int("checkpoint_seconds", in: 1...Limits.checkpointSecondsMax)
            ?? service.checkpointSeconds
        // At least two batches: one that is filled and one that is written.
        service.queueBytesMax =
            reader.int("queue_bytes_max", in: 2 * Limits.batchBytesMax...1 << 34)
            ?? service.queueBytesMax
        if let place = reader.stringNode("spill_path") {
            service.spillPath = path(place, "the spill ring")
        }
        // Sixteen files, each with a batch at least.
        service.spillBytesMax =
            reader.int("spill_bytes_max", in: Limits.spillFilesLeast << 20...1 << 40)
            ?? service.spillBytesMax
        service.heartbeatSeconds =
            reader.int("heartbeat_seconds", in: 1...3600) ?? service.heartbeatSeconds
        reader.finish()
        return service
    }
}
