import TimelineModel

/// A packet as the WebSocket message that carries it, and back.
extension EngineIOPacket {
    /// Text: the type digit and the data. Binary: in version 4 the data alone, which only a `message` can be; in
    /// version 3 behind the type as a number. Source: Engine.IO protocol v4, "Packet encoding"; v3, "Packet".
    public func webSocketMessage(_ version: EngineIOVersion = .v4) -> Content {
        switch (self.content, version) {
        case (.text(let text), _): .text("\(self.type.rawValue)\(text)")
        case (.binary(let bytes), .v4): .binary(bytes)
        case (.binary(let bytes), .v3): .binary([self.type.rawValue] + bytes)
        }
    }

    public init(webSocketMessage: Content, _ version: EngineIOVersion = .v4) throws(EngineIODecodeError) {
        switch webSocketMessage {
        case .text(let text):
            let bytes = Array(text.utf8)
            try self.init(try EngineIOPacketHead.text(bytes.span, version), bytes.span)
        case .binary(let bytes):
            try self.init(try EngineIOPacketHead.binary(bytes.span, version), bytes.span)
        }
    }
}
