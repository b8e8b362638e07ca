import Foundation

/// A WebSocket client that measures how fast its messages come back.
struct EchoClient {
    /// Keys and what a server must make of them (RFC 6455, section 4.2.2), made once by hand.
    static let accepts = ["dGhlIHNhbXBsZSBub25jZQ==": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]

    private let socket: EchoSocket

    /// Waits until there is a way to the server.
    init(port: Int) throws {
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline {
            if let socket = Self.opened(port) {
                self.socket = socket
                return
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw EchoSocket.Failure(description: "no WebSocket came to be on port \(port) within 30 s")
    }

    private static func opened(_ port: Int) -> EchoSocket? {
        guard let socket = EchoSocket.connected(to: port) else { return nil }
        let request =
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Sec-WebSocket-Version: 13\r\n\r\n"
        if socket.send(Array(request.utf8)), let head = socket.receiveHead(), head.hasPrefix("HTTP/1.1 101") {
            return socket
        }
        socket.close()
        return nil
    }

    static func field(_ name: String, _ head: String) -> String? {
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix(name + ":") {
            return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
        return nil
    }

    func close() { self.socket.close() }

    /// Round trips of one message at a time, in nanoseconds, ascending.
    func latencies(_ count: Int) throws -> [UInt64] {
        var trips: [UInt64] = []
        trips.reserveCapacity(count)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        for _ in 0..<count {
            let start = DispatchTime.now().uptimeNanoseconds
            guard self.socket.send(EchoSocket.fromClient) else { throw Self.over }
            var missing = EchoSocket.fromServer.count
            while missing > 0 {
                let received = self.socket.receive(buffer)
                guard received > 0 else { throw Self.over }
                missing -= received
            }
            trips.append(DispatchTime.now().uptimeNanoseconds - start)
        }
        return trips.sorted()
    }

    /// Messages that come back in a second, with so many on their way, sent 16 at a time.
    func rate(seconds: Double, window: Int) throws -> Double {
        let batch = Array(repeating: EchoSocket.fromClient, count: 16).flatMap { $0 }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        let size = EchoSocket.fromServer.count
        let start = DispatchTime.now().uptimeNanoseconds
        let end = start + UInt64(seconds * 1e9)
        var (sent, bytes) = (0, 0)
        while DispatchTime.now().uptimeNanoseconds < end {
            while sent + 16 - bytes / size <= window {
                guard self.socket.send(batch) else { throw Self.over }
                sent += 16
            }
            let received = self.socket.receive(buffer)
            guard received > 0 else { throw Self.over }
            bytes += received
        }
        let taken = DispatchTime.now().uptimeNanoseconds - start
        // What is still on its way must not meet the next measurement.
        let messages = bytes / size
        while bytes < sent * size {
            let received = self.socket.receive(buffer)
            guard received > 0 else { throw Self.over }
            bytes += received
        }
        return Double(messages) / (Double(taken) / 1e9)
    }

    private static var over: EchoSocket.Failure { .init(description: "the connection ended in the middle") }
}
