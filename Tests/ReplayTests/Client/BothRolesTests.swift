import EngineIO
@testable import Replay
import TestSupport
import Testing
import TimelineModel

/// The two roles of one recording against each other, in memory: nothing is left to differ.
@Suite("Both roles")
struct BothRolesTests {
    /// A server that stays until its client is done, though it waits for nothing more itself.
    struct Patient: ServerRole {
        var role: ReplayServer
        private var isAlone = false

        init(_ role: ReplayServer) { self.role = role }

        var deadline: Timestamp? { self.role.isFinished ? nil : self.role.deadline }
        var isFinished: Bool { self.isAlone }

        mutating func handle(_ event: ServerEvent, at now: Timestamp) -> [ServerAction] {
            if event == .clientGone { self.isAlone = true }
            return self.role.handle(event, at: now)
        }
    }

    /// The recorded server did in them what their clients had made it do: it is done before they are played through.
    static let faulty: Set<String> = ["flap", "late-pong"]
    /// Applications did these; and a played server that is done pings no more.
    static let recorded: Set<String> = ["ack-unanswered", "namespace-rejected", "client-no-watchdog"]
    static let names = [
        "eio3-v2-client", "flap", "js-acks", "js-binary-polling", "js-connect-error", "js-default-upgrade",
        "js-deflate",
        "js-namespaces", "js-recovery", "late-pong", "odd-ws-fragments", "py-py-aiohttp", "mid-session", "capture-gap",
        "py-py-msgpack",
    ]

    @Test("each bundled capture plays cleanly", arguments: names, [Pace.recorded, .times(10), .fast])
    func playsCleanly(_ name: String, _ pace: Pace) throws {
        for lineage in try Recordings.lineages(TestFiles.captures.appending(path: name)) {
            var network = MemoryNetwork(
                server: Patient(ReplayServer(lineage, ReplayServerSettings(pace: pace))),
                client: ReplayClient(lineage, ReplayClientSettings(pace: pace)))
            let run = DecodedRun()
            var witness = run
            let end = network.run(&witness)
            #expect(end == .finished || end == .quiet)
            let (client, server) = (network.client.outcome, network.server.role.outcome)
            #expect(server.divergences == [])
            #expect(server.waitedFor == nil)
            if !Self.faulty.contains(name) {
                #expect(client.divergences == [])
                #expect(client.waitedFor == nil)
                #expect(client.matched == client.expected)
                #expect(client.livesDone == client.lives)
            }
            #expect(client.lateness.maxNs == 0)
            let wrong = run.findings().filter { Misbehaviour(rawValue: $0) != nil && !Self.recorded.contains($0) }
            #expect(wrong == [], "what only a client can do wrong")
        }
    }

    @Test(
        "a misbehaving client fails on the recording of a healthy one, and on its own", arguments: ["js-acks", "flap"])
    func pinging(_ name: String) throws {
        let lineage = try Recordings.capture(name)
        var network = MemoryNetwork(
            server: Patient(ReplayServer(lineage, ReplayServerSettings(profile: .node))),
            client: ReplayClient(lineage, ReplayClientSettings(misbehaviour: .clientPing)))
        let run = DecodedRun()
        var witness = run
        _ = network.run(&witness)
        #expect(run.findings().contains("eio4-client-ping"))
    }
}
