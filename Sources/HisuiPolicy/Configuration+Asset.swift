public import HisuiBytes

extension Configuration {
    /// A machine or system of the organisation: whose it is, what it is worth, and what it should
    /// be heard to say.
    public struct Asset: Hashable, Sendable {
        /// Unique.
        public var name: String
        /// In Japanese; the same as `name` where none is given.
        public var nameJapanese: String
        /// One of the configuration's zones.
        public var zone: String
        /// Within the zone's ranges; no other asset has them.
        public var addresses: [IPAddress]
        /// The section that answers for it.
        public var section: String?
        public var confidentiality: Confidentiality?
        public var integrity: Integrity?
        public var availability: Availability?
        /// The company that looks after it.
        public var contractor: String?
        /// Patterns for ids of sources that should speak for it.
        ///
        /// Checked for assets of the configuration's own zone: others are collected elsewhere.
        public var sources: [String]
    }

    /// 自治体機密性 of the guideline for municipalities, or a plain degree.
    public enum Confidentiality: String, Sendable, CaseIterable {
        case municipal3A = "自治体機密性3A"
        case municipal3B = "自治体機密性3B"
        case municipal3C = "自治体機密性3C"
        case municipal2 = "自治体機密性2"
        case municipal1 = "自治体機密性1"
        case high, medium, low
    }

    /// 自治体完全性, or a plain degree.
    public enum Integrity: String, Sendable, CaseIterable {
        case municipal2 = "自治体完全性2"
        case municipal1 = "自治体完全性1"
        case high, medium, low
    }

    /// 自治体可用性, or a plain degree.
    public enum Availability: String, Sendable, CaseIterable {
        case municipal2 = "自治体可用性2"
        case municipal1 = "自治体可用性1"
        case high, medium, low
    }

    /// The expected sources of the own zone's assets that none of `heard` is, with the asset.
    ///
    /// - Parameter heard: ids of sources of which something was stored.
    /// - Complexity: O(assets · patterns · heard).
    public func neverHeard(_ heard: [String]) -> [(asset: Asset, source: String)] {
        assets.filter { $0.zone == zone }.flatMap { asset in
            asset.sources.filter { pattern in
                !heard.contains { Self.isDerived($0, fitting: pattern) }
            }.map { (asset, $0) }
        }
    }

    /// Whether a source's id fits a pattern, or was derived by a collector from one that does:
    /// `ID/192.0.2.7` for a sender, `ID:/var/log/app.log` for a file.
    static func isDerived(_ id: String, fitting pattern: String) -> Bool {
        Glob.match(pattern, id) || Glob.match(pattern + "/**", id)
            || Glob.match(pattern + ":**", id)
    }
}
