/// The texts of one line of `sioscope frames`, safe to print, before they are aligned.
struct FrameCells: Equatable {
    enum Look: Equatable {
        case client, server, quiet, bad
    }

    var session: String
    var arrow: String
    var transport: String
    var type: String
    var namespace: String
    /// The event and the ack id: `move #12`.
    var name: String
    var size: String
    var flags: String
    var payload: String
    var look: Look

    init(_ frame: FrameRow, unicode: Bool) {
        self.session = frame.sessionID.map { String($0) } ?? "-"
        self.arrow = Self.arrow(frame, unicode: unicode)
        self.transport = frame.transport == "polling" ? "lp" : "ws"
        self.type = Escaping.visible(Self.type(frame))
        self.namespace = Escaping.visible(frame.namespace ?? "")
        self.name = Escaping.visible(Self.name(frame))
        self.size = String(frame.sizeBytes)
        self.flags = Escaping.visible(frame.flags)
        self.payload = Escaping.visible(Self.payload(frame))
        self.look = Self.look(frame)
    }

    private static func arrow(_ frame: FrameRow, unicode: Bool) -> String {
        switch (frame.isFromClient, unicode) {
        case (true, true): "C → S"
        case (false, true): "C ← S"
        case (true, false): "C > S"
        case (false, false): "C < S"
        }
    }

    /// The Socket.IO type where there is one, else Engine.IO's; `ws-…` is what WebSocket itself sent.
    private static func type(_ frame: FrameRow) -> String {
        if let type = frame.socketIOType ?? frame.engineIOType { return type }
        guard frame.layer == "websocket" else { return "?" }
        return switch frame.opcode {
        case 1: "ws-text"
        case 2: "ws-binary"
        case 8: "ws-close"
        case 9: "ws-ping"
        case 10: "ws-pong"
        case let opcode?: "ws-\(opcode)"
        case nil: "ws"
        }
    }

    private static func name(_ frame: FrameRow) -> String {
        var words: [String] = []
        if let event = frame.event { words.append(event) }
        if let ackID = frame.ackID { words.append("#\(ackID)") }
        if frame.socketIOType == "attachment", let number = frame.attachments { words.append("[\(number)]") }
        return words.joined(separator: " ")
    }

    private static func payload(_ frame: FrameRow) -> String {
        if frame.isWebSocketClose {
            // An empty body is what APIs show as 1005; on the wire there is no code at all.
            let code = frame.closeCode.map { String($0) } ?? "no code (1005)"
            return [code, frame.payload ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        }
        // The bytes of a packet that was decoded (msgpack) say less than what they mean.
        if let bytes = frame.firstBytes, frame.socketIOType == nil || frame.socketIOType == "attachment" {
            return TableCell.bytes(bytes, count: Int(clamping: frame.binaryBytes))
        }
        guard let payload = frame.payload else { return "" }
        // The name has a column of its own: only the arguments are left to show.
        if let event = frame.event, frame.socketIOType == "event" || frame.socketIOType == "binary_event" {
            let head = "[\"\(event)\""
            if payload.hasPrefix(head) {
                let rest = payload.dropFirst(head.count)
                if rest.first == "," { return "[" + rest.dropFirst() }
                if rest == "]" { return "" }
            }
        }
        return payload
    }

    private static func look(_ frame: FrameRow) -> Look {
        let isUnknown = frame.layer == "engineio" && frame.engineIOType == nil
        if frame.socketIOType == "connect_error" || frame.isWebSocketClose || isUnknown { return .bad }
        if frame.engineIOType == "noop" || frame.isHeartbeat { return .quiet }
        return frame.isFromClient ? .client : .server
    }
}
