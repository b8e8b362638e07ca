import EngineIO
import Replay
import TimelineModel

/// A conformance scenario as a user writes it; one that can be read is played to a client that says little.
enum ScenarioTarget {
    private static let mostSteps = 2_000

    static func run(_ bytes: Span<UInt8>) throws {
        let text = String(decoding: bytes.copy(), as: UTF8.self)
        let scenario: Scenario
        do throws(ScenarioError) {
            scenario = try ScenarioParser.parse(text, name: "fuzz")
        } catch {
            return
        }
        let first = self.play(scenario)
        try requireEqual(self.play(scenario), first, "played again")
    }

    /// What the play did, in words.
    private static func play(_ scenario: Scenario) -> [String] {
        var now = Timestamp(nanoseconds: 1_000_000_000_000)
        var play = ConformancePlay(scenario, begunAt: now)
        var said: [String] = []
        let transport = scenario.transports == .websocket ? "websocket" : "polling"
        let upgrade = scenario.transports == .websocket ? [HTTPField("Upgrade", "websocket")] : []
        let handshake = HTTPRequest(
            method: "GET", target: "/socket.io/?EIO=4&transport=\(transport)", headers: upgrade)
        for event in [.request(handshake, on: 0), .message(.text("40"), on: 0), .message(.text("3"), on: 0)]
            as [ServerEvent]
        {
            said += play.handle(event, at: now).map { "\($0)" }
        }
        for _ in 0..<self.mostSteps {
            guard !play.isFinished, let due = play.deadline else { break }
            now = max(now, due)
            said += play.handle(.timePassed, at: now).map { "\($0)" }
        }
        said += play.handle(.clientGone, at: now).map { "\($0)" }
        return said + ["\(String(describing: play.verdict))", play.waitsFor]
    }
}
