import JSONText
import TimelineModel

extension PollingPayload {
    /// One HTTP body of the long-polling transport.
    public struct Body: Hashable, Sendable {
        public var bytes: [UInt8]
        /// The binary form of version 3: `application/octet-stream`.
        public var isBinary: Bool
    }

    /// The body that carries these packets, which are at least one.
    ///
    /// Source: Engine.IO protocol v4, "HTTP long-polling"; v3, "Payload": as text with lengths in UTF-16 code units;
    /// as binary where a packet is binary and the other end did not ask for base64, as the reference server does.
    ///
    /// - Parameter asBinary: version 3 in its binary form whatever the packets are.
    public static func encode(
        _ packets: [EngineIOPacket], _ version: EngineIOVersion, base64: Bool = false, asBinary: Bool = false
    ) -> Body {
        switch version {
        case .v4:
            let text = packets.map { self.text($0, .v4) }.joined(separator: "\u{1E}")
            return Body(bytes: Array(text.utf8), isBinary: false)
        case .v3:
            let hasBinary = packets.contains { if case .binary = $0.content { true } else { false } }
            if (hasBinary && !base64) || asBinary {
                return Body(bytes: packets.flatMap(self.binaryRecord), isBinary: true)
            }
            let text = packets.map { packet in
                let text = self.text(packet, .v3)
                return "\(text.utf16.count):\(text)"
            }
            return Body(bytes: Array(text.joined().utf8), isBinary: false)
        }
    }

    private static func text(_ packet: EngineIOPacket, _ version: EngineIOVersion) -> String {
        switch packet.content {
        case .text(let text): "\(packet.type.rawValue)\(text)"
        case .binary(let bytes):
            (version == .v3 ? "b\(packet.type.rawValue)" : "b") + Base64.encode(bytes.span)
        }
    }

    /// `<0|1><length digits as byte values><0xFF><packet>`, the length in bytes.
    private static func binaryRecord(_ packet: EngineIOPacket) -> [UInt8] {
        let isText: Bool
        let bytes: [UInt8]
        switch packet.content {
        case .text(let text): (isText, bytes) = (true, Array("\(packet.type.rawValue)\(text)".utf8))
        case .binary(let data): (isText, bytes) = (false, [packet.type.rawValue] + data)
        }
        let digits = String(bytes.count).utf8.map { $0 - UInt8(ascii: "0") }
        return [isText ? 0 : 1] + digits + [0xFF] + bytes
    }
}

extension JSONP {
    /// The answer that carries a payload: `___eio[N]("<payload as a JSON string>");`.
    public static func answer(_ payload: [UInt8], index: Int) -> [UInt8] {
        var text = "___eio[\(index)]("
        JSONString.write(String(decoding: payload, as: UTF8.self), to: &text)
        return Array((text + ");").utf8)
    }
}
