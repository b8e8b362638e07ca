import Decoding
import Testing
import TimelineModel

@Suite("Attachments in sessions")
struct AttachmentTests {
    private static let two = #"452-["up",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#

    private func decode(_ limits: DecodingLimits = DecodingLimits(), _ play: (ScriptedConnection) -> Void) throws
        -> DecodedCapture
    {
        let script = TrafficScript()
        let socket = script.connect()
        socket.openWebSocket("s")
        socket.text("40", .client)
        play(socket)
        return try DecodedCapture(script.capture, limits: limits)
    }

    private func attachments(_ decoded: DecodedCapture) -> [String] {
        decoded.frames.filter { $0.opcode == 2 || $0.binary != nil }.map(line)
    }

    @Test("over polling, in the header's payload and in the next one")
    func polling() throws {
        let script = TrafficScript()
        let (get, post) = (script.connect(), script.connect())
        get.openPolling("s")
        post.post("s", "40\u{1E}\(Self.two)\u{1E}bAQ==")
        post.post("s", "bAgM=\u{1E}42[\"next\"]")
        let decoded = try DecodedCapture(script.capture)
        #expect(self.attachments(decoded) == ["C attachment / up n=0 <01>", "C attachment / up n=1 <0203>"])
        #expect(decoded.anomalies.isEmpty)
        #expect(decoded.frames.filter { $0.socketIOType == .attachment }.map(\.sizeBytes) == [1, 2])
    }

    @Test("across the upgrade: the header by polling, the bytes on the WebSocket")
    func acrossUpgrade() throws {
        let script = TrafficScript()
        let (get, post, socket) = (script.connect(), script.connect(), script.connect())
        get.openPolling("s")
        post.post("s", "40")
        socket.upgrade(ScriptedConnection.target("websocket", "s"))
        socket.text("2probe", .client)
        socket.text("3probe", .server)
        post.post("s", Self.two + "\u{1E}bAQ==")
        socket.text("5", .client)
        socket.binary([2], .client)
        let decoded = try DecodedCapture(script.capture)
        #expect(self.attachments(decoded) == ["C attachment / up n=0 <01>", "C attachment / up n=1 <02>"])
        #expect(decoded.anomalies.isEmpty)
    }

    @Test("both ends' attachments at once; heartbeats come between")
    func bothEnds() throws {
        let decoded = try self.decode { socket in
            socket.text(Self.two, .client)
            socket.text(#"461-5[{"_placeholder":true,"num":0}]"#, .server)
            socket.binary([1], .client)
            socket.text("2", .server)
            socket.text("3", .client)
            socket.binary([9], .server)
            socket.binary([2], .client)
        }
        #expect(
            self.attachments(decoded) == [
                "C attachment / up n=0 <01>", "S attachment / #5 n=0 <09>", "C attachment / up n=1 <02>",
            ])
        #expect(decoded.anomalies.isEmpty)
    }

    @Test("another packet between header and attachments is told once; they are joined all the same")
    func interleaved() throws {
        let decoded = try self.decode { socket in
            socket.text(Self.two, .client)
            socket.text("42[\"a\"]", .client)
            socket.text("42[\"b\"]", .client)
            socket.binary([1], .client)
            socket.text("42[\"c\"]", .client)
            socket.binary([2], .client)
            socket.binary([3], .client)
        }
        #expect(
            self.attachments(decoded) == ["C attachment / up n=0 <01>", "C attachment / up n=1 <02>", "C message <03>"])
        #expect(decoded.codes == ["socketio.attachment-interleaved", "socketio.orphan-attachment"])
    }

    @Test("an attachment too large to keep still takes its number")
    func tooLarge() throws {
        var limits = DecodingLimits()
        limits.messageBytes = 1_000
        let decoded = try self.decode(limits) { socket in
            socket.text(Self.two, .client)
            socket.binary([UInt8](repeating: 7, count: 2_000), .client)
            socket.binary([2], .client)
            socket.text("42[\"next\"]", .client)
        }
        #expect(self.attachments(decoded) == ["C attachment / up n=0", "C attachment / up n=1 <02>"])
        #expect(decoded.codes.filter { !$0.hasPrefix("websocket.") }.isEmpty)
        #expect(decoded.codes.contains("websocket.unreadable-message"))
        #expect(decoded.frames.last.map(line) == "C event / next [\"next\"]")
    }

    @Test("after a gap nothing is joined to a header from before it")
    func gap() throws {
        let decoded = try self.decode { socket in
            socket.text(Self.two, .client)
            socket.losing { $0.binary([1], .client) }
            socket.binary([2], .client)
            socket.text("2", .server)
            for _ in 0..<3 { socket.text("42[\"next\"]", .client) }
            socket.text("2", .server)
        }
        #expect(decoded.frames.allSatisfy { $0.socketIOType != .attachment })
        #expect(decoded.sessions.first?.holes == 1)
        #expect(decoded.codes.contains("tcp.gap"))
        #expect(!decoded.codes.contains("socketio.attachment-interleaved"))
        #expect(!decoded.codes.contains("socketio.orphan-attachment"))
        #expect(decoded.frames.filter { $0.event == "next" }.count == 3)
    }
}
