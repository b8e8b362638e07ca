import Decoding
import TimelineModel

/// Writes a pcap of hand-made TCP connections: raw IPv4, nanoseconds. A packet comes a millisecond after the last.
struct Traffic {
    /// One direction of a connection.
    private struct Stream {
        var next: UInt32
        /// What the other side has, and acknowledges.
        var received: UInt32
    }

    struct Connection {
        fileprivate let index: Int
    }

    /// Bytes that were sent and are not in the capture, or not yet.
    struct Missing {
        fileprivate let sequence: UInt32
        fileprivate let bytes: [UInt8]
    }

    private struct Ends {
        let client: (host: UInt8, port: UInt16)
        let server: (host: UInt8, port: UInt16)
    }

    /// Link type RAW, magic number of nanoseconds.
    private(set) var bytes: [UInt8]
    private var ends: [Ends] = []
    private var streams: [(client: Stream, server: Stream)] = []
    /// Milliseconds of the next packet.
    private(set) var now: Int64 = 0
    /// Ticks a second of the senders' TCP timestamps; nil for segments without the option.
    var ticksPerSecond: Int64?
    /// Milliseconds by which the client's and the server's clocks are behind the capture's.
    var clientBehind: Int64 = 0
    var serverBehind: Int64 = 0
    /// Larger sends are cut into segments of this size.
    var segmentBytes = 1448
    /// Milliseconds from a packet to the next.
    var betweenPackets: Int64 = 1
    /// So many bytes of a packet are captured; nil for all.
    var snapLength: Int?

    init() {
        self.bytes = []
        for value in [0xA1B2_3C4D, 0x0004_0002, 0, 0, 262_144, 101] as [UInt32] { self.little(value) }
    }

    /// What goes on behind the packets of another, in the same file.
    init(after other: Traffic) {
        self = other
        self.bytes = []
    }

    /// The capture's clock is set forward; those of the senders go on.
    mutating func stepClock(_ milliseconds: Int64) {
        self.now += milliseconds
        self.clientBehind += milliseconds
        self.serverBehind += milliseconds
    }

    mutating func wait(_ milliseconds: Int64) { self.now += milliseconds }

    mutating func connection(
        clientHost: UInt8 = 1, clientPort: UInt16 = 50_000, serverHost: UInt8 = 2, serverPort: UInt16 = 3000
    ) -> Connection {
        self.ends.append(Ends(client: (clientHost, clientPort), server: (serverHost, serverPort)))
        let start = UInt32(1000 * self.ends.count)
        self.streams.append((Stream(next: start, received: start), Stream(next: ~start, received: ~start)))
        return Connection(index: self.ends.count - 1)
    }

    /// A connection with its handshake.
    mutating func open(
        clientHost: UInt8 = 1, clientPort: UInt16 = 50_000, serverHost: UInt8 = 2, serverPort: UInt16 = 3000
    ) -> Connection {
        let connection = self.connection(
            clientHost: clientHost, clientPort: clientPort, serverHost: serverHost, serverPort: serverPort)
        self.syn(connection)
        self.advance(connection, .server, 1) { $0.packet(connection, .server, 0x12, []) }
        self.packet(connection, .client, 0x10, [])
        return connection
    }

    mutating func syn(_ connection: Connection) {
        self.advance(connection, .client, 1) { $0.packet(connection, .client, 0x02, []) }
    }

    mutating func send(_ connection: Connection, _ sender: Sender, _ bytes: [UInt8]) {
        for from in stride(from: 0, to: bytes.count, by: self.segmentBytes) {
            let segment = Array(bytes[from..<min(from + self.segmentBytes, bytes.count)])
            self.advance(connection, sender, segment.count) { $0.packet(connection, sender, 0x18, segment) }
        }
    }

    mutating func send(_ connection: Connection, _ sender: Sender, _ text: String) {
        self.send(connection, sender, Array(text.utf8))
    }

    /// Sent and not captured. With `arrives` the receiver has it, and acknowledges it.
    @discardableResult
    mutating func lose(_ connection: Connection, _ sender: Sender, _ bytes: [UInt8], arrives: Bool = true) -> Missing {
        let missing = Missing(sequence: self.stream(connection, sender).next, bytes: bytes)
        if arrives {
            self.advance(connection, sender, bytes.count) { _ in }
        } else {
            self.change(connection, sender) { $0.next &+= UInt32(bytes.count) }
        }
        return missing
    }

