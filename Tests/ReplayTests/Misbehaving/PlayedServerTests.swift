import Faults
@testable import Replay
import Testing
import TimelineModel

/// A recorded server, played, meets a client that breaks rules as a real one would, and the run shows it.
@Suite("Misbehaviours towards a played server")
struct MisbehaviourPlayedServerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let misbehaviour: Misbehaviour
        /// What the server closes with; nil where it does not.
        var code: UInt16?
        var endedBy = Sender.client
        var endMs: Int64 = 25_000
        var testDescription: String { self.misbehaviour.rawValue }
    }

    static let broken: [Case] = [
        Case(misbehaviour: .unmaskedFrame, code: 1002), Case(misbehaviour: .reservedBits, code: 1002),
        Case(misbehaviour: .invalidFrame, code: 1002), Case(misbehaviour: .invalidUTF8, code: 1007),
        Case(misbehaviour: .invalidCloseCode, code: 1002),
    ]
    static let other: [Case] = [
        Case(misbehaviour: .dataAfterClose, code: 1000),
        Case(misbehaviour: .closeUnanswered, endedBy: .server, endMs: 2_000),
        Case(misbehaviour: .upgradeSidMismatch), Case(misbehaviour: .pollGap),
        Case(misbehaviour: .stuckInPolling, endMs: 60_000),
        Case(misbehaviour: .sidReuse), Case(misbehaviour: .connectErrorLoop), Case(misbehaviour: .flapPeriodic),
        Case(misbehaviour: .sessionTooShort), Case(misbehaviour: .duplicateSessions),
    ]

    struct Played {
        var findings: [String]
        var outcome: ReplayOutcome
        var frames: [Frame]
    }

    static func play(_ test: Case, _ profile: ReplayServerSettings.Profile, _ misbehaviour: Misbehaviour?) -> Played {
        var script = Script([
            ReplayClientTests.open, "> +1 40{\"token\":\"t0ken-of-the-recording\"}",
            "< +2 40{\"sid\":\"recorded-sio\"}",
            "> +500 42[\"message\",1]", "< +1 42[\"message-back\",1]", "< +15000 2", "> +1 3",
            "> +100 42[\"message\",2]",
        ])
        if [.pollGap, .stuckInPolling].contains(test.misbehaviour) { script.transports = [.polling, .websocket] }
        script.endedBy = test.endedBy
        script.endMs = test.endMs
        var settings = MemoryNetworkSettings()
        settings.lingerNs = misbehaviour?.afterlifeNs ?? 0
        let afterLast: ReplayServerSettings.AfterLast = settings.lingerNs > 0 ? .repeat : .refuse
        var network = MemoryNetwork(
            server: ReplayServer(script.lineage, ReplayServerSettings(profile: profile, afterLast: afterLast)),
            client: ReplayClient(script.lineage, ReplayClientSettings(misbehaviour: misbehaviour)), settings)
        let run = DecodedRun()
        var witness = run
        #expect(network.run(&witness) == .finished)
        return Played(findings: run.findings(), outcome: network.server.outcome, frames: run.frames)
    }

    @Test("the rule fires", arguments: Self.broken + Self.other, [ReplayServerSettings.Profile.node, .python])
    func fires(_ test: Case, _ profile: ReplayServerSettings.Profile) {
        let played = Self.play(test, profile, test.misbehaviour)
        #expect(played.findings.contains(test.misbehaviour.rawValue))
        guard let code = test.code else { return }
        let closes = played.frames.filter { $0.sender == .server && $0.layer == .websocket && $0.opcode == 8 }
        #expect(closes.map(\.closeCode) == [code])
    }

    @Test("what breaks a WebSocket ends the life", arguments: Self.broken.prefix(4))
    func ends(_ test: Case) {
        let played = Self.play(test, .node, test.misbehaviour)
        #expect(!played.outcome.isFaithful)
        #expect(played.outcome.divergences.contains { $0.what.contains("the WebSocket protocol broken") })
    }

    @Test("nothing of it where the client behaves", arguments: Self.broken + Self.other)
    func staysSilent(_ test: Case) {
        let played = Self.play(test, .node, nil)
        #expect(!played.findings.contains(test.misbehaviour.rawValue))
        #expect(played.outcome.isFaithful)
    }
}
