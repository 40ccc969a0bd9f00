public import HisuiEvent
public import HisuiProof

/// What a bundle is to be made of.
public struct BundleRequest: Sendable {
    /// Files that every bundle carries as they are, from the shipped data.
    public struct Shipped: Sendable {
        public var readmeJapanese: [UInt8]
        public var readmeEnglish: [UInt8]
        public var verifier: [UInt8]

        public init(readmeJapanese: [UInt8], readmeEnglish: [UInt8], verifier: [UInt8]) {
            self.readmeJapanese = readmeJapanese
            self.readmeEnglish = readmeEnglish
            self.verifier = verifier
        }
    }

    public var store: String
    /// The folder of the bundle: new, or empty.
    public var out: String
    /// Records received from here on …
    public var since: Timestamp
    /// … and before this.
    public var until: Timestamp
    /// Only these zones; all if nil.
    public var zones: Set<String>?
    public var trust: TrustFile?
    /// Of the random sample; written into the bundle, so that the draw can be repeated.
    public var seed: UInt64
    /// Records of each stream that are drawn at random.
    public var sample = 20
    public var shipped: Shipped
    /// Program and version.
    public var agent: String
    /// Who is named as the source of the bundle; may be empty.
    public var organization = ""

    public init(
        store: String, out: String, since: Timestamp, until: Timestamp, seed: UInt64,
        shipped: Shipped, agent: String
    ) {
        self.store = store
        self.out = out
        self.since = since
        self.until = until
        self.seed = seed
        self.shipped = shipped
        self.agent = agent
    }
}

/// A bundle that was made.
public struct BundleResult: Sendable {
    public var path: String
    /// SHA-256 of the tag manifest: the name of the bundle, whatever folder it lies in.
    public var digest: String
    /// Whether the acts' key signed it; without the key it is complete and unsigned.
    public var isSealed: Bool
    public var verdict: StoreVerdict
    public var records: UInt64
    public var findings: Int
    public var attached: Int
    /// What was left out and why, for the operator.
    public var remarks: [Bilingual]
}
