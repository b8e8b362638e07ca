import EngineIO
import Replay
import Testing
import TimelineModel

@Suite("Runs in memory")
struct MemoryNetworkTests {
    @Test("a day of heartbeats passes, at its own clock, and is judged healthy")
    func day() throws {
        let pings = 24 * 3_600 / 25
        var network = MemoryNetwork(
            server: ScriptedServer.heartbeat(intervalMs: 25_000, pings: pings), client: ScriptedClient.answering())
        let run = DecodedRun()
        var witness = run
        #expect(network.run(&witness) == .finished)
        #expect(network.server.heard.filter { $0 == .message(.text("3"), on: 0) }.count == pings)
        #expect(network.now.nanoseconds(since: MemoryNetworkSettings.beginning) > 86_400_000_000_000)
        #expect(run.findings() == ["ws-close-empty"], "a note of how it ended, and nothing else")
        let session = try #require(run.sessions.first)
        #expect(run.sessions.count == 1)
        #expect(session.endClass == .webSocketClose)
        #expect(session.endedBy == .server)
        #expect(session.closeCode == nil)
    }

    @Test("two runs are alike to the byte")
    func alike() {
        func bytes() -> [String] {
            var network = MemoryNetwork(
                server: ScriptedServer.heartbeat(intervalMs: 25_000, pings: 50),
                client: ScriptedClient.answering(pingsItself: true))
            var witness = WrittenWitness()
            _ = network.run(&witness)
            return witness.lines
        }
        let first = bytes()
        #expect(first.count > 1_000)
        #expect(first == bytes())
    }

    @Test("a client's own pings are found on its wire")
    func pinging() {
        var network = MemoryNetwork(
            server: ScriptedServer.heartbeat(intervalMs: 25_000, pings: 3),
            client: ScriptedClient.answering(pingsItself: true))
        let run = DecodedRun()
        var witness = run
        #expect(network.run(&witness) == .finished)
        #expect(run.findings().contains("eio4-client-ping"))
    }

    // MARK: Ends

    struct EndCase: Sendable, CustomTestStringConvertible {
        let name: String
        let end: ConnectionEnd
        /// Events of either role that tell of it, as `heard` has them.
        let server: [ServerEvent]
        let client: [ClientEvent]
        let endClass: EndClass
        let code: UInt16?
        var testDescription: String { self.name }
    }

    static let serverEnds = [
        EndCase(
            name: "empty close", end: .webSocketClose(code: nil, reason: ""),
            server: [.control(.close(code: nil, reason: ""), on: 0), .closed(on: 0, wasReset: false)],
            client: [.control(.close(code: nil, reason: ""), on: 0), .closed(on: 0, wasReset: false)],
            endClass: .webSocketClose, code: nil),
        EndCase(
            name: "close with a code", end: .webSocketClose(code: 1008, reason: "no"),
            server: [.control(.close(code: 1008, reason: ""), on: 0), .closed(on: 0, wasReset: false)],
            client: [.control(.close(code: 1008, reason: "no"), on: 0), .closed(on: 0, wasReset: false)],
            endClass: .webSocketClose, code: 1008),
        EndCase(
            name: "FIN only", end: .fin, server: [.closed(on: 0, wasReset: false)],
            client: [.closed(on: 0, wasReset: false)], endClass: .fin, code: nil),
        EndCase(
            name: "RST", end: .reset, server: [.closed(on: 0, wasReset: false)],
            client: [.closed(on: 0, wasReset: true)], endClass: .rst, code: nil),
    ]

    @Test("the server ends a WebSocket", arguments: serverEnds)
    func serverEnd(_ test: EndCase) throws {
        var ending = ScriptedServer { server, event, _ in
            switch event {
            case .request(_, let connection):
                return [.acceptWebSocket(on: connection, deflate: false), .send(.text(Self.open), on: connection)]
            case .message(.text("40"), let connection): return [.end(test.end, on: connection)]
            case .closed:
                server.isFinished = true
                return []
            default: return []
            }
        }
        ending.deadline = nil
        var network = MemoryNetwork(server: ending, client: ScriptedClient.answering())
        let run = DecodedRun()
        var witness = run
        #expect(network.run(&witness) == .finished)
        #expect(Array(network.server.heard.suffix(test.server.count)) == test.server)
        #expect(Array(network.client.heard.suffix(test.client.count)) == test.client)
        _ = run.findings()
        let session = try #require(run.sessions.first)
        #expect(session.endClass == test.endClass)
        #expect(session.endedBy == .server)
        #expect(session.closeCode == test.code)
    }

    static let clientEnds = [
        EndCase(
            name: "empty close", end: .webSocketClose(code: nil, reason: ""),
            server: [.control(.close(code: nil, reason: ""), on: 0), .closed(on: 0, wasReset: false)],
            client: [.control(.close(code: nil, reason: ""), on: 0), .closed(on: 0, wasReset: false)],
            endClass: .webSocketClose, code: nil),
        EndCase(
            name: "FIN only", end: .fin, server: [.closed(on: 0, wasReset: false)],
            client: [.closed(on: 0, wasReset: false)], endClass: .fin, code: nil),
        EndCase(
            name: "RST", end: .reset, server: [.closed(on: 0, wasReset: true)],
            client: [.closed(on: 0, wasReset: false)], endClass: .rst, code: nil),
    ]