    /// Sent again.
    mutating func resend(_ connection: Connection, _ sender: Sender, _ missing: Missing) {
        self.packet(connection, sender, 0x18, missing.bytes, sequence: missing.sequence)
        self.change(connection, sender) { $0.received = $0.next }
    }

    mutating func acknowledge(_ connection: Connection, _ sender: Sender) { self.packet(connection, sender, 0x10, []) }

    mutating func fin(_ connection: Connection, _ sender: Sender) {
        self.advance(connection, sender, 1) { $0.packet(connection, sender, 0x11, []) }
    }

    mutating func reset(_ connection: Connection, _ sender: Sender) { self.packet(connection, sender, 0x14, []) }

    private mutating func advance(
        _ connection: Connection, _ sender: Sender, _ count: Int, _ write: (inout Traffic) -> Void
    ) {
        write(&self)
        self.change(connection, sender) { stream in
            // What is behind something that did not arrive is not acknowledged.
            if stream.received == stream.next { stream.received &+= UInt32(count) }
            stream.next &+= UInt32(count)
        }
    }

    private func stream(_ connection: Connection, _ sender: Sender) -> Stream {
        let both = self.streams[connection.index]
        return sender == .client ? both.client : both.server
    }

    private mutating func change(_ connection: Connection, _ sender: Sender, _ body: (inout Stream) -> Void) {
        if sender == .client {
            body(&self.streams[connection.index].client)
        } else {
            body(&self.streams[connection.index].server)
        }
    }

    private mutating func packet(
        _ connection: Connection, _ sender: Sender, _ flags: UInt8, _ payload: [UInt8], sequence: UInt32? = nil
    ) {
        let ends = self.ends[connection.index]
        let (from, to) = sender == .client ? (ends.client, ends.server) : (ends.server, ends.client)
        let options = self.timestamps(of: sender)
        let length = 40 + options.count + payload.count
        self.little(UInt32(1_700_000_000 + self.now / 1000))
        self.little(UInt32(self.now % 1000 * 1_000_000))
        let captured = min(length, self.snapLength ?? length)
        self.little(UInt32(captured))
        self.little(UInt32(length))
        self.bytes += [0x45, 0]
        self.big(UInt16(length))
        self.bytes += [0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, from.host, 10, 0, 0, to.host]
        self.big(from.port)
        self.big(to.port)
        self.big(sequence ?? self.stream(connection, sender).next)
        self.big(self.stream(connection, sender.other).received)
        self.bytes += [UInt8(5 + options.count / 4) << 4, flags, 0xFF, 0xFF, 0, 0, 0, 0]
        self.bytes += options + payload
        self.bytes.removeLast(length - captured)
        self.now += self.betweenPackets
    }

    /// The timestamps option of RFC 7323 behind two fillers. Clocks begin anywhere, and wrap.
    private func timestamps(of sender: Sender) -> [UInt8] {
        guard let ticksPerSecond = self.ticksPerSecond else { return [] }
        let behind = sender == .client ? self.clientBehind : self.serverBehind
        let start: Int64 = sender == .client ? 0xFFFF_F000 : 77
        let value = UInt32(truncatingIfNeeded: start + (self.now - behind) * ticksPerSecond / 1000)
        return [1, 1, 8, 10] + (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } + [0, 0, 0, 0]
    }

    private mutating func little(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { self.bytes += $0 } }
    private mutating func big<Number: FixedWidthInteger>(_ value: Number) {
        withUnsafeBytes(of: value.bigEndian) { self.bytes += $0 }
    }

    /// Milliseconds since the first packet.
    static func milliseconds(_ at: Timestamp) -> Int64 { at.nanoseconds / 1_000_000 - 1_700_000_000_000 }

    func decoded(limits: DecodingLimits = DecodingLimits()) throws -> DoorOutput {
        let output = try DoorOutput.run(
            CaptureDecoder(CaptureFacts(kind: .pcap, source: "test"), limits: limits), [self.bytes])
        AnomalyPlaces.check(output.anomalies)
        return output
    }
}

