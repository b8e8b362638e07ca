import Decoding
import Testing
import TimelineModel

@Suite("Joining a WebSocket late, message by message")
struct JoinTests {
    /// Deflated with the window of earlier messages: "2", and a copy of what is not known.
    private static let deflatedPing: [UInt8] = [0x32, 0x02, 0x00]
    private static let refersBack: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
    private static let event = "42[\"tick\",1]"

    private static func deflated(_ sender: Sender, _ bytes: [UInt8]) -> [UInt8] {
        Peer.frame(sender, bytes, rsv1: true)
    }

    private static func binary(_ sender: Sender, _ count: Int) -> [UInt8] {
        Peer.frame(sender, (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }, opcode: 2)
    }

    @Test("small deflated messages alone make it known, from the first on")
    func deflated() throws {
        var traffic = Traffic()
        let connection = traffic.connection()
        for _ in 0..<5 {
            traffic.send(connection, .server, Self.deflated(.server, Self.refersBack))
            traffic.send(connection, .client, Self.deflated(.client, Self.refersBack))
        }
        traffic.send(connection, .server, Self.deflated(.server, Self.deflatedPing))
        let output = try traffic.decoded()
        #expect(output.frames.count == 11)
        #expect(output.connections.map(\.application) == [.websocket])
        #expect(output.connections.map(\.undecodedBytes) == [0])
        #expect(output.sessions.count == 1)
    }

    @Test("short binary messages of both ends make it known together; of one end alone they do not")
    func binary() throws {
        for both in [true, false] {
            var traffic = Traffic()
            let connection = traffic.connection()
            traffic.send(connection, .server, [1, 2, 3, 4, 5])
            for index in 0..<4 {
                traffic.send(connection, .server, Self.binary(.server, 9 + index))
                if both { traffic.send(connection, .client, Self.binary(.client, 5 + index)) }
            }
            let output = try traffic.decoded()
            #expect(output.connections.map(\.application) == [both ? .websocket : .unknown])
            #expect(output.frames.count == (both ? 8 : 0))
            #expect(output.frames.map(\.sender) == (both ? (0..<8).map { $0 % 2 == 0 ? .server : .client } : []))
            #expect(output.connections.map(\.undecodedBytes) == [both ? 5 : 0])
            #expect(output.codes == (both ? ["websocket.undecoded-bytes"] : []))
        }
    }

    @Test("messages wait for what they are within limits; those behind that have no session")
    func undecided() throws {
        for (change, count) in [
            ({ (limits: inout DecodingLimits) in limits.undecidedBytes = 3_000 }, 16),
            ({ (limits: inout DecodingLimits) in limits.undecidedNs = 9_000_000 }, 11),
        ] {
            var traffic = Traffic()
            let connection = traffic.connection()
            for index in 0..<20 { traffic.send(connection, .server, Self.binary(.server, 126 + index)) }
            traffic.text(connection, .server, Self.event)
            var limits = DecodingLimits()
            change(&limits)
            let output = try traffic.decoded(limits: limits)
            #expect(output.frames.count == 21)
            #expect(output.frames.filter { $0.sessionID == nil }.count == count)
            #expect(output.codes.contains("websocket.undecided-messages"))
            #expect(output.frames.map(\.at) == output.frames.map(\.at).sorted())
        }
    }

    @Test("what is passed over before the first frame is told, however much that is")
    func passedOver() throws {
        var traffic = Traffic()
        let connection = traffic.connection()
        // The rest of a large message.
        for _ in 0..<100 { traffic.send(connection, .server, [UInt8](repeating: 0xF7, count: 1448)) }
        for _ in 0..<3 { traffic.text(connection, .server, Self.event) }
        let output = try traffic.decoded()
        #expect(output.frames.count == 3)
        #expect(output.connections.map(\.undecodedBytes) == [144_800])
        #expect(output.codes == ["websocket.undecoded-bytes"])
    }

    @Test("another protocol is no WebSocket, and nothing of it counts as not decoded")
    func others() throws {
        var traffic = Traffic()
        let dns = traffic.connection(clientPort: 50_001)
        let mqtt = traffic.connection(clientPort: 50_002)
        let kafka = traffic.connection(clientPort: 50_003)
        for index in 0..<200 {
            let data = (0..<(20 + index % 60)).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ index) }
            traffic.send(dns, index % 2 == 0 ? .client : .server, [0, UInt8(data.count)] + data)
            traffic.send(mqtt, .client, [0x82, UInt8(data.count)] + data)
            traffic.send(mqtt, .server, [0x90, 3, UInt8(index & 127), 0, 1])
            traffic.send(kafka, index % 2 == 0 ? .client : .server, [0, 0, 0, UInt8(data.count)] + data)
        }
        let output = try traffic.decoded()
        #expect(output.frames.isEmpty)
        #expect(output.codes.isEmpty)
        #expect(output.connections.map(\.application) == [.unknown, .unknown, .unknown])
        #expect(output.connections.map(\.undecodedBytes) == [0, 0, 0])
    }

    @Test("frames of other connections come behind those that waited for a proof")
    func order() throws {
        var traffic = Traffic()
        let joined = traffic.connection(clientPort: 50_001)
        let whole = traffic.session("a")
        for index in 0..<4 {
            traffic.send(joined, .server, Self.binary(.server, 9 + index))
            traffic.text(whole, .server, Self.event)
            traffic.send(joined, .client, Self.binary(.client, 5 + index))
        }
        let output = try traffic.decoded()
        #expect(output.frames.count == 3 + 12)
        #expect(output.frames.map(\.at) == output.frames.map(\.at).sorted())
    }

    @Test("the same at any cuts of the file, and by the door of streams from a gap on")
    func doors() throws {
        var traffic = Traffic()
        let connection = traffic.connection()
        for index in 0..<4 {
            traffic.send(connection, .server, Self.binary(.server, 9 + index))
            traffic.send(connection, .client, Self.deflated(.client, Self.refersBack))
        }
        let whole = try traffic.decoded()
        let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: "test"))
        let pieces = stride(from: 0, to: traffic.bytes.count, by: 1).map { [traffic.bytes[$0]] }
        #expect(try DoorOutput.run(decoder, pieces).lines == whole.lines)

        let streams = StreamDecoder(CaptureFacts(kind: .proxy, source: "test"))
        var frames: [Frame] = []
        let id = streams.open(
            ConnectionOpening(clientAddress: "a", clientPort: 1, serverAddress: "b", serverPort: 2, at: .zero))
        streams.gap(id, 100, from: .server, at: .zero)
        for index in 0..<4 {
            let server = Self.binary(.server, 9 + index)
            let client = Self.deflated(.client, Self.refersBack)
            streams.receive(id, server.span, from: .server, at: Timestamp(nanoseconds: Int64(2 * index + 1)))
            streams.receive(id, client.span, from: .client, at: Timestamp(nanoseconds: Int64(2 * index + 2)))
        }
        streams.finish { frames += $0.frames }
        #expect(frames.map(\.summary) == whole.lines)
        #expect(frames.map { $0.at.nanoseconds } == Array(1...8))
    }
}
