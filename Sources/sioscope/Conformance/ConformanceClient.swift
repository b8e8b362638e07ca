import Replay
import Taps

/// Who is under test.
enum ConformanceClient: Sendable {
    /// A program, started anew for each scenario.
    case command([String])
    /// The client of this tool, in this process.
    case bundled
    /// Whoever connects.
    case anyone
}

/// What a program under test is told beside its arguments; contract, told in docs/conformance.md.
enum ConformanceContract {
    /// With which a program says that it cannot do what the scenario is about.
    static let skipStatus: Int32 = 77

    static func environment(for scenario: Scenario, at address: ClientAddress) -> [String: String] {
        [
            "SIOSCOPE_URL": address.url,
            "SIOSCOPE_SCENARIO": scenario.name,
            "SIOSCOPE_TRANSPORT": scenario.transports.rawValue,
            "SIOSCOPE_NAMESPACES": scenario.namespaces.joined(separator: " "),
        ]
    }
}
