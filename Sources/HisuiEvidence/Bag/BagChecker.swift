import HisuiEvent

/// Something in a bundle that is not as it was written.
public struct BundleProblem: Hashable, Sendable {
    public enum Kind: String, Sendable {
        case altered, missing, added, malformed, unsigned, unproved, contradiction, untrusted
    }

    public var kind: Kind
    /// The file, from the bundle's folder.
    public var file: String
    /// What is wrong, and where in the file.
    public var what: Bilingual

    public init(_ kind: Kind, _ file: String, _ what: Bilingual) {
        self.kind = kind
        self.file = file
        self.what = what
    }
}

/// Checks that a folder is a complete and valid bag of Hisui's profile: RFC 8493, and nothing in it
/// that the manifests do not name, the seal excepted.
struct BagChecker {
    let folder: BagFolder
    private(set) var problems: [BundleProblem] = []
    /// The manifest that names the payload; empty if it cannot be read.
    private(set) var payload: Set<String> = []
    private(set) var tagManifest: [UInt8] = []
    private(set) var info: [(name: String, value: String)] = []
    private var listing = BagFolder.Listing()
    private var sizes: [String: Int] = [:]
    private var octets = 0

    init(_ folder: BagFolder) { self.folder = folder }

    /// The files that are there, with their sizes.
    var files: [BagFolder.Entry] { listing.files }

    mutating func run() throws(BagFolder.Failure) {
        listing = try folder.list()
        for file in listing.files { sizes[file.path] = file.size }
        for strange in listing.strange {
            problems.append(BundleProblem(.added, strange.path, strange.what))
        }
        try checkDeclaration()
        let tags = try manifest(BagNames.tagManifest, .sha256)
        let expected =
            [BagNames.declaration, BagNames.info]
            + BagManifest.Algorithm.allCases.map { BagNames.manifest($0) }
        if let tags {
            tagManifest = tags.bytes
            compare(Set(tags.entries.map(\.path)), Set(expected), in: BagNames.tagManifest)
            for entry in tags.entries where expected.contains(entry.path) {
                _ = try check(entry.path, [.sha256: entry.digest])
            }
        }
        try checkPayload()
        checkStrangers(expected)
        try checkInfo()
    }

    private mutating func checkPayload() throws(BagFolder.Failure) {
        var digests: [String: [BagManifest.Algorithm: [UInt8]]] = [:]
        for algorithm in BagManifest.Algorithm.allCases {
            let name = BagNames.manifest(algorithm)
            guard let manifest = try manifest(name, algorithm) else { continue }
            for entry in manifest.entries {
                guard entry.path.hasPrefix(BagNames.payload + "/") else {
                    problems.append(
                        BundleProblem(
                            .malformed, name,
                            Bilingual(
                                "names \(entry.path), which is no payload",
                                "ペイロードではない \(entry.path) が記載されています")))
                    continue
                }
                digests[entry.path, default: [:]][algorithm] = entry.digest
            }
        }
        payload = Set(digests.keys)
        for path in payload.sorted() {
            let known = digests[path] ?? [:]
            for algorithm in BagManifest.Algorithm.allCases where known[algorithm] == nil {
                problems.append(
                    BundleProblem(
                        .malformed, BagNames.manifest(algorithm),
                        Bilingual("does not name \(path)", "\(path) の記載がありません")))
            }
            octets += try check(path, known)
        }
    }

    /// Compares a file with its digests; returns its size.
    private mutating func check(
        _ path: String, _ digests: [BagManifest.Algorithm: [UInt8]]
    ) throws(BagFolder.Failure) -> Int {
        guard let listed = sizes[path] else {
            problems.append(
                BundleProblem(.missing, path, Bilingual("is missing", "ファイルがありません")))
            return 0
        }
        let hashes = digests.mapValues { BagDigest($0.count == 32 ? .sha256 : .sha512) }
        let size = try folder.read(path, limit: Limits.bagFileBytesMax) { piece in
            for hash in hashes.values { hash.update(piece) }
        }
        guard let size else {
            problems.append(
                BundleProblem(
                    .malformed, path,
                    Bilingual("is larger than any file of a bundle", "ファイルが大きすぎます")))
            return listed
        }
        for (algorithm, digest) in digests where hashes[algorithm]?.finish() != digest {
            problems.append(
                BundleProblem(
                    .altered, path,
                    Bilingual(
                        "is not what \(BagNames.manifestName(algorithm, of: path)) says",
                        "内容が \(BagNames.manifestName(algorithm, of: path)) と一致しません")))
            break
        }
        return size
    }

