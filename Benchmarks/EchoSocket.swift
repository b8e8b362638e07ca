import Foundation

/// Raw sockets for the proxy's benchmark: a WebSocket client and a server that echoes, both with frames of one size, so
/// that counting bytes is all the parsing they do.
struct EchoSocket {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// 127.0.0.1.
    static let loopback: UInt32 = 0x7F00_0001
    /// Of a message.
    static let payload = 64
    /// Masked, with a mask of zeros: 2 bytes of head, 4 of mask.
    static let fromClient: [UInt8] = [0x82, 0x80 | UInt8(payload), 0, 0, 0, 0] + Array(repeating: 0x78, count: payload)
    static let fromServer: [UInt8] = [0x82, UInt8(payload)] + Array(repeating: 0x78, count: payload)

    let descriptor: Int32

    static func listening() throws -> EchoSocket {
        let socket = EchoSocket(descriptor: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        guard socket.withAddress(port: 0, { bind(socket.descriptor, $0, $1) }) == 0,
            listen(socket.descriptor, 64) == 0
        else { throw Failure(description: "cannot listen on loopback") }
        return socket
    }

    /// Nil where nobody listens there yet.
    ///
    /// - Parameter address: of loopback, the one to come from.
    static func connected(to port: Int, from address: UInt32 = EchoSocket.loopback) -> EchoSocket? {
        let socket = EchoSocket(descriptor: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        guard socket.withAddress(address, port: 0, { bind(socket.descriptor, $0, $1) }) == 0,
            socket.withAddress(port: port, { connect(socket.descriptor, $0, $1) }) == 0
        else {
            socket.close()
            return nil
        }
        socket.sendAtOnce()
        return socket
    }

    func accept() -> EchoSocket? {
        let descriptor = Glibc.accept(self.descriptor, nil, nil)
        guard descriptor >= 0 else { return nil }
        let socket = EchoSocket(descriptor: descriptor)
        socket.sendAtOnce()
        return socket
    }

    var port: Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(self.descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// False once the connection is over.
    func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.send(
                self.descriptor, bytes.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func send(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { self.send($0) } }

    /// 0 or less once it is over.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        recv(self.descriptor, buffer.baseAddress, buffer.count, 0)
    }

    /// Up to the empty line.
    func receiveHead() -> String? {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard recv(self.descriptor, &byte, 1, 0) == 1 else { return nil }
            head.append(byte)
        }
        return String(decoding: head, as: UTF8.self)
    }

    func close() { Glibc.close(self.descriptor) }

    /// Wakes whoever waits in it.
    func shutDown() { shutdown(self.descriptor, Int32(SHUT_RDWR)) }

    /// The other side reads what was sent, and then the end.
    func endSending() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    private func sendAtOnce() {
        var on: Int32 = 1
        setsockopt(self.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    }

    private func withAddress(
        _ host: UInt32 = EchoSocket.loopback, port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = host.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Answers each message with one of the same size, on a thread for each connection.
final class EchoServer: Sendable {
    private let listener: EchoSocket
    var port: Int { self.listener.port }

    init() throws {
        self.listener = try .listening()
        let listener = self.listener
        Thread.detachNewThread {
            while let socket = listener.accept() {
                Thread.detachNewThread { Self.serve(socket) }
            }
        }
    }

    func stop() { self.listener.shutDown() }

    private static func serve(_ socket: EchoSocket) {
        defer { socket.close() }
        guard let head = socket.receiveHead(), let key = EchoClient.field("sec-websocket-key", head) else { return }
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(EchoClient.accepts[key] ?? "")\r\n\r\n"
        guard socket.send(Array(answer.utf8)) else { return }
        let size = EchoSocket.fromClient.count
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        let replies = Array(repeating: EchoSocket.fromServer, count: buffer.count / size + 1).flatMap { $0 }
        var rest = 0
        while true {
            let count = socket.receive(buffer)
            guard count > 0 else { return }
            let (messages, left) = (rest + count).quotientAndRemainder(dividingBy: size)
            rest = left
            let bytes = messages * EchoSocket.fromServer.count
            guard replies.withUnsafeBytes({ socket.send(UnsafeRawBufferPointer(rebasing: $0[..<bytes])) }) else {
                return
            }
        }
    }
}