    @Test("the client ends a WebSocket", arguments: clientEnds)
    func clientEnd(_ test: EndCase) throws {
        let client = ScriptedClient { client, event, _ in
            switch event {
            case .begin: return [.openWebSocket(target: ScriptedClient.target, headers: [], as: 0)]
            case .message: return [.end(test.end, on: 0)]
            case .closed:
                client.isFinished = true
                return []
            default: return []
            }
        }
        var network = MemoryNetwork(server: ScriptedServer.heartbeat(intervalMs: 25_000, pings: 1), client: client)
        let run = DecodedRun()
        var witness = run
        #expect(network.run(&witness) == .finished)
        #expect(network.server.heard.filter { $0 != .clientGone }.suffix(test.server.count) == test.server[...])
        #expect(Array(network.client.heard.suffix(test.client.count)) == test.client)
        _ = run.findings()
        let session = try #require(run.sessions.first)
        #expect(session.endClass == test.endClass)
        #expect(session.endedBy == .client)
    }

    static let open =
        #"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#

    // MARK: What no well-behaved server sends

    struct RawCase: Sendable, CustomTestStringConvertible {
        let name: String
        let actions: [ServerAction]
        /// Messages that the client hears behind the open packet.
        let messages: [EngineIOPacket.Content]
        /// What the client closes with; nil where it goes on.
        let code: UInt16?
        var testDescription: String { self.name }
    }

    static let raw = [
        RawCase(
            name: "fragments with pings between them",
            actions: [.sendFragmented(.text("4hällo"), pieces: 4, pings: true, on: 0)], messages: [.text("4hällo")],
            code: nil),
        RawCase(
            name: "a message in two raw parts", actions: [.sendRaw([0x81], on: 0), .sendRaw([1, 0x36], on: 0)],
            messages: [.text("6")], code: nil),
        RawCase(
            name: "a masked frame", actions: [.sendRaw([0x81, 0x81, 0, 0, 0, 0, 0x36], on: 0)], messages: [], code: 1002
        ),
        RawCase(name: "a reserved bit", actions: [.sendRaw([0xC1, 1, 0x36], on: 0)], messages: [], code: 1002),
        RawCase(name: "a reserved type", actions: [.sendRaw([0x83, 0], on: 0)], messages: [], code: 1002),
        RawCase(name: "no UTF-8", actions: [.sendRaw([0x81, 1, 0xFF], on: 0)], messages: [], code: 1007),
        RawCase(
            name: "a length of 2^63", actions: [.sendRaw([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], on: 0)], messages: [],
            code: 1009),
        RawCase(
            name: "HTTP in the WebSocket", actions: [.sendRaw(Array("HTTP/1.1 500\r\n".utf8), on: 0)], messages: [],
            code: 1002),
    ]

    @Test("raw bytes of a server are read as an endpoint does", arguments: raw)
    func rawBytes(_ test: RawCase) {
        let server = ScriptedServer { server, event, _ in
            switch event {
            case .request(_, let connection):
                return [.acceptWebSocket(on: connection, deflate: false), .send(.text(Self.open), on: connection)]
            case .message(.text("40"), _): return test.actions
            case .clientGone:
                server.isFinished = true
                return []
            default: return []
            }
        }
        var network = MemoryNetwork(server: server, client: ScriptedClient.answering())
        var witness = BlindWitness()
        #expect(network.run(&witness) == .finished)
        let messages = network.client.heard.compactMap { event -> EngineIOPacket.Content? in
            if case .message(let content, _) = event { content } else { nil }
        }
        #expect(messages.dropFirst() == test.messages[...])
        let code = network.server.heard.compactMap { event -> UInt16? in
            if case .control(.close(let code, _), _) = event { code } else { nil }
        }.first
        #expect(code == test.code)
        #expect(network.client.heard.contains(.closed(on: 0, wasReset: false)) == (test.code != nil))
    }

    // MARK: HTTP

