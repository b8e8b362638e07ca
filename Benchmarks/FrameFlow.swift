import Foundation

/// A WebSocket connection over loopback on which one side sends small Socket.IO events at a given rate and the other
/// reads them: one masked text frame a write, and so a packet each as long as the reader keeps up.
struct FrameFlow {
    /// Of the marked events, which are what a recording is asked for.
    static let event = "tick"

    struct Outcome {
        var frames = 0
        /// Frames a second that were really sent.
        var rate = 0.0
    }

    /// Payloads of 20 to 60 bytes.
    private static let frames: [[UInt8]] = (20...60).map { size in
        let start = #"42["\#(Self.event)",""#
        return Self.frame(start + String(repeating: "x", count: size - start.utf8.count - 2) + #""]"#)
    }

    private let listener: EchoSocket
    var port: Int { self.listener.port }

    init() throws {
        self.listener = try .listening()
    }

    func close() { self.listener.close() }

    /// Opens a connection, sends for so long, and returns once everything was received.
    func run(rate: Double, seconds: Double) throws -> Outcome {
        guard let client = EchoSocket.connected(to: self.port), let server = self.listener.accept() else {
            throw EchoSocket.Failure(description: "cannot connect on loopback")
        }
        defer {
            client.close()
            server.close()
        }
        try self.open(client, server)
        let received = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
            defer { buffer.deallocate() }
            while server.receive(buffer) > 0 {}
            received.signal()
        }
        let outcome = Self.send(on: client, rate: rate, seconds: seconds)
        client.endSending()
        received.wait()
        return outcome
    }

    private func open(_ client: EchoSocket, _ server: EchoSocket) throws {
        let request =
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:\(self.port)\r\n"
            + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Sec-WebSocket-Version: 13\r\n\r\n"
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        let hello = #"0{"sid":"bench","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        guard client.send(Array(request.utf8)), server.receiveHead() != nil, server.send(Array(answer.utf8)),
            client.receiveHead() != nil, server.send([0x81, UInt8(hello.utf8.count)] + Array(hello.utf8)),
            client.send(Self.frame("40")), server.send([0x81, 15] + Array(#"40{"sid":"one"}"#.utf8))
        else { throw EchoSocket.Failure(description: "the connection ended in its handshake") }
    }

    /// Sleeps where it is ahead: a sender that spins would take a processor from who records.
    private static func send(on socket: EchoSocket, rate: Double, seconds: Double) -> Outcome {
        let frames = Self.frames
        let start = DispatchTime.now().uptimeNanoseconds
        let last = Int(rate * seconds)
        // One that cannot send this fast stops in time all the same.
        let limitNs = UInt64(seconds * 1.5e9)
        var (sent, passed) = (0, UInt64(1))
        while sent < last, passed < limitNs {
            let due = min(last, Int(Double(passed) * rate / 1e9) + 1)
            while sent < due {
                guard socket.send(frames[sent % frames.count]) else {
                    return Outcome(frames: sent, rate: Double(sent) / (Double(passed) / 1e9))
                }
                sent += 1
                // A clock read costs as much as a tenth of a frame.
                if sent % 64 == 0, DispatchTime.now().uptimeNanoseconds - start >= limitNs { break }
            }
            passed = DispatchTime.now().uptimeNanoseconds - start
            if sent < last, Double(passed) * rate / 1e9 < Double(sent) {
                var pause = timespec(tv_sec: 0, tv_nsec: 50_000)
                nanosleep(&pause, nil)
                passed = DispatchTime.now().uptimeNanoseconds - start
            }
        }
        return Outcome(frames: sent, rate: Double(sent) / (Double(passed) / 1e9))
    }

    /// A masked text frame of fewer than 126 bytes.
    private static func frame(_ text: String) -> [UInt8] {
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        let payload = text.utf8.enumerated().map { $0.element ^ mask[$0.offset % 4] }
        return [0x81, 0x80 | UInt8(payload.count)] + mask + payload
    }
}
