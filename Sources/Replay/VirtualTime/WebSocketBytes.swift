import EngineIO

/// WebSocket frames as bytes. Source: RFC 6455, section 5.2.
enum WebSocketBytes {
    static let continuation: UInt8 = 0
    static let text: UInt8 = 1
    static let binary: UInt8 = 2
    static let close: UInt8 = 8
    static let ping: UInt8 = 9
    static let pong: UInt8 = 10

    /// Masks with a key that changes nothing but is one: in memory there is nobody to hide from.
    static func frame(_ opcode: UInt8, _ payload: some Collection<UInt8>, isLast: Bool = true, masked: Bool) -> [UInt8]
    {
        RawFrame(opcode, Array(payload), isLast: isLast, isMasked: masked).bytes(key: 0)
    }

    static func message(_ content: EngineIOPacket.Content, masked: Bool) -> [UInt8] {
        switch content {
        case .text(let text): self.frame(self.text, text.utf8, masked: masked)
        case .binary(let bytes): self.frame(self.binary, bytes, masked: masked)
        }
    }

    /// In so many fragments, at least 2; some may be empty.
    static func fragments(_ content: EngineIOPacket.Content, pieces: Int, pings: Bool, masked: Bool) -> [UInt8] {
        let (opcode, payload) =
            switch content {
            case .text(let text): (self.text, Array(text.utf8))
            case .binary(let bytes): (self.binary, bytes)
            }
        let pieces = min(max(2, pieces), max(2, payload.count))
        var bytes: [UInt8] = []
        for piece in 0..<pieces {
            let part = payload[payload.count * piece / pieces..<payload.count * (piece + 1) / pieces]
            let isLast = piece == pieces - 1
            bytes += self.frame(piece == 0 ? opcode : self.continuation, part, isLast: isLast, masked: masked)
            if pings, !isLast { bytes += self.frame(self.ping, [], masked: masked) }
        }
        return bytes
    }

    static func control(_ control: WebSocketControl, masked: Bool) -> [UInt8] {
        RawFrame(control, isMasked: masked).bytes(key: 0)
    }
}
