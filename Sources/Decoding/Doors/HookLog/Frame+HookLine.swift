import EngineIO
import HookLog
import JSONText
import TimelineModel

extension Frame {
    /// The frame as a hook would have seen it: what it carried put together again from its columns.
    func hookEvent(_ version: EngineIOVersion, _ notes: HookLogEncoder.Notes) -> HookLine.Event {
        if self.layer == .websocket, self.opcode ?? 0 >= 8 { return self.hookControl(notes) }
        let body: HookLine.Body
        if let reason = notes.unreadable {
            body = .unreadable(opcode: self.opcode ?? 1, reason: reason)
        } else if self.layer == .websocket {
            body = self.binary.map { .bytes($0) } ?? (self.opcode == 2 ? .bytes([]) : .text(self.payload ?? ""))
        } else {
            body = self.packet(version, hasSpace: notes.hasSpace)
        }
        return .message(
            HookLine.Message(
                sender: self.sender, body: body, isRefused: notes.isRefused, measure: self.measure(of: body, version)))
    }

    /// Columns that the body alone would not give back.
    private func measure(of body: HookLine.Body, _ version: EngineIOVersion) -> HookLine.Measure {
        var told = body.content.bytes.count
        // Base64 inside a text is measured undone: that is what the message is.
        if self.engineIOType != nil, let binary = self.binary, case .text = body { told = binary.count }
        return HookLine.Measure(
            sizeBytes: told == self.sizeBytes ? nil : self.sizeBytes,
            wireBytes: self.wireBytes == self.sizeBytes ? nil : self.wireBytes, flags: self.flags)
    }

    // MARK: Control frames

    private func hookControl(_ notes: HookLogEncoder.Notes) -> HookLine.Event {
        let opcode = self.opcode ?? 8
        if let reason = notes.unreadable {
            let body: HookLine.Body = .unreadable(opcode: opcode, reason: reason)
            return .control(
                HookLine.Control(sender: self.sender, opcode: opcode, body: body, measure: self.measure(of: body, .v4)))
        }
        guard opcode == 8 else {
            let body: HookLine.Body = self.binary.map { .bytes($0) } ?? .text(self.payload ?? "")
            return .control(
                HookLine.Control(sender: self.sender, opcode: opcode, body: body, measure: self.measure(of: body, .v4)))
        }
        let close = HookLine.Close(
            by: self.sender, code: self.closeCode ?? HookLine.Close.emptyCode, reason: self.payload ?? "")
        // Codes that stand for something else in a `close` line may, against the rules, stand in a frame.
        if self.closeCode == HookLine.Close.emptyCode || self.closeCode == HookLine.Close.missingCode {
            let code = close.code
            let body: HookLine.Body = .bytes([UInt8(code >> 8), UInt8(code & 0xFF)] + Array(close.reason.utf8))
            return .control(
                HookLine.Control(sender: self.sender, opcode: 8, body: body, measure: self.measure(of: body, .v4)))
        }
        var measured = close
        measured.measure = self.measure(of: .bytes(close.frameBody), .v4)
        return .close(measured)
    }

    // MARK: Packets

    /// An Engine.IO packet. What could not be decoded stands in the columns as it was.
    private func packet(_ version: EngineIOVersion, hasSpace: Bool) -> HookLine.Body {
        guard let type = self.engineIOType else {
            return self.binary.map { .bytes($0) } ?? (self.opcode == 2 ? .bytes([]) : .text(self.payload ?? ""))
        }
        let digit = String(type.rawValue)
        guard let binary = self.binary else {
            return .text(
                type == .message ? digit + self.socketIOText(hasSpace: hasSpace) : digit + (self.payload ?? ""))
        }
        switch version {
        case .v4 where self.opcode == 1:
            return .text("b" + Base64.encode(binary.span))
        case .v4:
            return .bytes(binary)
        // Engine.IO 3: with its type byte, or as base64, which is measured without it.
        case .v3 where self.opcode == 2 || (self.opcode == nil && self.sizeBytes == binary.count + 1):
            return .bytes([type.rawValue] + binary)
        case .v3:
            return .text("b" + digit + Base64.encode(binary.span))
        }
    }

    /// The data of a `message`: a Socket.IO packet, `type [n "-"] [namespace ","] [id] [json]`, or the application's own.
    private func socketIOText(hasSpace: Bool) -> String {
        let payload = self.payload ?? ""
        guard let type = self.socketIOType else { return payload }
        var text = String(type.rawValue)
        if let attachments = self.attachments { text += "\(attachments)-" }
        // The query of a CONNECT belongs to the namespace; no JSON begins with a question mark.
        let hasQuery = payload.hasPrefix("?")
        if let namespace = self.namespace, namespace != "/" || hasQuery {
            text += namespace + (hasQuery ? payload : "") + ","
        }
        if let id = self.ackID { text += String(id) }
        guard !hasQuery else { return text }
        // A number behind the namespace would be read as the id.
        let isNumber = payload.utf8.first.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ?? false
        return text + (hasSpace || isNumber ? " " : "") + payload
    }
}