    @Test("requests share connections, one at a time on each, and bring cookies back")
    func requests() {
        let client = ScriptedClient { client, event, _ in
            switch event {
            case .begin:
                return [.request(HTTPRequest(method: "GET", target: "/a?x"), as: 0)]
            case .response(_, to: 0):
                return [
                    .request(HTTPRequest(method: "GET", target: "/a?y"), as: 1),
                    .request(HTTPRequest(method: "POST", target: "/b", body: [1]), as: 2),
                ]
            case .response(_, to: 2):
                return [.abort(1), .openWebSocket(target: "/c", headers: [], as: 0)]
            case .webSocketRefused:
                client.isFinished = true
                return []
            default: return []
            }
        }
        let server = ScriptedServer { server, event, _ in
            switch event {
            case .request(let request, let connection):
                switch request.target {
                case "/a?x":
                    return [
                        .respond(
                            HTTPResponse(status: 200, headers: [HTTPField("set-cookie", "io=7; Path=/; HttpOnly")]),
                            on: connection)
                    ]
                case "/a?y": return []
                case "/b": return [.respond(HTTPResponse(status: 200, body: [2]), on: connection)]
                default: return [.respond(HTTPResponse(status: 403), on: connection)]
                }
            case .clientGone:
                server.isFinished = true
                return []
            default: return []
            }
        }
        var network = MemoryNetwork(server: server, client: client)
        var witness = BlindWitness()
        #expect(network.run(&witness) == .finished)
        let asked = network.server.heard.compactMap { event -> String? in
            guard case .request(let request, let connection) = event else { return nil }
            return "\(connection) \(request.method) \(request.target) \(request.header("Cookie") ?? "-")"
        }
        #expect(asked == ["0 GET /a?x -", "0 GET /a?y io=7", "1 POST /b io=7", "2 GET /c io=7"])
        #expect(network.server.heard.contains(.closed(on: 0, wasReset: false)), "the request was aborted")
        #expect(!network.client.heard.contains { if case .requestFailed = $0 { true } else { false } })
        #expect(network.client.heard.last == .webSocketRefused(HTTPResponse(status: 403), reason: "status 403", 0))
    }

    @Test("a server that hangs up on a request fails it", arguments: [ConnectionEnd.fin, .reset])
    func hungUp(_ end: ConnectionEnd) {
        let client = ScriptedClient { client, event, _ in
            if case .begin = event { return [.request(HTTPRequest(method: "GET", target: "/"), as: 5)] }
            client.isFinished = true
            return []
        }
        let server = ScriptedServer { server, event, _ in
            if case .request(_, let connection) = event { return [.end(end, on: connection)] }
            server.isFinished = event == .clientGone
            return []
        }
        var network = MemoryNetwork(server: server, client: client)
        var witness = BlindWitness()
        #expect(network.run(&witness) == .finished)
        guard case .requestFailed(_, to: 5)? = network.client.heard.last else {
            Issue.record("\(network.client.heard)")
            return
        }
    }

    // MARK: Ends of a run

    @Test("a role that lets time stand still ends the run")
    func stuck() {
        let client = ScriptedClient { client, _, now in
            client.deadline = now
            return []
        }
        var network = MemoryNetwork(server: ScriptedServer { _, _, _ in [] }, client: client)
        var witness = BlindWitness()
        #expect(network.run(&witness) == .stuck)
    }

    @Test("a run ends at its limit")
    func limit() {
        let client = ScriptedClient { client, _, now in
            client.deadline = now.advanced(byNs: 1_000_000_000)
            return []
        }
        var network = MemoryNetwork(
            server: ScriptedServer { _, _, _ in [] }, client: client, MemoryNetworkSettings(limitNs: 60_000_000_000))
        var witness = BlindWitness()
        #expect(network.run(&witness) == .limit)
    }

    @Test("a server that waits for a client that never comes is told so, once")
    func quiet() {
        var network = MemoryNetwork(server: ScriptedServer { _, _, _ in [] }, client: ScriptedClient { _, _, _ in [] })
        var witness = BlindWitness()
        #expect(network.run(&witness) == .quiet)
        #expect(network.server.heard == [.clientGone])
    }

    @Test("auth is what the settings say")
    func auth() {
        let client = ScriptedClient { client, event, _ in
            if case .begin = event { return [.fetchAuth(namespace: "/a", recorded: "{}", as: 3)] }
            client.isFinished = true
            return []
        }
        let settings = MemoryNetworkSettings(auth: { namespace, recorded in "\(namespace) \(recorded ?? "-")" })
        var network = MemoryNetwork(
            server: ScriptedServer { server, _, _ in
                server.isFinished = true
                return []
            }, client: client, settings)
        var witness = BlindWitness()
        #expect(network.run(&witness) == .finished)
        #expect(network.client.heard.last == .auth("/a {}", for: 3))
    }
}

/// Each call as a line.
struct WrittenWitness: MemoryWitness {
    var lines: [String] = []

    mutating func opened(_ connection: Int, at: Timestamp) {
        self.lines.append("\(at.nanoseconds) \(connection) opened")
    }

    mutating func bytes(_ bytes: [UInt8], of connection: Int, from sender: Sender, at: Timestamp) {
        self.lines.append("\(at.nanoseconds) \(connection) \(sender) \(bytes)")
    }

    mutating func ended(_ connection: Int, by sender: Sender, at: Timestamp) {
        self.lines.append("\(at.nanoseconds) \(connection) \(sender) FIN")
    }

    mutating func reset(_ connection: Int, by sender: Sender, at: Timestamp) {
        self.lines.append("\(at.nanoseconds) \(connection) \(sender) RST")
    }
}
