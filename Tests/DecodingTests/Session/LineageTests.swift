import Testing
import TimelineModel

@Suite("Lineages")
struct LineageTests {
    /// Client by client the sids of its sessions, as the lineages group them.
    private func lineages(_ script: TrafficScript) throws -> [[String]] {
        let sessions = try DecodedCapture(script.capture).sessions
        let grouped = Dictionary(grouping: sessions, by: \.lineage)
        for (lineage, members) in grouped { #expect(members.first?.id == lineage) }
        return grouped.sorted { $0.key < $1.key }.map { $0.value.map { $0.sid ?? "?" } }
    }

    /// A short life: opened, closed by the server.
    private func flap(_ script: TrafficScript, _ sid: String, client: UInt8 = 1, agent: String = "test/1") {
        let connection = script.connect(client: client)
        connection.openWebSocket(sid, agent: agent)
        connection.text("2", .client)
        connection.close(.server)
        connection.fin(.server)
    }

    @Test("a client that comes back five times is one lineage")
    func flapping() throws {
        let script = TrafficScript()
        for sid in ["a", "b", "c", "d", "e"] {
            self.flap(script, sid)
            script.wait(ms: 1_000)
        }
        #expect(try self.lineages(script) == [["a", "b", "c", "d", "e"]])
    }

    @Test("two clients that flap together are told apart by how long they waited")
    func together() throws {
        let script = TrafficScript()
        var ends: [ScriptedConnection] = []
        for round in 1...3 {
            for connection in ends { connection.close(.server) }
            ends = ["a", "b"].map { client in
                let connection = script.connect()
                connection.openWebSocket("\(client)\(round)")
                return connection
            }
        }
        #expect(try self.lineages(script) == [["a1", "a2", "a3"], ["b1", "b2", "b3"]])
    }

    @Test("another user agent, another address: another client")
    func differentClients() throws {
        let script = TrafficScript()
        self.flap(script, "a", agent: "one")
        self.flap(script, "b", agent: "two")
        self.flap(script, "c", client: 2, agent: "one")
        self.flap(script, "d", agent: "one")
        #expect(try self.lineages(script) == [["a", "d"], ["b"], ["c"]])
    }

    @Test("a session that still runs is not gone on with")
    func parallel() throws {
        let script = TrafficScript()
        script.connect().openWebSocket("a")
        script.connect().openWebSocket("b")
        #expect(try self.lineages(script) == [["a"], ["b"]])
    }

    @Test("of ended ones the longest waiting is first, but not one that is long gone")
    func prompt() throws {
        let script = TrafficScript()
        script.connect().openWebSocket("running")
        let (old, new) = (script.connect(), script.connect())
        old.openWebSocket("old")
        new.openWebSocket("new")
        old.close(.server)
        script.wait(ms: 121_000)
        new.close(.server)
        self.flap(script, "back")
        self.flap(script, "again")
        #expect(try self.lineages(script) == [["running"], ["old"], ["new", "back", "again"]])
    }
}