/// What HTTP and WebSocket peers send.
enum Peer {
    static func get(_ target: String, _ fields: String...) -> String { self.request("GET", target, fields, nil) }

    static func post(_ target: String, _ body: String, _ fields: String...) -> String {
        self.request("POST", target, fields, body)
    }

    static func request(_ method: String, _ target: String, _ fields: [String], _ body: String?) -> String {
        let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
        return (["\(method) \(target) HTTP/1.1", "Host: a"] + fields + length).joined(separator: "\r\n") + "\r\n\r\n"
            + (body ?? "")
    }

    static func answer(_ status: String, _ body: String, _ fields: String...) -> String {
        let length = ["Content-Length: \(body.utf8.count)"]
        return (["HTTP/1.1 \(status)"] + fields + length).joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    static func upgrade(_ target: String) -> String {
        self.get(target, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    }

    static func switching(_ fields: String...) -> String {
        (["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"] + fields).joined(
            separator: "\r\n")
            + "\r\n\r\n"
    }

    static func open(_ sid: String, upgrades: String = "") -> String {
        "0{\"sid\":\"\(sid)\",\"upgrades\":[\(upgrades)],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}"
    }

    /// A frame with one of the shorter lengths; the client's has a mask of zeros, which changes nothing.
    static func frame(_ sender: Sender, _ payload: [UInt8], opcode: UInt8 = 1, rsv1: Bool = false) -> [UInt8] {
        let mask: UInt8 = sender == .client ? 0x80 : 0
        let count = payload.count
        let length = count < 126 ? [mask | UInt8(count)] : [mask | 126, UInt8(count >> 8), UInt8(count & 255)]
        return [0x80 | (rsv1 ? 0x40 : 0) | opcode] + length + (sender == .client ? [0, 0, 0, 0] : []) + payload
    }

    static func text(_ sender: Sender, _ text: String) -> [UInt8] { self.frame(sender, Array(text.utf8)) }

    static let socketIO = "/socket.io/?EIO=4&transport=websocket"
    static let polling = "/socket.io/?EIO=4&transport=polling"
}

extension Traffic {
    mutating func text(_ connection: Connection, _ sender: Sender, _ text: String) {
        self.send(connection, sender, Peer.text(sender, text))
    }

    /// A request and its answer.
    mutating func exchange(_ connection: Connection, _ request: String, _ answer: String) {
        self.send(connection, .client, request)
        self.send(connection, .server, answer)
    }

    /// A connection with a Socket.IO session over WebSocket only.
    mutating func session(_ sid: String, clientPort: UInt16 = 50_000) -> Connection {
        let connection = self.open(clientPort: clientPort)
        self.exchange(connection, Peer.upgrade(Peer.socketIO), Peer.switching())
        self.text(connection, .server, Peer.open(sid))
        self.text(connection, .client, "40")
        self.text(connection, .server, "40{\"sid\":\"s\(sid)\"}")
        return connection
    }
}

extension Frame {
    /// Who, what, and the data; short enough for a table.
    var summary: String {
        var words = [self.sender == .client ? ">" : "<", self.transport == .polling ? "lp" : "ws"]
        words.append(self.engineIOType?.name ?? self.opcode.map { "opcode\($0)" } ?? "none")
        if let type = self.socketIOType { words.append(type.name) }
        if let namespace = self.namespace, namespace != "/" { words.append(namespace) }
        if let code = self.closeCode { words.append("\(code)") }
        if let payload = self.payload { words.append(payload) }
        if let binary = self.binary { words.append("\(binary)") }
        if self.flags != [] { words.append("(\(self.flags.text))") }
        return words.joined(separator: " ")
    }
}

extension DoorOutput {
    var lines: [String] { self.frames.map(\.summary) }
    var codes: [String] { self.anomalies.map(\.code.text) }

    /// The newest state of each exchange.
    var latestExchanges: [ExchangeFacts] {
        Dictionary(self.exchanges.map { ($0.id, $0) }) { $1 }.values.sorted { $0.id < $1.id }
    }
}
