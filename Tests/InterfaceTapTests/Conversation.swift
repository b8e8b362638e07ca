import Glibc

/// A client and a server on loopback that say given bytes in turn, each after the other's have arrived.
struct Conversation {
    struct Failure: Error {
        var what: String
        var number = errno
    }

    enum Turn {
        case client([UInt8])
        case server([UInt8])
    }

    /// An Engine.IO session over a WebSocket with Socket.IO in it: a handshake, events both ways, an ack, a binary
    /// event, a heartbeat, and a close by the client.
    static func session(sid: String, events: Int = 3, size: Int = 20) -> [Turn] {
        var turns: [Turn] = [
            .client(
                Array(
                    ("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                        + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").utf8)),
            .server(
                Array(
                    ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n").utf8)),
            .server(
                Self.frame(
                    #"0{"sid":"\#(sid)","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#)),
            .client(Self.frame("40", isMasked: true)),
            .server(Self.frame(#"40{"sid":"n-\#(sid)"}"#)),
        ]
        for number in 0..<events {
            let text = String(repeating: "x", count: size)
            turns.append(.client(Self.frame(#"42\#(number)["ask","\#(text)"]"#, isMasked: true)))
            turns.append(.server(Self.frame(#"43\#(number)["\#(text)"]"#)))
        }
        return turns + [
            .server(Self.frame(#"451-["file",{"_placeholder":true,"num":0}]"#)),
            .server(Self.frame([1, 2, 3, 250], opcode: 2)),
            .server(Self.frame("2")),
            .client(Self.frame("3", isMasked: true)),
            .client(Self.frame("41", isMasked: true)),
            .client(Self.frame([3, 232], opcode: 8, isMasked: true)),
            .server(Self.frame([3, 232], opcode: 8)),
        ]
    }

    private static func frame(_ text: String, isMasked: Bool = false) -> [UInt8] {
        self.frame(Array(text.utf8), opcode: 1, isMasked: isMasked)
    }

    private static func frame(_ payload: [UInt8], opcode: UInt8, isMasked: Bool = false) -> [UInt8] {
        let mask: UInt8 = isMasked ? 0x80 : 0
        var bytes = [0x80 | opcode]
        switch payload.count {
        case ..<126: bytes.append(mask | UInt8(payload.count))
        case ..<65_536: bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: bytes += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let key: [UInt8] = [0x11, 0x22, 0x33, 0x44]
        return isMasked ? bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] } : bytes + payload
    }

    let port: UInt16
    private let listener: Int32

    /// Listens on a port that the kernel chooses.
    init() throws {
        self.listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(port: 0)
        let listener = self.listener
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(listener, place, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, listen(self.listener, 8) == 0 else { throw Failure(what: "listen") }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        self.port = UInt16(bigEndian: address.sin_port)
    }

    func close() {
        Glibc.close(self.listener)
    }

    /// One connection; client and server both close it at the end.
    func play(_ turns: [Turn]) throws {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(client) }
        var address = Self.address(port: self.port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                connect(client, place, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(what: "connect") }
        let server = accept(self.listener, nil, nil)
        guard server >= 0 else { throw Failure(what: "accept") }
        defer { Glibc.close(server) }
        for end in [client, server] {
            var yes: Int32 = 1
            setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
        }
        for turn in turns {
            switch turn {
            case .client(let bytes): try Self.pass(bytes, from: client, to: server)
            case .server(let bytes): try Self.pass(bytes, from: server, to: client)
            }
        }
    }

    private static func pass(_ bytes: [UInt8], from sender: Int32, to receiver: Int32) throws {
        guard send(sender, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(what: "send")
        }
        var buffer = [UInt8](repeating: 0, count: bytes.count)
        var at = 0
        while at < bytes.count {
            let count = buffer.withUnsafeMutableBytes { recv(receiver, $0.baseAddress! + at, $0.count - at, 0) }
            guard count > 0 else { throw Failure(what: "receive") }
            at += count
        }
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return address
    }
}
