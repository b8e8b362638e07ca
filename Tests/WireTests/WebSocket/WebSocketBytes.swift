import Wire

/// Hand-made WebSocket frames. Source: RFC 6455, section 5.2.
enum WebSocketBytes {
    /// How the length is written: in 7, 16 or 64 bits.
    enum LengthForm {
        case shortest, bits16, bits64
    }

    static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    static func frame(
        _ opcode: UInt8, _ payload: [UInt8], fin: Bool = true, rsv: UInt8 = 0, key: [UInt8]? = nil,
        form: LengthForm = .shortest
    ) -> [UInt8] {
        var bytes = [(fin ? 0x80 : 0) | rsv << 4 | opcode]
        let mask: UInt8 = key == nil ? 0 : 0x80
        let count = payload.count
        switch form {
        case .shortest where count < 126: bytes.append(mask | UInt8(count))
        case .shortest where count < 65_536, .bits16: bytes += [mask | 126, UInt8(count >> 8), UInt8(count & 255)]
        default: bytes += [mask | 127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
        }
        guard let key else { return bytes + payload }
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    static func text(_ text: String, fin: Bool = true, rsv: UInt8 = 0, key: [UInt8]? = nil) -> [UInt8] {
        self.frame(1, Array(text.utf8), fin: fin, rsv: rsv, key: key)
    }

    /// Bytes that no text is, the same in each run.
    static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
