import HisuiBytes
import HisuiEvent
import HisuiYAML

/// The inventory: what there is, in which zone, and what should be heard of it.
extension ConfigurationReader {
    /// What an asset is checked against.
    struct Surroundings {
        var zone: String?
        var zones: [Configuration.Zone]
        var sources: [String]
    }

    func inventory(_ top: inout MappingReader, _ all: Surroundings) -> [Configuration.Asset] {
        guard let value = top.value("inventory"), let nodes = assetNodes(value) else { return [] }
        guard nodes.count <= Limits.assetsMax else {
            log.report(value, "\(nodes.count) assets", hint: "at most \(Limits.assetsMax)")
            return []
        }
        var seen = Seen()
        return nodes.compactMap { asset($0, all, &seen) }
    }

    /// The list itself, or that of the file which the configuration names.
    private func assetNodes(_ value: YAMLNode) -> [YAMLNode]? {
        guard value.mapping != nil else {
            if let nodes = value.sequence { return nodes }
            log.report(
                value, "`inventory` must be a list of assets, not \(value.described)",
                hint: "or `{file: PATH}` of a file that holds the list")
            return nil
        }
        guard var reader = MappingReader(value, "the inventory", log) else { return nil }
        let given = reader.stringNode("file", required: true)
        reader.finish()
        guard let given, let path = path(given, "the inventory's file") else { return nil }
        guard let bytes = include(path) else {
            log.report(
                given.node, "cannot read the inventory \(given.node.quoted)",
                hint: "is it there, and may this user read it?")
            return nil
        }
        do throws(YAMLError) {
            let root = try YAMLDocument.parseSingle(bytes, file: path)
            if let nodes = root.sequence { return nodes }
            log.report(root, "an inventory is a list of assets, not \(root.described)")
        } catch {
            log.report(error.diagnostic)
        }
        return nil
    }

    private struct Seen {
        var names: [String: YAMLNode] = [:]
        var addresses: [IPAddress: YAMLNode] = [:]
    }

    private func asset(
        _ node: YAMLNode, _ all: Surroundings, _ seen: inout Seen
    ) -> Configuration.Asset? {
        guard var reader = MappingReader(node, "an asset", log) else { return nil }
        let given = reader.stringNode("name", required: true)
        let name = given.flatMap { label($0) }
        let japanese = reader.stringNode("name_ja").flatMap { label($0) }
        let zone = reader.stringNode("zone", required: true)
        let home = zone.flatMap { zone in all.zones.first { $0.id == zone.text } }
        if let zone, home == nil, !all.zones.isEmpty {
            log.reportUnknown(zone.node, "zone", valid: all.zones.map(\.id))
        }
        let texts = reader.strings("addresses") ?? []
        let addresses =
            bounded(texts, Limits.addressesPerAssetMax, reader, "addresses", "addresses")
            ? texts.compactMap { address($0, home, all.zones, &seen) } : []
        let section = reader.stringNode("section").flatMap { label($0) }
        let contractor = reader.stringNode("contractor").flatMap { label($0) }
        let confidentiality: Configuration.Confidentiality? = degree(&reader, "confidentiality")
        let integrity: Configuration.Integrity? = degree(&reader, "integrity")
        let availability: Configuration.Availability? = degree(&reader, "availability")
        let patterns = reader.strings("sources", orOne: true) ?? []
        reader.finish()
        if bounded(patterns, Limits.patternsPerStreamMax, reader, "sources", "patterns"),
            let home, home.id == all.zone
        {
            for pattern in patterns { checkExpected(pattern, all.sources) }
        }
        guard let name, let given, let home,
            isFirst(name, given.node, &seen.names, "the asset")
        else { return nil }
        return Configuration.Asset(
            name: name, nameJapanese: japanese ?? name, zone: home.id, addresses: addresses,
            section: section, confidentiality: confidentiality, integrity: integrity,
            availability: availability, contractor: contractor, sources: patterns.map(\.text))
    }

    private func address(
        _ given: Text, _ home: Configuration.Zone?, _ zones: [Configuration.Zone],
        _ seen: inout Seen
    ) -> IPAddress? {
        let bytes = Array(given.text.utf8)
        guard let address = IPAddress.parse(bytes.span, 0..<bytes.count) else {
            log.report(
                given.node, "\(given.node.quoted) is no address",
                hint: "write it like 10.1.0.7 or 2001:db8::7")
            return nil
        }
        if let home, !home.addresses.contains(where: { $0.contains(address) }) {
            let other = zones.first { $0.addresses.contains { $0.contains(address) } }
            log.report(
                given.node, "the address `\(address)` is in no range of zone `\(home.id)`",
                hint: other.map { "it lies in zone `\($0.id)`" }
                    ?? "add its range to the zone's `addresses`")
            return nil
        }
        if let first = seen.addresses[address] {
            log.report(
                given.node, "the address `\(address)` is already at \(place(first))",
                hint: "an address belongs to one asset")
            return nil
        }
        seen.addresses[address] = given.node
        return address
    }

    /// One of the classes of `Degree`: in full, without the Japanese word before it, or plain.
    private func degree<Degree: RawRepresentable & CaseIterable>(
        _ reader: inout MappingReader, _ key: String
    ) -> Degree? where Degree.RawValue == String {
        guard let value = reader.value(key) else { return nil }
        let valid = Degree.allCases.map(\.rawValue)
        // `2` is a number to YAML, and a class to people.
        guard let text = value.text else {
            log.report(value, "`\(key)` must be a class, not \(value.described)")
            return nil
        }
        let wanted = text.filter { $0 != " " && $0 != "\u{3000}" }
        if let degree = Degree(rawValue: wanted) { return degree }
        let short = valid.first { name in
            name.unicodeScalars.first.map { !$0.isASCII } ?? false
                && name.drop { !$0.isASCII } == wanted
        }
        if let short { return Degree(rawValue: short) }
        log.reportUnknown(value, key, valid: valid)
        return nil
    }

    private func checkExpected(_ given: Text, _ sources: [String]) {
        let fits = sources.contains { id in
            Configuration.isDerived(id, fitting: given.text)
                // A pattern for what a collector derives: `fw/192.0.2.7`.
                || Configuration.isDerived(given.text, fitting: id)
        }
        if fits { return }
        log.reportUnknown(given.node, "source", valid: sources)
    }
}
