/// A WebSocket frame as it is to stand on the wire, allowed there or not. Source: RFC 6455, section 5.2.
public struct RawFrame: Hashable, Sendable {
    public static let text: UInt8 = 1
    public static let close: UInt8 = 8
    public static let ping: UInt8 = 9
    static let pong: UInt8 = 10
    /// Of a control frame. Source: RFC 6455, section 5.5.
    private static let controlBytes = 125

    /// FIN.
    public var isLast: Bool
    /// RSV1 to RSV3, as the bits 4, 2 and 1.
    public var reserved: UInt8
    /// 0 to 15.
    public var opcode: UInt8
    public var payload: [UInt8]
    public var isMasked: Bool

    public init(
        _ opcode: UInt8, _ payload: [UInt8] = [], isLast: Bool = true, reserved: UInt8 = 0, isMasked: Bool = true
    ) {
        self.isLast = isLast
        self.reserved = reserved & 7
        self.opcode = opcode & 15
        self.payload = payload
        self.isMasked = isMasked
    }

    /// A control frame; what its body has no room for is cut off, a reason between two characters.
    public init(_ control: WebSocketControl, isMasked: Bool) {
        switch control {
        case .ping(let data): self.init(Self.ping, Array(data.prefix(Self.controlBytes)), isMasked: isMasked)
        case .pong(let data): self.init(Self.pong, Array(data.prefix(Self.controlBytes)), isMasked: isMasked)
        case .close(nil, _): self.init(Self.close, isMasked: isMasked)
        case .close(let code?, let reason):
            var body = [UInt8(code >> 8), UInt8(code & 0xFF)]
            for character in reason {
                guard body.count + character.utf8.count <= Self.controlBytes else { break }
                body += character.utf8
            }
            self.init(Self.close, body, isMasked: isMasked)
        }
    }

    /// - Parameter key: what it is masked with, where it is masked.
    public func bytes(key: UInt32) -> [UInt8] {
        var bytes = [(self.isLast ? 0x80 : 0) | self.reserved << 4 | self.opcode]
        let mask: UInt8 = self.isMasked ? 0x80 : 0
        switch self.payload.count {
        case ..<126: bytes.append(mask | UInt8(self.payload.count))
        case ..<65_536: bytes += [mask | 126, UInt8(self.payload.count >> 8), UInt8(self.payload.count & 0xFF)]
        default:
            bytes.append(mask | 127)
            bytes += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self.payload.count >> $0) }
        }
        guard self.isMasked else { return bytes + self.payload }
        let keys = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: key >> UInt32($0)) }
        bytes += keys
        guard key != 0 else { return bytes + self.payload }
        bytes += self.payload.enumerated().map { $0.element ^ keys[$0.offset & 3] }
        return bytes
    }
}
