import TimelineModel

/// Packets in words, for divergences and for what a replay waited for.
enum PacketText {
    private static let limit = 120

    /// - Parameter namespace: whether it is named, where it is not the root.
    static func short(_ content: RecordedPacket.Content, namespace: Bool = true) -> String {
        switch content {
        case .engineIO(let type, let data): data.isEmpty ? type.name : "\(type.name) \(self.cut(data))"
        case .message(.text(let text)): "message \(self.cut(text))"
        case .unreadable(.text(let text)): "no packet: \(self.cut(text))"
        case .unreadable(.binary(let bytes)): "no packet: \(bytes.count) bytes"
        case .message(.binary(let bytes)): "message of \(bytes.count) bytes"
        case .socketIO(let packet): self.short(packet, namespace)
        }
    }

    private static func short(_ packet: ScriptedPacket, _ namespace: Bool) -> String {
        var text = packet.kind.rawValue
        if namespace, packet.namespace != "/" { text += " on \(packet.namespace)" }
        if packet.kind == .ack, let id = packet.ackID { text += " \(id)" }
        if let payload = packet.payload, packet.kind != .connect { text += " \(self.cut(payload))" }
        if packet.announced > 0 { text += " with \(packet.announced) attachments" }
        return text
    }

    static func cut(_ text: String) -> String {
        text.count <= self.limit ? text : text.prefix(self.limit) + "..."
    }

    static func namespace(_ content: RecordedPacket.Content) -> String? {
        if case .socketIO(let packet) = content { packet.namespace } else { nil }
    }

    /// `1.234 s`, for a person.
    static func seconds(_ ns: Int64) -> String {
        Lapse.seconds(max(0, ns), decimals: 3) + " s"
    }
}
