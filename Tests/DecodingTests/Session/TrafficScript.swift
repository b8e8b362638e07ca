import TimelineModel

/// Writes a capture of a made-up conversation, as pcap with bare IP packets. Every packet takes a millisecond.
final class TrafficScript {
    private(set) var capture: [UInt8]
    /// Nanoseconds since the epoch.
    private(set) var now: Int64 = 1_700_000_000_000_000_000
    private var nextPort: UInt16 = 40_000

    init() {
        // Nanosecond magic, version 2.4, link type 101.
        self.capture =
            Self.little(0xA1B2_3C4D) + [2, 0, 4, 0] + Self.little(0) + Self.little(0) + Self.little(262_144)
            + Self.little(101)
    }

    func wait(ms: Int64) { self.now += ms * 1_000_000 }

    /// A TCP connection to port 3000; without its handshake where it is `midStream`.
    func connect(client: UInt8 = 1, midStream: Bool = false) -> ScriptedConnection {
        self.nextPort += 1
        let connection = ScriptedConnection(self, client: client, port: self.nextPort)
        if !midStream { connection.handshake() }
        return connection
    }

    fileprivate func add(_ packet: [UInt8]) {
        self.wait(ms: 1)
        self.capture += Self.little(UInt32(self.now / 1_000_000_000)) + Self.little(UInt32(self.now % 1_000_000_000))
        self.capture += Self.little(UInt32(packet.count)) + Self.little(UInt32(packet.count)) + packet
    }

    private static func little(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

final class ScriptedConnection {
    private let script: TrafficScript
    private let client: UInt8
    private let port: UInt16
    private var clientSequence: UInt32 = 1_000
    private var serverSequence: UInt32 = 9_000
    /// The next packet is sent, and not in the capture.
    private var isLosing = false

    fileprivate init(_ script: TrafficScript, client: UInt8, port: UInt16) {
        self.script = script
        self.client = client
        self.port = port
    }

    // MARK: TCP

    fileprivate func handshake() {
        self.packet(.client, flags: 0x02)
        self.packet(.server, flags: 0x12)
        self.packet(.client, flags: 0x10)
    }

    func send(_ bytes: [UInt8], _ sender: Sender) { self.packet(sender, flags: 0x18, bytes) }
    func fin(_ sender: Sender) { self.packet(sender, flags: 0x11) }
    func reset(_ sender: Sender) { self.packet(sender, flags: 0x04) }

    /// What `body` sends gets lost on the way to the tap.
    func losing(_ body: (ScriptedConnection) -> Void) {
        self.isLosing = true
        body(self)
        self.isLosing = false
    }

    private func packet(_ sender: Sender, flags: UInt8, _ payload: [UInt8] = []) {
        let isClient = sender == .client
        let sequence = isClient ? self.clientSequence : self.serverSequence
        let other = isClient ? self.serverSequence : self.clientSequence
        let clientEnd: [UInt8] = [10, 0, 0, self.client]
        let serverEnd: [UInt8] = [10, 0, 0, 200]
        let ports = isClient ? [self.port, 3_000] : [3_000, self.port]
        let tcp: [UInt8] =
            Self.big(UInt32(ports[0]) << 16 | UInt32(ports[1])) + Self.big(sequence)
            + Self.big(flags == 0x02 ? 0 : other)
            + [0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0] + payload
        let length = 20 + tcp.count
        let head: [UInt8] = [0x45, 0, UInt8(length >> 8), UInt8(length & 0xFF), 0, 0, 0x40, 0, 64, 6, 0, 0]
        let taken = UInt32(payload.count) + (flags & 0x03 == 0 ? 0 : 1)
        if isClient { self.clientSequence &+= taken } else { self.serverSequence &+= taken }
        if self.isLosing { return self.script.wait(ms: 1) }
        self.script.add(head + (isClient ? clientEnd + serverEnd : serverEnd + clientEnd) + tcp)
    }

    private static func big(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    // MARK: HTTP

    func request(
        _ method: String, _ target: String, body: String = "", agent: String = "test/1", headers: [String] = []
    ) {
        let lines =
            ["\(method) \(target) HTTP/1.1", "Host: h", "User-Agent: \(agent)"] + headers
            + (body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]) + ["", body]
        self.send(Array(lines.joined(separator: "\r\n").utf8), .client)
    }

    func answer(_ status: Int = 200, _ body: String = "ok") {
        self.send(
            Array(
                "HTTP/1.1 \(status) X\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    .utf8), .server)
    }

    /// A poll and its answer.
    func poll(_ sid: String, _ body: String, status: Int = 200) {
        self.request("GET", Self.target("polling", sid))
        self.answer(status, body)
    }

    /// A POST and its answer.
    func post(_ sid: String, _ body: String, status: Int = 200) {
        self.request("POST", Self.target("polling", sid), body: body)
        self.answer(status, status == 200 ? "ok" : #"{"code":1,"message":"Session ID unknown"}"#)
    }

    static func target(_ transport: String, _ sid: String? = nil, path: String = "/socket.io/", version: Int = 4)
        -> String
    {
        "\(path)?EIO=\(version)&transport=\(transport)" + (sid.map { "&sid=\($0)" } ?? "")
    }

    static func open(_ sid: String, upgrades: String = "") -> String {
        #"0{"sid":"\#(sid)","upgrades":[\#(upgrades)],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}"#
    }

    /// A session that begins by polling.
    func openPolling(_ sid: String, agent: String = "test/1") {
        self.request("GET", Self.target("polling"), agent: agent)
        self.answer(200, Self.open(sid, upgrades: #""websocket""#))
    }

    // MARK: WebSocket

    /// A session that begins on a WebSocket.
    func openWebSocket(_ sid: String, agent: String = "test/1", path: String = "/socket.io/", version: Int = 4) {
        self.upgrade(Self.target("websocket", path: path, version: version), agent: agent)
        self.text(Self.open(sid), .server)
    }

    func upgrade(_ target: String, agent: String = "test/1") {
        self.request(
            "GET", target, agent: agent, headers: ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x"])
        self.send(
            Array(
                "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\n".utf8),
            .server)
    }

    func text(_ text: String, _ sender: Sender) { self.frame(1, Array(text.utf8), sender) }
    func binary(_ bytes: [UInt8], _ sender: Sender) { self.frame(2, bytes, sender) }

    /// A close frame; with an empty body where there is no code.
    func close(_ sender: Sender, code: UInt16? = nil) {
        self.frame(8, code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } ?? [], sender)
    }

    /// A frame of at most 65 535 bytes, masked where the client sends it.
    private func frame(_ opcode: UInt8, _ payload: [UInt8], _ sender: Sender) {
        let mask: [UInt8] = [0x11, 0x22, 0x33, 0x44]
        let isClient = sender == .client
        let bit: UInt8 = isClient ? 0x80 : 0
        let length: [UInt8] =
            payload.count < 126
            ? [bit | UInt8(payload.count)] : [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        let data = isClient ? mask + payload.enumerated().map { $0.element ^ mask[$0.offset % 4] } : payload
        self.send([0x80 | opcode] + length + data, sender)
    }
}