    private mutating func manifest(
        _ name: String, _ algorithm: BagManifest.Algorithm
    ) throws(BagFolder.Failure) -> BagManifest? {
        guard let bytes = try bytes(name) else { return nil }
        do throws(BagManifest.Malformed) {
            return try BagManifest(bytes, algorithm: algorithm)
        } catch {
            problems.append(
                BundleProblem(
                    .malformed, name,
                    Bilingual(
                        "line \(error.line): \(error.what[.english])",
                        "\(error.line) 行目: \(error.what[.japanese])")))
            return nil
        }
    }

    private mutating func bytes(_ name: String) throws(BagFolder.Failure) -> [UInt8]? {
        guard sizes[name] != nil else {
            problems.append(
                BundleProblem(.missing, name, Bilingual("is missing", "ファイルがありません")))
            return nil
        }
        if let bytes = try folder.bytes(name, limit: Limits.bagManifestBytesMax) { return bytes }
        problems.append(
            BundleProblem(.malformed, name, Bilingual("is too large", "ファイルが大きすぎます")))
        return nil
    }

    private mutating func checkDeclaration() throws(BagFolder.Failure) {
        guard let bytes = try bytes(BagNames.declaration) else { return }
        if bytes != Array(BagNames.declarationText.utf8) {
            problems.append(
                BundleProblem(
                    .malformed, BagNames.declaration,
                    Bilingual("does not declare BagIt 1.0", "BagIt 1.0 の宣言ではありません")))
        }
    }

    /// Files that no manifest names.
    private mutating func checkStrangers(_ tags: [String]) {
        let known = payload.union(tags).union([BagNames.tagManifest, BagNames.seal])
        for entry in listing.files where !known.contains(entry.path) {
            problems.append(
                BundleProblem(
                    .added, entry.path,
                    Bilingual("no manifest names it", "どのマニフェストにも記載がありません")))
        }
    }

    private mutating func checkInfo() throws(BagFolder.Failure) {
        guard let bytes = try folder.bytes(BagNames.info, limit: Limits.bagManifestBytesMax)
        else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let colon = line.firstRange(of: ": ") else { continue }
            info.append((String(line[..<colon.lowerBound]), String(line[colon.upperBound...])))
        }
        let oxum = info.last { $0.name == "Payload-Oxum" }?.value
        if oxum != "\(octets).\(payload.count)" {
            problems.append(
                BundleProblem(
                    .altered, BagNames.info,
                    Bilingual(
                        "Payload-Oxum is \(oxum ?? "missing"), the payload has "
                            + "\(octets) bytes in \(payload.count) files",
                        "Payload-Oxum は \(oxum ?? "なし") ですが、ペイロードは "
                            + "\(payload.count) ファイル \(octets) バイトです")))
        }
    }

    private mutating func compare(
        _ found: Set<String>, _ expected: Set<String>, in file: String
    ) {
        for path in expected.subtracting(found).sorted() {
            problems.append(
                BundleProblem(
                    .malformed, file, Bilingual("does not name \(path)", "\(path) の記載がありません")))
        }
        for path in found.subtracting(expected).sorted() {
            problems.append(
                BundleProblem(
                    .malformed, file,
                    Bilingual("names \(path), unknown here", "未知の \(path) が記載されています")))
        }
    }
}

extension BagNames {
    static func manifestName(_ algorithm: BagManifest.Algorithm, of path: String) -> String {
        path.hasPrefix(payload + "/") ? manifest(algorithm) : tagManifest
    }
}
