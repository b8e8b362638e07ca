import TimelineModel

extension Frame {
    /// A frame as one short line, for tables: sender, transport or opcode, types, Socket.IO columns, payload.
    var line: String {
        var words = [self.sender == .client ? ">" : "<", self.opcode.map { "op\($0)" } ?? "lp"]
        words.append(self.engineIOType?.name ?? (self.layer == .websocket ? "ws" : "?"))
        if let type = self.socketIOType { words.append(type.name) }
        if let namespace = self.namespace { words.append(namespace) }
        if let event = self.event { words.append("event=\(event)") }
        if let id = self.ackID { words.append("id=\(id)") }
        if let attachments = self.attachments { words.append("n=\(attachments)") }
        if let code = self.closeCode { words.append("code=\(code)") }
        if let payload = self.payload { words.append(payload) }
        if let binary = self.binary { words.append("\(binary)") }
        return words.joined(separator: " ")
    }
}
