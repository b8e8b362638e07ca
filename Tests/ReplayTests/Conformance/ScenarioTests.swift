import Replay
import Scenarios
import Testing

@Suite("Conformance scenarios")
struct ScenarioTests {
    static let all: [Scenario] = Scenarios.all.compactMap { try? ScenarioParser.parse($0.text, name: $0.name) }

    static func named(_ name: String) throws -> Scenario { try #require(self.all.first { $0.name == name }) }

    @Test("every file can be read", arguments: Scenarios.all.map(\.name))
    func reads(_ name: String) throws {
        let text = try #require(Scenarios.all.first { $0.name == name }).text
        let scenario = try ScenarioParser.parse(text, name: name)
        #expect(!scenario.title.hasSuffix("."))
    }

    @Test("there are at least 40, each with a name of its own")
    func count() {
        #expect(Self.all.count >= 40)
        #expect(Set(Self.all.map(\.name)).count == Self.all.count)
        #expect(Set(Self.all.map(\.title)).count == Self.all.count)
    }

    @Test("a client that keeps the contract passes", arguments: Self.all.map(\.name))
    func passes(_ name: String) throws {
        let play = PlayInMemory.run(try Self.named(name))
        // Both are optional, and this client has neither.
        if ["recovery", "deflate"].contains(name), case .skipped = play.verdict { return }
        let story = play.transcript.map { "\($0.atNs / 1_000_000) \($0.text)" }.joined(separator: "\n")
        #expect(play.verdict == .passed, "waits for \(play.waitsFor)\n\(story)")
    }

    struct Caught: CustomTestStringConvertible, Sendable {
        let misdeed: ContractClient.Misdeed
        let scenario: String
        /// A rule id, or a part of the reason.
        let finds: String
        var testDescription: String { "\(self.misdeed) in \(self.scenario)" }
    }

    static let caught: [Caught] = [
        .init(misdeed: .pings, scenario: "no-own-ping", finds: "eio4-client-ping"),
        .init(misdeed: .pings, scenario: "no-own-ping-polling", finds: "eio4-client-ping"),
        .init(misdeed: .silent, scenario: "ping-answered", finds: "pong-missing"),
        .init(misdeed: .silent, scenario: "ping-in-a-batch", finds: "pong-missing"),
        .init(misdeed: .eventBeforeAccept, scenario: "nothing-before-accept", finds: "client-packet-outside-namespace"),
        .init(misdeed: .neverReturns, scenario: "closed-empty", finds: "it has not connected again within 15 s"),
        .init(misdeed: .returnsAtOnce, scenario: "backs-off", finds: "reconnect-storm"),
        .init(misdeed: .staleAuth, scenario: "auth-made-anew", finds: "/attempt of its payload is 1, not 2"),
        .init(misdeed: .pollsTwice, scenario: "handshake-polling", finds: "poll-overlap"),
        .init(misdeed: .ignoresWatchdog, scenario: "watchdog", finds: "it has not left within 8 s"),
        .init(misdeed: .impatientWatchdog, scenario: "watchdog-patient", finds: "an empty close frame"),
        .init(misdeed: .ignoresBinary, scenario: "binary-event", finds: "has not come within"),
        .init(misdeed: .wrongAckID, scenario: "ack-asked", finds: "its ack id is 13, not 12"),
        .init(misdeed: .endsOnRefusal, scenario: "namespace-refused", finds: "an empty close frame"),
        .init(misdeed: .dropsRoot, scenario: "namespace-joined", finds: "an empty close frame"),
        .init(misdeed: .returnsAfterDisconnect, scenario: "disconnected-by-server", finds: "it connects again"),
        .init(misdeed: .upgradesUnasked, scenario: "upgrade-not-offered", finds: "offers no upgrade"),
        .init(misdeed: .bigPosts, scenario: "polling-max-payload", finds: "polling-payload-too-large"),
        .init(misdeed: .unescaped, scenario: "polling-separator-escaped", finds: "sio-malformed-packet"),
        .init(misdeed: .losesUpgradePackets, scenario: "upgrade-loses-nothing", finds: "message-back"),
        .init(misdeed: .oldVersion, scenario: "handshake-websocket", finds: "eio-version-rejected"),
        .init(misdeed: .exits, scenario: "handshake-websocket", finds: "its program ended"),
    ]

    @Test("a client that breaks it is caught", arguments: Self.caught)
    func fails(_ c: Caught) throws {
        let play = PlayInMemory.run(try Self.named(c.scenario), c.misdeed)
        guard case .failed(let failure) = play.verdict else {
            Issue.record("\(String(describing: play.verdict)) at \(play.waitsFor)")
            return
        }
        #expect(failure.rule == c.finds || failure.reason.contains(c.finds), "\(failure)")
    }

    @Test("every misdeed of the test client is tried")
    func complete() {
        #expect(Set(Self.caught.map(\.misdeed)) == Set(ContractClient.Misdeed.allCases))
    }
}
