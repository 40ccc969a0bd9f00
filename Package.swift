// swift-tools-version: 6.2
//
// Hisui, from the bottom up. A target imports only targets of a lower rank and never a sibling;
// Tests/TidyTests holds the table below to the code, because SwiftPM does not.
//
//   HISUI_BARE=1   leave out everything above rank 6, and with it every third-party package:
//                  what the sanitizers and the fuzzers build.
//   HISUI_FUZZ=1   add the fuzz targets of Fuzz/ (they do not link in a plain build).

import PackageDescription

let bare = Context.environment["HISUI_BARE"] != nil || Context.environment["HISUI_FUZZ"] != nil
let fuzz = Context.environment["HISUI_FUZZ"] != nil

/// One set of settings for every Swift target.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A library target of Hisui.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one module, in `Tests/<module>Tests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name)] + dependencies,
        swiftSettings: settings)
}

/// The fuzzer in `Fuzz/<name>`, as a program `Fuzz<name>`.
func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: "Fuzz" + name, dependencies: dependencies, path: "Fuzz/" + name,
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
}

var targets: [Target] = [
    // Rank 0: system libraries and kernels, no policy.
    .target(name: "CHisui"),
    .target(name: "CLinux"),
    .systemLibrary(
        name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
    // Above CSSL and CCrypto, for C.
    .target(name: "CTLS", dependencies: ["CSSL", "CCrypto"]),
    // Rank 1
    module("HisuiBytes", ["CHisui"]),
    module("HisuiYAML", ["CYAML"]),
    // Rank 2
    module("HisuiEvent", ["HisuiBytes"]),
    module("HisuiShape", ["HisuiBytes"]),
    module("HisuiFile", ["HisuiBytes", "CHisui"]),
    // Rank 3
    module(
        "HisuiCollect",
        [
            "HisuiBytes", "HisuiEvent", "HisuiFile", "CCrypto", "CHisui", "CLinux", "CSystemd",
            "CTLS", "CZlib", "CZstd",
        ]),
    module("HisuiParse", ["HisuiBytes", "HisuiYAML", "HisuiEvent", "HisuiShape", "CCrypto"]),
    module("HisuiPolicy", ["HisuiBytes", "HisuiYAML", "HisuiEvent"]),
    module("HisuiDetect", ["HisuiBytes", "HisuiYAML", "HisuiEvent", "HisuiShape", "CHisui"]),
    module("HisuiProof", ["HisuiBytes", "HisuiEvent", "HisuiFile", "CCrypto", "CHisui"]),
    // Rank 4
    module(
        "HisuiStore",
        ["HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile", "CHisui", "CZstd", "CZlib"]),
    // Rank 5
    module("HisuiQuery", ["HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiStore"]),
    // Rank 6
    module(
        "HisuiEvidence",
        [
            "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile", "HisuiProof", "HisuiStore",
            "HisuiQuery", "CCrypto",
        ]),
    // Tests of ranks 0 to 6
    .executableTarget(
        name: "DiskCampaign",
        dependencies: [
            "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile", "HisuiProof", "HisuiStore",
            "HisuiEvidence",
        ],
        path: "Tests/DiskCampaign", swiftSettings: settings),
    .executableTarget(
        name: "QueryCampaign",
        dependencies: [
            "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile", "HisuiStore", "HisuiQuery",
        ],
        path: "Tests/QueryCampaign", swiftSettings: settings),
    // What Bench/run, Bench/parsing, Bench/journal and Bench/detection start.
    .executableTarget(
        name: "Parsing",
        dependencies: [
            "HisuiBytes", "HisuiEvent", "HisuiFile", "HisuiParse", "HisuiShape", "HisuiYAML",
        ],
        path: "Bench/Parsing",
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    .executableTarget(
        name: "WarmSearch",
        dependencies: [
            "HisuiBytes", "HisuiEvent", "HisuiFile", "HisuiQuery", "HisuiStore", "CLinux",
        ],
        path: "Bench/WarmSearch",
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    .executableTarget(
        name: "Detecting",
        dependencies: [
            "HisuiBytes", "HisuiDetect", "HisuiEvent", "HisuiFile", "HisuiParse", "HisuiShape",
            "HisuiYAML",
        ],
        path: "Bench/Detecting",
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    .executableTarget(
        name: "Correlating", dependencies: ["HisuiDetect", "HisuiEvent"],
        path: "Bench/Correlating",
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    .executableTarget(
        name: "JournalReading", dependencies: ["HisuiCollect", "HisuiEvent"],
        path: "Bench/JournalReading",
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]),
    tests("HisuiBytes"),
    tests("HisuiYAML"),
    tests("HisuiEvent"),
    tests("HisuiShape", ["HisuiBytes"]),
    tests("HisuiFile"),
    tests(
        "HisuiCollect",
        ["HisuiBytes", "HisuiEvent", "HisuiFile", "CLinux", "CSystemd", "CTLS"]),
    tests("HisuiParse", ["HisuiBytes", "HisuiYAML", "HisuiEvent", "HisuiShape"]),
    tests("HisuiPolicy", ["HisuiBytes", "HisuiYAML", "HisuiEvent"]),
    tests("HisuiDetect", ["HisuiBytes", "HisuiYAML", "HisuiEvent", "HisuiShape", "HisuiFile"]),
    tests("HisuiProof", ["HisuiBytes", "HisuiEvent", "HisuiFile"]),
    tests("HisuiStore", ["HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile"]),
    tests(
        "HisuiEvidence",
        [
            "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile", "HisuiProof", "HisuiStore",
            "DiskCampaign",
        ]),
    tests(
        "HisuiQuery",
        [
            "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiStore", "HisuiFile", "QueryCampaign",
        ]),
]
var dependencies: [Package.Dependency] = []
var products: [Product] = []

if !bare {
    dependencies += [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ]
    targets += [
        // Rank 7
        module(
            "HisuiPipeline",
            [
                "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile", "HisuiCollect",
                "HisuiParse", "HisuiDetect", "HisuiPolicy", "HisuiProof", "HisuiStore", "HisuiYAML",
                "CLinux", "CSystemd",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        // Rank 9
        .executableTarget(
            name: "hisui",
            dependencies: [
                "HisuiBytes", "HisuiYAML", "HisuiEvent", "HisuiShape", "HisuiFile",
                "HisuiCollect", "HisuiParse", "HisuiDetect", "HisuiPolicy", "HisuiProof",
                "HisuiStore", "HisuiQuery", "HisuiEvidence", "HisuiPipeline", "CLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        tests(
            "HisuiPipeline",
            [
                "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile", "HisuiCollect",
                "HisuiParse", "HisuiDetect", "HisuiPolicy", "HisuiProof", "HisuiStore",
                "HisuiQuery",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(name: "TidyTests", swiftSettings: settings),
        .testTarget(
            name: "ScenarioTests",
            dependencies: ["hisui", "HisuiEvent", "HisuiFile", "HisuiStore"],
            exclude: ["EventLog", "Shell"], swiftSettings: settings),
    ]
    products += [.executable(name: "hisui", targets: ["hisui"])]
}

if fuzz {
    let queryModules: [Target.Dependency] = [
        "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiStore", "HisuiQuery",
    ]
    let storeModules: [Target.Dependency] = [
        "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiFile", "HisuiStore",
    ]
    let parseModules: [Target.Dependency] = [
        "FuzzSupport", "HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiParse",
    ]
    // What several fuzzers check alike.
    targets.append(
        .target(
            name: "FuzzSupport",
            dependencies: ["HisuiBytes", "HisuiEvent", "HisuiShape", "HisuiParse"],
            path: "Fuzz/Support", swiftSettings: settings))
    // One program for each parser of outside bytes; see Fuzz/README.md.
    targets += [
        fuzzer("Act", ["HisuiBytes", "HisuiEvent"]),
        fuzzer("Bytes", ["HisuiBytes"]),
        fuzzer("Segment", ["HisuiStore", "HisuiShape", "HisuiFile", "HisuiBytes"]),
        fuzzer("WriteAheadLog", storeModules),
        fuzzer("Framing", ["HisuiCollect", "HisuiEvent"]),
        fuzzer("RELP", ["HisuiCollect", "HisuiEvent"]),
        fuzzer("HTTP", ["HisuiCollect", "HisuiEvent"]),
        fuzzer("JournalUpload", ["HisuiCollect", "HisuiEvent"]),
        fuzzer("Shipper", ["HisuiBytes", "HisuiCollect", "HisuiEvent"]),
        fuzzer("FilePosition", ["HisuiCollect"]),
        fuzzer("ImportPosition", ["HisuiCollect"]),
        fuzzer("FolderPosition", ["HisuiCollect"]),
        fuzzer("Mail", ["HisuiBytes", "HisuiCollect"]),
        fuzzer("Listeners", ["HisuiCollect"]),
        fuzzer("Joiner", ["HisuiBytes", "HisuiCollect", "HisuiEvent"]),
        fuzzer("Table", ["HisuiBytes"]),
        fuzzer("Formats", parseModules),
        fuzzer("Encoding", ["HisuiBytes"]),
        fuzzer("JournalExport", ["HisuiCollect", "HisuiEvent"]),
        fuzzer("JournalRecord", ["HisuiCollect"]),
        fuzzer("Spill", storeModules),
        fuzzer("YAML", ["HisuiYAML"]),
        fuzzer("Configuration", ["HisuiPolicy", "HisuiYAML"]),
        fuzzer("JSONShape", ["HisuiBytes", "HisuiShape"]),
        fuzzer("Recipe", ["HisuiPolicy", "HisuiYAML", "HisuiEvent", "HisuiBytes"]),
        fuzzer("Retention", ["HisuiPolicy", "HisuiYAML", "HisuiEvent", "HisuiBytes"]),
        fuzzer("Parser", parseModules),
        fuzzer("Header", parseModules),
        fuzzer("Sigma", ["HisuiDetect", "HisuiYAML"]),
        fuzzer("DetectorState", ["HisuiDetect", "HisuiYAML"]),
        fuzzer("Note", ["HisuiProof"]),
        fuzzer("Audit", parseModules),
        fuzzer("EventLog", ["HisuiBytes", "HisuiCollect", "HisuiEvent"]),
        fuzzer("AuditStatus", ["HisuiCollect", "HisuiEvent"]),
        fuzzer("Fold", parseModules),
        fuzzer("Rules", parseModules + ["HisuiFile"]),
        fuzzer("LogsQL", queryModules),
        fuzzer("Expression", ["HisuiBytes"]),
        fuzzer("Members", queryModules),
    ]
}

let package = Package(
    name: "hisui", products: products, dependencies: dependencies, targets: targets)
