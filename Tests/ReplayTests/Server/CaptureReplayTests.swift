import Replay
import TestSupport
import Testing
import TimelineModel

/// The bundled captures, played to their own clients.
@Suite struct CaptureReplayTests {
    static let healthy = [
        "js-default-upgrade", "js-acks", "js-namespaces", "js-binary-polling", "js-recovery", "js-connect-error",
        "eio3-v2-client", "py-py-aiohttp", "py-py-msgpack", "late-pong", "flap", "js-deflate", "mid-session",
        "odd-ws-fragments",
    ]
    static let paces: [Pace] = [.recorded, .times(10), .fast]

    @Test("a client that behaves passes at any pace", arguments: Self.healthy, Self.paces)
    func passes(capture: String, pace: Pace) throws {
        let lineage = try Recordings.capture(capture)
        var client = RedrivenClient(lineage, ReplayServerSettings(pace: pace))
        let outcome = client.run()
        #expect(outcome.isFaithful, "\(outcome.waitedFor ?? "") \(outcome.divergences) \(client.client.got)")
        #expect(outcome.matched == outcome.expected)
        #expect(outcome.expected > 0)
        #expect(outcome.lateness.maxNs <= 0)
    }

    @Test("the same replay is the same every time") func deterministic() throws {
        let lineage = try Recordings.capture("js-namespaces")
        var first = RedrivenClient(lineage)
        var second = RedrivenClient(lineage)
        #expect(first.run() == second.run())
        #expect(first.client.got == second.client.got)
        #expect(first.client.times == second.client.times)
    }

    @Test("a fixed client gets through the flapping recording: its recorded pings are not waited for") func fixed()
        throws
    {
        var client = RedrivenClient(try Recordings.capture("flap"))
        let outcome = client.run()
        #expect(outcome.isFaithful && outcome.waitedFor == nil)
        // The recorded close answered a ping that did not come.
        #expect(!client.client.got[0].contains("end close"))
        #expect(outcome.livesDone == 1)
    }

    @Test("a pinging client gets what it got: an empty close for every ping") func pinging() throws {
        var client = RedrivenClient(try Recordings.capture("flap"))
        client.pings = true
        let outcome = client.run()
        #expect(client.client.got.count == 5)
        for life in client.client.got.dropLast() { #expect(life.last == "end close") }
        #expect(outcome.livesDone == 5)
    }

    @Test("a sped-up replay still leaves time for a timer of the recorded length", arguments: [Pace.times(10), .fast])
    func timer(pace: Pace) throws {
        let lineage = try Recordings.capture("flap")
        var client = PlayedClient(lineage, ReplayServerSettings(pace: pace))
        client.connect()
        client.send("40/realtime,{\"token\":\"good\"}")
        for say in 1...3 {
            client.run(forMs: 10)
            client.send("42/realtime,[\"say\",{\"seq\":\(say),\"text\":\"hello\"}]")
        }
        client.run(until: 2500)
        #expect(!client.server.isFinished)
        client.send("2")
        #expect(client.last.last == "end close")
    }
}

/// More captures, which lie beside the repository where it is developed.
private let sharedCaptures = TestFiles.names(in: TestFiles.shared.appending(path: "captures"))

@Suite(
    "Replays of more captures",
    .enabled(if: !sharedCaptures.isEmpty, "../shared/captures is no part of the repository"))
struct SharedCaptureReplayTests {
    @Test("each client passes on its own recording", arguments: sharedCaptures, CaptureReplayTests.paces)
    func passes(capture: String, pace: Pace) throws {
        for lineage in try Recordings.lineages(TestFiles.shared.appending(path: "captures/\(capture)")) {
            var client = RedrivenClient(lineage, ReplayServerSettings(pace: pace))
            let outcome = client.run()
            #expect(outcome.isFaithful, "\(outcome.waitedFor ?? "") \(outcome.divergences)")
        }
    }

    @Test(
        "a client that does again what its server ended the session for fails",
        arguments: sharedCaptures.filter { Self.fatal.contains($0) }, CaptureReplayTests.paces)
    func fails(capture: String, pace: Pace) throws {
        for lineage in try Recordings.lineages(TestFiles.shared.appending(path: "captures/\(capture)")) {
            var client = RedrivenClient(lineage, ReplayServerSettings(pace: pace))
            client.isIll = true
            #expect(!client.run().isFaithful)
        }
    }

    private static let fatal: Set = [
        "bad-double-connect", "bad-event-before-connect", "bad-missing-attachment", "bad-never-connects",
        "bad-ping-in-polling", "bad-stray-binary", "bad-too-large", "bad-unknown-eio-type", "go-buggy-node",
    ]
}
