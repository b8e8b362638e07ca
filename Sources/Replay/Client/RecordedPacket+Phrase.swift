import TimelineModel

extension RecordedPacket.Content {
    private static let phraseLimit = 160

    /// What it is, short, for a person: `event "chat" ["a",1]`.
    var phrase: String {
        switch self {
        case .engineIO(let type, let text): Self.cut(text.isEmpty ? type.name : "\(type.name) \(text)")
        case .message(.text(let text)): Self.cut("message \(text)")
        case .unreadable(.text(let text)): Self.cut("no packet: \(text)")
        case .unreadable(.binary(let bytes)): "no packet: \(bytes.count) bytes"
        case .message(.binary(let bytes)): "message of \(bytes.count) bytes"
        case .socketIO(let packet): packet.phrase
        }
    }

    /// Nil for what is no Socket.IO.
    var namespace: String? {
        if case .socketIO(let packet) = self { packet.namespace } else { nil }
    }

    fileprivate static func cut(_ text: String) -> String {
        text.count > Self.phraseLimit ? text.prefix(Self.phraseLimit) + "..." : text
    }
}

extension ScriptedPacket {
    fileprivate var phrase: String {
        var text = self.kind.rawValue
        if let event { text += " \"\(event)\"" }
        if self.kind == .ack, let ackID { text += " \(ackID)" }
        if self.kind != .event, self.kind != .ack { text += " \(self.namespace)" }
        if let values { text += " \(values)" }
        return RecordedPacket.Content.cut(text)
    }
}
