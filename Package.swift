// swift-tools-version:6.1
import PackageDescription

/// The named queries: `queries/NAME.sql` each, embedded in the binary. Listed by name, for the package manager does not
/// see a file that is new in a folder until this manifest changes.
let queries = [
    "ack-latency",
    "anomalies",
    "before-ends",
    "biggest-messages",
    "binary-attachments",
    "clients",
    "close-codes",
    "compression-gain",
    "connect-errors",
    "ends-by-class",
    "event-counts",
    "heartbeat-latency",
    "namespaces",
    "never-connected",
    "plain-websockets",
    "polling-overhead",
    "reconnect-gaps",
    "refused-handshakes",
    "silent-stretches",
    "slow-requests",
    "slowest-acks",
    "traffic-per-minute",
    "unanswered-acks",
    "unhealthy-heartbeats",
    "upgrades",
    "who-pings",
]

let package = Package(
    name: "sioscope",
    products: [
        .executable(name: "sioscope", targets: ["sioscope"]),
        .library(name: "SocketIOClient", targets: ["SocketIOClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit.git", from: "0.6.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.0"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

        .systemLibrary(
            name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"]), .brew(["libpcap"])]),

        // Imports go down only; Tests/ArchitectureTests holds this list.
        .target(name: "TimelineModel"),
        .target(name: "JSONText"),
        .target(name: "Wire", dependencies: ["TimelineModel", "CZlib"]),
        .target(name: "EngineIO", dependencies: ["TimelineModel", "JSONText"]),
        .target(name: "SocketIO", dependencies: ["TimelineModel", "JSONText"]),
        .target(name: "HookLog", dependencies: ["TimelineModel", "JSONText"]),
        .target(
            name: "Decoding", dependencies: ["TimelineModel", "JSONText", "Wire", "EngineIO", "SocketIO", "HookLog"]),
        .target(
            name: "Timeline",
            dependencies: [
                "TimelineModel",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            resources: [.embedInCode("Schema"), .embedInCode("SQL")]),
        .target(name: "Faults", dependencies: ["TimelineModel", "JSONText"]),
        .target(
            name: "Recording",
            dependencies: [
                "TimelineModel", "JSONText", "Decoding", "Timeline", "Faults",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(
            name: "SocketIOClient",
            dependencies: [
                "TimelineModel", "JSONText", "EngineIO", "SocketIO", "HookLog",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(
            name: "Taps",
            dependencies: [
                "TimelineModel", "JSONText", "Wire", "HookLog", "Decoding", "Recording", "SocketIOClient", "CPcap",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(name: "Queries", path: "queries", resources: queries.map { .embedInCode("\($0).sql") }),
        .executableTarget(
            name: "sioscope",
            dependencies: [
                "TimelineModel", "JSONText", "Wire", "EngineIO", "SocketIO", "Decoding", "Timeline", "Queries",
                "Faults", "HookLog", "Recording", "SocketIOClient", "Taps",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            resources: [.embedInCode("SQL")]),
        .executableTarget(
            name: "sioscope-bench",
            dependencies: [
                "TimelineModel", "Wire", "Decoding", "Timeline", "Faults", "SocketIOClient",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks"),
        // What several test targets share.
        .target(name: "TestSupport", dependencies: ["JSONText"], path: "Tests/TestSupport"),
        .testTarget(name: "JSONTextTests", dependencies: ["JSONText", "TestSupport"]),
        .testTarget(name: "EngineIOTests", dependencies: ["EngineIO", "TimelineModel", "TestSupport"]),
        .testTarget(name: "SocketIOTests", dependencies: ["SocketIO", "JSONText", "TimelineModel", "TestSupport"]),
        .testTarget(
            name: "SocketIOClientTests",
            dependencies: [
                "SocketIOClient", "SocketIO", "EngineIO", "HookLog", "TimelineModel", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            exclude: ["Fixtures"]),
        .testTarget(name: "WireTests", dependencies: ["Wire", "CZlib"]),
        .testTarget(
            name: "DecodingTests",
            dependencies: ["Decoding", "EngineIO", "HookLog", "JSONText", "TimelineModel", "TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "FaultsTests",
            dependencies: ["Faults", "EngineIO", "Decoding", "JSONText", "TimelineModel", "TestSupport"],
            exclude: ["Rules", "Diagnoses", "Mutation", "README.md"]),
        .testTarget(name: "TimelineTests", dependencies: ["Timeline", "TimelineModel"]),
        .testTarget(
            name: "RedactionTests", dependencies: ["Recording", "Faults", "JSONText", "TimelineModel"]),
        // A timeline by hand that the tests of queries and of commands ask.
        .target(
            name: "SampleTimeline", dependencies: [.product(name: "GRDBSQLite", package: "GRDB.swift")],
            path: "Tests/SampleTimeline"),
        .testTarget(name: "QueriesTests", dependencies: ["Queries", "SampleTimeline"]),
        .testTarget(
            name: "sioscopeTests",
            dependencies: [
                "sioscope", "JSONText", "SocketIO", "HookLog", "Timeline", "TimelineModel", "Faults", "Queries",
                "SampleTimeline",
            ],
            exclude: ["Goldens", "Schemata"]),
        .testTarget(
            name: "InterfaceTapTests",
            dependencies: ["Taps", "Wire", "TimelineModel", "sioscope"]),
        .testTarget(
            name: "HookTapTests",
            dependencies: [
                "Taps", "Recording", "Decoding", "HookLog", "Timeline", "TimelineModel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(
            name: "ProxyTapTests",
            dependencies: [
                "Taps", "Recording", "Timeline", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "RecordingTests",
            dependencies: [
                "Recording", "Timeline", "TimelineModel", "Faults", "Queries", "Decoding", "endless-recorder",
            ]),
        // Is killed by the tests of recording.
        .executableTarget(
            name: "endless-recorder", dependencies: ["Recording", "TimelineModel"], path: "Tests/EndlessRecorder"),
        .testTarget(name: "ArchitectureTests"),

        // What fuzzing and the tests both run; no product needs it.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "TimelineModel", "JSONText", "Wire", "EngineIO", "SocketIO", "HookLog", "Decoding", "Faults",
            ],
            path: "Fuzz/Targets"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"]),
    ],
    swiftLanguageModes: [.v6]
)

// libFuzzer's own build, `make fuzz`: its entry is there only where its sanitizer is linked.
if Context.environment["FUZZ"] == "1" {
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Fuzz/CLibFuzzer"),
        .executableTarget(name: "sioscope-fuzz", dependencies: ["FuzzTargets", "CLibFuzzer"], path: "Fuzz/Runner"),
    ]
}
