import JSONText
import TimelineModel

extension HookLine {
    /// Appends the line as JSON, with its line feed. Keys stand in the order of the documentation.
    public func write(to text: inout String) {
        text += "{\"v\":1,\"at_ns\":\(self.at.nanoseconds)"
        Self.add("session", self.session, to: &text)
        switch self.event {
        case .open(let open):
            Self.add("kind", "open", to: &text)
            Self.add("url", open.url, to: &text)
            Self.add("transport", self.transport?.rawValue, to: &text)
            Self.add("client", open.client, to: &text)
            Self.add("client_address", open.clientAddress, to: &text)
            Self.add("client_port", open.clientPort, to: &text)
        case .message(let message):
            Self.add("kind", "message", to: &text)
            Self.add("sender", message.sender.rawValue, to: &text)
            Self.add("transport", self.transport?.rawValue, to: &text)
            Self.add(message.body, isControl: false, to: &text)
            if message.isRefused { text += ",\"refused\":true" }
            Self.add(message.measure, to: &text)
        case .control(let control):
            Self.add("kind", "control", to: &text)
            Self.add("sender", control.sender.rawValue, to: &text)
            Self.add("transport", self.transport?.rawValue, to: &text)
            Self.add("opcode", Int(control.opcode), to: &text)
            Self.add(control.body, isControl: true, to: &text)
            Self.add(control.measure, to: &text)
        case .close(let close):
            Self.add("kind", "close", to: &text)
            Self.add("transport", self.transport?.rawValue, to: &text)
            Self.add("by", close.by?.rawValue, to: &text)
            Self.add("code", Int(close.code), to: &text)
            Self.add("reason", close.reason, to: &text)
            Self.add("end", close.end?.rawValue, to: &text)
            Self.add("status", close.refusal?.status, to: &text)
            Self.add("body", close.refusal?.body, to: &text)
            Self.add(close.measure, to: &text)
        }
        text += "}\n"
    }

    private static func add(_ key: StaticString, _ value: String?, to text: inout String) {
        guard let value else { return }
        text += ",\"\(key)\":"
        JSONString.write(value, to: &text)
    }

    private static func add(_ key: StaticString, _ value: Int?, to text: inout String) {
        if let value { text += ",\"\(key)\":\(value)" }
    }

    private static func add(_ body: Body, isControl: Bool, to text: inout String) {
        switch body {
        case .text(let string): self.add("text", string, to: &text)
        case .bytes(let bytes): self.add("base64", Base64.encode(bytes.span), to: &text)
        case .unreadable(let opcode, let reason):
            if !isControl { self.add("opcode", Int(opcode), to: &text) }
            self.add("unreadable", reason, to: &text)
        }
    }

    private static func add(_ measure: Measure, to text: inout String) {
        self.add("size_bytes", measure.sizeBytes, to: &text)
        self.add("wire_bytes", measure.wireBytes, to: &text)
        if !measure.flags.isEmpty { self.add("flags", measure.flags.text, to: &text) }
    }
}
