import Testing
import TimelineModel

@Suite("Which end is the client")
struct ClientTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let clientPort: UInt16
        let serverPort: UInt16
        let evidence: ClientEvidence
        let make: @Sendable (inout Traffic, Traffic.Connection) -> Void
        /// False where ports are all there is, and they say the contrary.
        var isRight = true
        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        Case(name: "the SYN", clientPort: 80, serverPort: 50_000, evidence: .syn) { traffic, connection in
            traffic.syn(connection)
            traffic.send(connection, .client, Peer.get(Peer.polling))
        },
        Case(name: "the SYN of a server that speaks first", clientPort: 80, serverPort: 50_000, evidence: .syn) {
            traffic, connection in
            traffic.syn(connection)
            traffic.send(connection, .server, "220 ready\r\n")
        },
        Case(name: "a request", clientPort: 80, serverPort: 50_000, evidence: .http) { traffic, connection in
            traffic.send(connection, .client, Peer.get(Peer.polling))
        },
        Case(name: "an answer", clientPort: 80, serverPort: 50_000, evidence: .http) { traffic, connection in
            traffic.send(connection, .server, Peer.answer("200 OK", "6"))
        },
        Case(name: "a request, after what could be anything", clientPort: 80, serverPort: 50_000, evidence: .http) {
            traffic, connection in
            traffic.send(connection, .server, "the rest of an answer")
            traffic.send(connection, .client, Peer.get(Peer.polling))
        },
        Case(name: "ports", clientPort: 50_000, serverPort: 80, evidence: .port) { traffic, connection in
            traffic.text(connection, .server, "42[\"tick\",1]")
        },
        Case(
            name: "ports, which are wrong", clientPort: 80, serverPort: 50_000, evidence: .port,
            make: { traffic, connection in
                traffic.text(connection, .server, "42[\"tick\",1]")
            }, isRight: false),
        Case(name: "a mask is no sign", clientPort: 50_000, serverPort: 80, evidence: .port) { traffic, connection in
            traffic.send(connection, .server, Peer.text(.client, "42[\"tick\",1]"))
        },
    ]

    @Test("by", arguments: cases)
    func client(_ clientCase: Case) throws {
        var traffic = Traffic()
        let connection = traffic.connection(clientPort: clientCase.clientPort, serverPort: clientCase.serverPort)
        clientCase.make(&traffic, connection)
        let output = try traffic.decoded()
        let facts = try #require(output.connections.last)
        #expect(facts.clientKnownBy == clientCase.evidence)
        let ports = [Int(clientCase.clientPort), Int(clientCase.serverPort)]
        #expect([facts.clientPort, facts.serverPort] == (clientCase.isRight ? ports : ports.reversed()))
        #expect(facts.completeHead == (clientCase.evidence == .syn))
    }

    @Test("by the server's end, known from another connection")
    func endpoint() throws {
        var traffic = Traffic()
        let seen = traffic.open(clientPort: 40_000, serverPort: 50_000)
        traffic.exchange(seen, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
        let joined = traffic.connection(clientPort: 4_000, serverPort: 50_000)
        traffic.text(joined, .client, "42[\"tick\",1]")
        let output = try traffic.decoded()
        let facts = try #require(output.connections.last)
        #expect(facts.clientKnownBy == .endpoint)
        #expect(facts.clientPort == 4_000)
        #expect(output.frames.last?.sender == .client)
    }

    @Test("bytes, times and addresses of a connection")
    func facts() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        traffic.exchange(connection, Peer.get("/"), Peer.answer("200 OK", "hello"))
        traffic.fin(connection, .server)
        traffic.fin(connection, .client)
        let facts = try #require(try traffic.decoded().connections.last)
        #expect(facts.clientAddress == "10.0.0.1")
        #expect(facts.serverAddress == "10.0.0.2")
        #expect(facts.roundTripNs == 1_000_000)
        #expect(facts.bytesClient == Int64(Peer.get("/").utf8.count))
        #expect(facts.bytesServer == Int64(Peer.answer("200 OK", "hello").utf8.count))
        #expect(facts.missingBytes == 0)
        #expect(facts.closeKind == .fin)
        #expect(facts.closedBy == .server)
        #expect(facts.closed.map(Traffic.milliseconds) == 5)
        #expect(facts.application == .http)
    }
}
