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

/// The conformance scenarios: `scenarios/NAME.scenario` each, embedded likewise.
let scenarios = [
    "handshake-websocket",
    "handshake-polling",
    "open-with-unknown-members",
    "open-without-max-payload",
    "open-with-interval-zero",
    "auth-in-connect",
    "nothing-before-accept",
    "event-before-accept",
    "ping-answered",
    "ping-answered-polling",
    "no-own-ping",
    "no-own-ping-polling",
    "ping-with-data",
    "ping-among-events",
    "ping-in-a-batch",
    "stray-pong",
    "stray-noop",
    "watchdog",
    "watchdog-polling",
    "watchdog-patient",
    "polling-batch",
    "polling-unicode",
    "polling-separator-escaped",
    "polling-binary",
    "polling-max-payload",
    "polling-close-packet",
    "polling-refused",
    "polling-cut",
    "upgrade",
    "upgrade-loses-nothing",
    "upgrade-refused",
    "upgrade-probe-unanswered",
    "upgrade-not-offered",
    "event-arguments",
    "event-values",
    "event-unknown",
    "event-order",
    "ack-asked",
    "ack-id-zero",
    "ack-id-large",
    "ack-without-arguments",
    "ack-received",
    "ack-crosswise",
    "ack-unknown",
    "binary-event",
    "binary-event-nested",
    "binary-ack",
    "binary-ack-received",
    "ping-amid-attachments",
    "namespace-joined",
    "namespace-acks-apart",
    "namespace-not-joined",
    "namespace-refused",
    "namespace-ended",
    "namespace-left",
    "refused-with-object",
    "refused-with-text",
    "disconnected-by-server",
    "quits",
    "quits-polling",
    "closed-empty",
    "closed-1000",
    "closed-1001",
    "closed-1011",
    "cut",
    "reset",
    "close-answered",
    "auth-made-anew",
    "namespaces-joined-again",
    "backs-off",
    "backs-off-polling",
    "fragments",
    "fragments-with-pings",
    "websocket-ping",
    "deflate",
    "message-of-100-kb",
    "message-of-900-kb",
    "message-of-900-kb-polling",
    "garbage-engineio",
    "garbage-empty-message",
    "garbage-socketio-type",
    "garbage-json",
    "garbage-event-object",
    "garbage-orphan-binary",
    "garbage-placeholder",
    "garbage-invalid-utf8",
    "garbage-text-for-attachment",
    "recovery",
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
                "TimelineModel", "JSONText", "SocketIO", "HookLog", "Decoding", "Timeline", "Faults",
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
        .target(name: "Replay", dependencies: ["TimelineModel", "JSONText", "EngineIO", "SocketIO"]),
        .target(name: "ReplayHTTP", dependencies: ["Replay", .product(name: "NIOCore", package: "swift-nio")]),
        .target(
            name: "ReplayDrivers",
            dependencies: [
                "TimelineModel", "JSONText", "Wire", "EngineIO", "Decoding", "Recording", "Replay", "ReplayHTTP",
                "Taps",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        .target(name: "Queries", path: "queries", resources: queries.map { .embedInCode("\($0).sql") }),
        .target(
            name: "Scenarios", path: "scenarios", resources: scenarios.map { .embedInCode("\($0).scenario") }),
        .executableTarget(
            name: "sioscope",
            dependencies: [
                "TimelineModel", "JSONText", "Wire", "EngineIO", "SocketIO", "Decoding", "Timeline",
                "Queries", "Faults", "HookLog", "Recording", "SocketIOClient", "Taps", "Replay", "ReplayDrivers",
                "Scenarios",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            resources: [.embedInCode("SQL")]),
        .executableTarget(
            name: "sioscope-bench",
            dependencies: [
                "TimelineModel", "Wire", "Decoding", "Timeline", "Faults", "Recording", "SocketIOClient", "Replay",
                "ReplayDrivers", "Taps",
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
        .testTarget(
            name: "ReplayTests",
            dependencies: [
                "Replay", "Scenarios", "EngineIO", "SocketIO", "Decoding", "Faults", "JSONText", "TimelineModel",
                "TestSupport",
            ]),
        .testTarget(
            name: "ReplayDriversTests",
            dependencies: [
                "ReplayDrivers", "ReplayHTTP", "Replay", "EngineIO", "Taps", "Timeline", "TimelineModel", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .testTarget(name: "WireTests", dependencies: ["Wire", "CZlib"]),
        .testTarget(
            name: "DecodingTests",
            dependencies: ["Decoding", "EngineIO", "HookLog", "JSONText", "TimelineModel", "TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "FaultsTests",
            dependencies: [
                "Faults", "EngineIO", "Decoding", "JSONText", "Recording", "TimelineModel", "TestSupport",
            ],
            exclude: ["Rules", "Diagnoses", "Mutation", "README.md"]),
        .testTarget(name: "TimelineTests", dependencies: ["Timeline", "TimelineModel"]),
        .testTarget(
            name: "RedactionTests",
            dependencies: ["Recording", "Faults", "Decoding", "HookLog", "JSONText", "TimelineModel"]),
        // A timeline by hand that the tests of queries and of commands ask.
        .target(
            name: "SampleTimeline", dependencies: [.product(name: "GRDBSQLite", package: "GRDB.swift")],
            path: "Tests/SampleTimeline"),
        .testTarget(name: "QueriesTests", dependencies: ["Queries", "SampleTimeline"]),
        .testTarget(
            name: "sioscopeTests",
            dependencies: [
                "sioscope", "JSONText", "SocketIO", "HookLog", "Timeline", "TimelineModel", "Faults", "Queries",
                "Recording", "Replay", "Taps", "SampleTimeline", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
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
                "Replay", "ReplayHTTP", .product(name: "NIOCore", package: "swift-nio"),
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
