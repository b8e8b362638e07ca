/// A function that takes any bytes at all: it must not trap, hang or grow, and it checks what must hold for every input.
///
/// The same functions serve libFuzzer (`make fuzz`) and the replay in the tests.
public struct FuzzTarget: Sendable {
    /// Also the name of its folder in `Fuzz/Corpus`.
    public let name: String
    private let body: @Sendable (Span<UInt8>) throws -> Void

    public static let all: [FuzzTarget] = [
        FuzzTarget(name: "capture-file", body: CaptureFileTarget.run),
        FuzzTarget(name: "conversation", body: ConversationTarget.run),
        FuzzTarget(name: "tcp-stream", body: TCPStreamTarget.run),
        FuzzTarget(name: "http", body: HTTPTarget.run),
        FuzzTarget(name: "websocket", body: WebSocketTarget.run),
        FuzzTarget(name: "engineio", body: EngineIOPacketTarget.run),
        FuzzTarget(name: "socketio", body: SocketIOTarget.run),
        FuzzTarget(name: "json", body: JSONTarget.run),
        FuzzTarget(name: "har", body: HARTarget.run),
        FuzzTarget(name: "export", body: ExportTarget.run),
        FuzzTarget(name: "hook-log", body: HookLogTarget.run),
        FuzzTarget(name: "live-doors", body: LiveDoorsTarget.run),
        FuzzTarget(name: "faults", body: FaultsTarget.run),
        FuzzTarget(name: "replay", body: ReplayTarget.run),
        FuzzTarget(name: "replay-http", body: ReplayHTTPTarget.run),
        FuzzTarget(name: "scenario", body: ScenarioTarget.run),
    ]

    /// - Throws: `BrokenInvariant`.
    public func run(_ bytes: Span<UInt8>) throws { try self.body(bytes) }

    public static func named(_ name: String) -> FuzzTarget? { self.all.first { $0.name == name } }
}

/// Something that must hold for every input does not hold for this one.
public struct BrokenInvariant: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws where `condition` does not hold.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(BrokenInvariant) {
    guard condition else { throw BrokenInvariant(what()) }
}

/// Throws at the first difference of two lists that must be equal.
func requireEqual<Element: Equatable>(
    _ actual: [Element], _ expected: [Element], _ what: String
) throws(BrokenInvariant) {
    guard actual != expected else { return }
    let index = zip(actual, expected).enumerated().first { $1.0 != $1.1 }?.offset ?? min(actual.count, expected.count)
    let there = actual.dropFirst(index).first.map { "\($0)" } ?? "none"
    let wanted = expected.dropFirst(index).first.map { "\($0)" } ?? "none"
    throw BrokenInvariant(
        "\(what): item \(index) of \(actual.count) is\n\(there)\nexpected (of \(expected.count))\n\(wanted)")
}
