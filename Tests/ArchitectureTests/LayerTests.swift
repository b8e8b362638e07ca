import Testing

/// Which target may import what. Imports go down only.
struct Layer: CustomTestStringConvertible, Sendable {
    let target: String
    let folder: String
    let allowed: Set<String>
    var testDescription: String { self.target }

    init(_ target: String, folder: String? = nil, _ allowed: Set<String>) {
        self.target = target
        self.folder = folder ?? "Sources/\(target)"
        self.allowed = allowed
    }

    /// What only the outer layers may touch: the system, and a clock with it.
    private static let system: Set<String> = [
        "Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin", "Synchronization",
    ]

    private static let nio: Set<String> = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL", "NIOTLS"]

    /// From the bottom up. The first eight are pure: bytes and times in, values out.
    static let all: [Layer] = [
        Layer("TimelineModel", []),
        Layer("JSONText", []),
        Layer("Wire", ["TimelineModel", "CZlib"]),
        Layer("EngineIO", ["TimelineModel", "JSONText"]),
        Layer("SocketIO", ["TimelineModel", "JSONText"]),
        Layer("HookLog", ["TimelineModel", "JSONText"]),
        Layer("Decoding", ["TimelineModel", "JSONText", "Wire", "EngineIO", "SocketIO", "HookLog"]),
        Layer("Faults", ["TimelineModel", "JSONText"]),
        Layer("Timeline", ["TimelineModel", "GRDB", "GRDBSQLite"] + system),
        Layer(
            "Recording",
            ["TimelineModel", "JSONText", "SocketIO", "HookLog", "Decoding", "Timeline", "Faults", "Crypto"] + system),
        Layer("SocketIOClient", ["TimelineModel", "JSONText", "EngineIO", "SocketIO", "HookLog"] + nio + system),
        Layer(
            "Taps",
            ["TimelineModel", "JSONText", "Wire", "HookLog", "Decoding", "Recording", "SocketIOClient", "CPcap"] + nio
                + system),
        Layer("Replay", ["TimelineModel", "JSONText", "EngineIO", "SocketIO"]),
        Layer("ReplayHTTP", ["Replay", "NIOCore"]),
        Layer(
            "ReplayDrivers",
            [
                "TimelineModel", "JSONText", "Wire", "EngineIO", "Decoding", "Recording", "Replay", "ReplayHTTP",
                "Taps",
                "Crypto",
            ] + nio + system),
        Layer("Queries", folder: "queries", []),
        Layer("Scenarios", folder: "scenarios", []),
        Layer(
            "sioscope",
            [
                "TimelineModel", "JSONText", "Wire", "EngineIO", "SocketIO", "Decoding", "Timeline", "Queries",
                "Faults", "HookLog", "Recording", "SocketIOClient", "Taps", "Replay", "ReplayDrivers", "Scenarios",
                "ArgumentParser", "TOMLKit",
            ]
                + system),
    ]
}

private func + (a: Set<String>, b: Set<String>) -> Set<String> { a.union(b) }

@Suite("Layers")
struct LayerTests {
    @Test("imports go down only", arguments: Layer.all)
    func imports(_ layer: Layer) throws {
        let files = try SourceTree.files(in: layer.folder, ".swift")
        #expect(!files.isEmpty)
        for file in files {
            for module in Imports.modules(in: file.lines) {
                #expect(layer.allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test("every folder of Sources is a layer or a system library")
    func folders() throws {
        let layers = Set(Layer.all.map(\.target))
        for folder in try SourceTree.folders(in: "Sources") where !layers.contains(folder) {
            let files = try SourceTree.files(in: "Sources/\(folder)", "module.modulemap")
            #expect(files.count == 1, "Sources/\(folder) is neither in the list of layers nor a system library")
        }
    }

    @Test("the manifest names each layer as a target", arguments: Layer.all)
    func manifest(_ layer: Layer) throws {
        let manifest = try SourceTree.text("Package.swift")
        let isNamed = manifest.split(separator: "arget(").dropFirst().contains {
            $0.drop(while: \.isWhitespace).hasPrefix("name: \"\(layer.target)\"")
        }
        #expect(isNamed)
    }

    struct Line: CustomTestStringConvertible, Sendable {
        let text: String
        let modules: [String]
        var testDescription: String { self.text }
    }

    @Test(
        "import lines are read",
        arguments: [
            Line(text: "import Wire", modules: ["Wire"]),
            Line(text: "  public import TimelineModel  ", modules: ["TimelineModel"]),
            Line(text: "@preconcurrency import Glibc", modules: ["Glibc"]),
            Line(text: "internal import struct Foundation.Data", modules: ["Foundation"]),
            Line(text: "@testable import Decoding // why", modules: ["Decoding"]),
            Line(text: "// import Wire", modules: []),
            Line(text: "importer.run()", modules: []),
        ])
    func parsesImports(_ line: Line) {
        #expect(Imports.modules(in: [line.text[...]]) == line.modules)
    }
}
