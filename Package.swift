// swift-tools-version:6.1
import Foundation
import PackageDescription

/// The .sql files of a folder, each embedded in the binary: a user's query is one file, and needs no line here.
func sql(in folder: String) -> [Resource] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(Context.packageDirectory)/\(folder)")) ?? []
    return files.filter { $0.hasSuffix(".sql") }.sorted().map { .embedInCode($0) }
}

let package = Package(
    name: "sioscope",
    products: [
        .executable(name: "sioscope", targets: ["sioscope"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

        // Imports go down only; Tests/ArchitectureTests holds this list.
        .target(name: "TimelineModel"),
        .target(name: "JSONText"),
        .target(name: "Wire", dependencies: ["TimelineModel", "CZlib"]),
        .target(name: "EngineIO", dependencies: ["TimelineModel", "JSONText"]),
        .target(name: "SocketIO", dependencies: ["TimelineModel", "JSONText"]),
        .target(name: "Decoding", dependencies: ["TimelineModel", "JSONText", "Wire", "EngineIO", "SocketIO"]),
        .target(
            name: "Timeline",
            dependencies: [
                "TimelineModel",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            resources: [.embedInCode("Schema")]),
        .target(name: "Queries", path: "queries", resources: sql(in: "queries")),
        .executableTarget(
            name: "sioscope",
            dependencies: [
                "TimelineModel", "JSONText", "Wire", "EngineIO", "SocketIO", "Decoding", "Timeline", "Queries",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
