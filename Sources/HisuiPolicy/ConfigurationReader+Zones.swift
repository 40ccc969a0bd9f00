import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Zones and streams.
extension ConfigurationReader {
    func zones(_ top: inout MappingReader) -> [Configuration.Zone] {
        guard let nodes = top.list("zones", required: true),
            bounded(nodes, Limits.zonesMax, least: 1, top, "zones", "zones")
        else { return [] }
        var ids: [String: YAMLNode] = [:]
        var ranges: [Range] = []
        var zones: [Configuration.Zone] = []
        for (number, node) in nodes.enumerated() {
            guard var reader = MappingReader(node, "a zone", log) else { continue }
            let id = reader.stringNode("id", required: true).flatMap { given -> String? in
                guard let id = shortID(given, "a zone") else { return nil }
                return isFirst(id, given.node, &ids, "the zone") ? id : nil
            }
            let names = names(&reader)
            let own = addresses(&reader, zone: number, id: id)
            let zoneClass = reader.choice(
                "class", of: Configuration.ZoneClass.allCases.map(\.rawValue))
            reader.finish()
            ranges += own
            guard let id, let names else { continue }
            zones.append(
                Configuration.Zone(
                    id: id, name: names.0, nameJapanese: names.1, addresses: own.map(\.network),
                    zoneClass: zoneClass.flatMap(Configuration.ZoneClass.init) ?? .general))
        }
        checkOverlaps(ranges)
        return zones
    }

    /// An address range and whose it is.
    private struct Range {
        var network: IPNetwork
        /// Position of the zone in the file: two zones may have got the same id by mistake.
        var zone: Int
        var id: String
        var node: YAMLNode
    }

    private func addresses(_ reader: inout MappingReader, zone: Int, id: String?) -> [Range] {
        guard let given = reader.strings("addresses") else { return [] }
        return given.compactMap { text, node in
            let bytes = Array(text.utf8)
            guard let network = IPNetwork.parse(bytes.span, 0..<bytes.count) else {
                log.report(
                    node, "\(node.quoted) is no address range",
                    hint: "write it like 10.1.0.0/16, 2001:db8::/32 or 192.0.2.7")
                return nil
            }
            let address = bytes.prefix { $0 != UInt8(ascii: "/") }
            let count = address.count
            guard IPAddress.parse(Array(address).span, 0..<count) == network.address else {
                log.report(
                    node, "the address range \(node.quoted) has bits beyond its length",
                    hint: "did you mean `\(network)`?")
                return nil
            }
            return Range(network: network, zone: zone, id: id ?? "?", node: node)
        }
    }

    /// Reports ranges that two zones claim. - Complexity:
    ///
    /// O(n²), bounded by `addressRangesMax`.
    private func checkOverlaps(_ ranges: [Range]) {
        guard ranges.count <= Limits.addressRangesMax else {
            log.report(
                ranges[Limits.addressRangesMax].node, "more than \(Limits.addressRangesMax) ranges",
                hint: "use shorter prefixes")
            return
        }
        for (i, later) in ranges.enumerated() {
            let earlier = ranges[..<i].first { earlier in
                earlier.zone != later.zone
                    && (earlier.network.contains(later.network.address)
                        || later.network.contains(earlier.network.address))
            }
            guard let earlier else { continue }
            log.report(
                later.node,
                "the address range `\(later.network)` of zone `\(later.id)` overlaps "
                    + "`\(earlier.network)` of zone `\(earlier.id)` at \(place(earlier.node))",
                hint: "an address belongs to one zone")
        }
    }

    func streams(
        _ top: inout MappingReader, _ places: inout [String: Configuration.Place]
    ) -> [Configuration.Stream] {
        let rest = Configuration.Stream.defaultName
        var last = Configuration.Stream(name: rest, retentionClass: rest, sources: [])
        guard let nodes = top.list("streams") else { return [last] }
        var names: [String: YAMLNode] = [:]
        var classes: [String: YAMLNode] = [:]
        var streams: [Configuration.Stream] = []
        for node in nodes {
            guard var reader = MappingReader(node, "a stream", log) else { continue }
            let name = reader.stringNode("name", required: true)
            let checked = name.flatMap { shortID($0, "a stream") }
            let given = reader.stringNode("class")
            let retention = (given ?? name).flatMap { className($0) }
            let patterns = reader.strings("sources")
            reader.finish()
            guard let checked, let name, let retention else { continue }
            guard isFirst(checked, name.node, &names, "the stream"),
                isFirst(retention, (given ?? name).node, &classes, "the retention class")
            else { continue }
            let place = (given ?? name).node
            places[checked] = Configuration.Place(
                file: place.file, line: place.line, column: place.column)
            checkPatterns(patterns, of: checked, reader)
            let stream = Configuration.Stream(
                name: checked, retentionClass: retention, sources: patterns?.map(\.text) ?? [])
            if checked == rest { last = stream } else { streams.append(stream) }
        }
        streams.append(last)
        if streams.count > Limits.streamsPerZoneMax {
            top.report(
                "streams", "\(streams.count) streams, `\(rest)` counted",
                hint: "at most \(Limits.streamsPerZoneMax)")
        }
        return streams
    }

    private func checkPatterns(_ patterns: [Text]?, of stream: String, _ reader: MappingReader) {
        if stream == Configuration.Stream.defaultName {
            guard patterns != nil else { return }
            reader.report(
                "sources", "the stream `\(stream)` takes what no other stream takes",
                hint: "remove `sources` here")
        } else if let patterns {
            _ = bounded(
                patterns, Limits.patternsPerStreamMax, least: 1, reader, "sources", "patterns")
        } else {
            reader.report(
                "sources", "the stream `\(stream)` takes no source",
                hint: "give it `sources`, a list of patterns for ids of sources")
        }
    }
}
