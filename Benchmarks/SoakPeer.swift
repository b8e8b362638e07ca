import Foundation

/// One end of a WebSocket with text messages, used by one thread: blocking, but for no longer than it is told.
final class SoakPeer {
    enum Received {
        case message(String)
        case time
        case over
    }

    let socket: EchoSocket
    private let isClient: Bool
    private var waiting: [UInt8] = []

    init(_ socket: EchoSocket, isClient: Bool) {
        self.socket = socket
        self.isClient = isClient
    }

    static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    @discardableResult
    func send(_ text: String) -> Bool { self.send(opcode: 1, Array(text.utf8)) }

    /// A close frame with this code.
    @discardableResult
    func sendClose(_ code: UInt16) -> Bool {
        self.send(opcode: 8, [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)])
    }

    /// Payloads up to 65535 bytes, which is all that is sent here.
    private func send(opcode: UInt8, _ payload: [UInt8]) -> Bool {
        let maskBit: UInt8 = self.isClient ? 0x80 : 0
        var frame: [UInt8] = [0x80 | opcode]
        if payload.count < 126 {
            frame.append(maskBit | UInt8(payload.count))
        } else {
            frame += [maskBit | 126, UInt8(payload.count >> 8), UInt8(truncatingIfNeeded: payload.count)]
        }
        if self.isClient {
            let mask = (0..<4).map { _ in UInt8.random(in: 0...255) }
            frame += mask
            frame += payload.enumerated().map { $1 ^ mask[$0 & 3] }
        } else {
            frame += payload
        }
        return self.socket.send(frame)
    }

    /// The next text message; a close frame or the end of the connection is `over`.
    ///
    /// - Parameter due: when to give up waiting, by `now`.
    func receive(until due: UInt64) -> Received {
        while true {
            if let (opcode, payload) = self.takeFrame() {
                if opcode == 8 { return .over }
                return .message(String(decoding: payload, as: UTF8.self))
            }
            let now = Self.now
            guard now < due else { return .time }
            var descriptor = pollfd(fd: self.socket.descriptor, events: Int16(POLLIN), revents: 0)
            // Rounded up: a wait of 0 ms would spin until the moment comes.
            guard poll(&descriptor, 1, Int32(clamping: (due - now) / 1_000_000 + 1)) > 0 else { continue }
            let room = self.waiting.count
            self.waiting += Array(repeating: 0, count: 4096)
            let count = self.waiting.withUnsafeMutableBytes {
                self.socket.receive(UnsafeMutableRawBufferPointer(rebasing: $0[room...]))
            }
            self.waiting.removeLast(4096 - max(0, count))
            if count <= 0 { return .over }
        }
    }

    private func takeFrame() -> (opcode: UInt8, payload: [UInt8])? {
        let bytes = self.waiting
        guard bytes.count >= 2 else { return nil }
        var head = 2
        var length = Int(bytes[1] & 0x7F)
        if length == 126 {
            guard bytes.count >= 4 else { return nil }
            length = Int(bytes[2]) << 8 | Int(bytes[3])
            head = 4
        }
        var mask: [UInt8] = [0, 0, 0, 0]
        if bytes[1] & 0x80 != 0 {
            guard bytes.count >= head + 4 else { return nil }
            mask = Array(bytes[head..<head + 4])
            head += 4
        }
        guard bytes.count >= head + length else { return nil }
        self.waiting.removeFirst(head + length)
        return (bytes[0] & 0x0F, bytes[head..<head + length].enumerated().map { $1 ^ mask[$0 & 3] })
    }
}
