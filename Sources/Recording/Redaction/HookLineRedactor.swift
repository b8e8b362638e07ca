public import HookLog
internal import JSONText
internal import SocketIO
internal import TimelineModel

/// Redacts the lines that a client of Engine.IO 4 writes of its WebSockets, as `Redactor` does the rows that come of
/// them: read back, the log gives the same frames as the timeline that was recorded beside it.
///
/// Memory: the values in the URL of each connection that has not ended, which the answer to it may quote.
public struct HookLineRedactor: Sendable {
    private let redactor: Redactor
    private var secrets: [String: [String]] = [:]

    public init(_ redactor: Redactor) {
        self.redactor = redactor
    }

    public mutating func redact(_ line: inout HookLine) {
        switch line.event {
        case .open(var open):
            guard let url = open.url else { return }
            open.url = self.redactor.url(url)
            if open.url != url { self.secrets[line.session] = self.redactor.secrets(of: url) }
            line.event = .open(open)
        case .message(var message):
            self.redact(&message.body, &message.measure) { self.packet($0, from: message.sender) }
            line.event = .message(message)
        case .control(var control):
            self.redact(&control.body, &control.measure) { self.redactor.text($0) }
            line.event = .control(control)
        case .close(var close):
            let reason = self.redactor.text(close.reason)
            // With the two bytes of the code.
            if reason != close.reason {
                close.measure.sizeBytes = close.measure.sizeBytes ?? close.reason.utf8.count + 2
            }
            close.reason = reason
            if var refusal = close.refusal {
                let quoted = self.secrets[line.session] ?? []
                refusal.body = self.redactor.text(self.redactor.replacing(quoted, in: refusal.body))
                close.refusal = refusal
            }
            // The line that ends a connection, behind that of a close frame.
            if close.code == HookLine.Close.missingCode { self.secrets[line.session] = nil }
            line.event = .close(close)
        }
    }

    /// Sizes stay those of the wire.
    private func redact(_ body: inout HookLine.Body, _ measure: inout HookLine.Measure, _ text: (String) -> String) {
        switch body {
        case .text(let old):
            let new = text(old)
            guard new != old else { return }
            measure.sizeBytes = measure.sizeBytes ?? old.utf8.count
            body = .text(new)
        case .bytes(let bytes):
            guard self.hidesSecrets(bytes) else { return }
            measure.sizeBytes = measure.sizeBytes ?? bytes.count
            body = .unreadable(opcode: 2, reason: "redacted")
        case .unreadable: return
        }
    }

    /// An Engine.IO packet as text.
    private func packet(_ text: String, from sender: Sender) -> String {
        switch text.utf8.first {
        case UInt8(ascii: "4"): "4" + self.socketIOPacket(Array(text.utf8.dropFirst()), from: sender)
        case .some(UInt8(ascii: "0")...UInt8(ascii: "6")): text.prefix(1) + self.redactor.text(String(text.dropFirst()))
        // Base64, which is data.
        case UInt8(ascii: "b") where Base64.decode(Array(text.utf8.dropFirst()).span) != nil: text
        default: self.redactor.brokenPacket(text)
        }
    }

    private func socketIOPacket(_ bytes: [UInt8], from sender: Sender) -> String {
        func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        guard let head = try? SocketIOPacketHead(bytes.span, .v5) else {
            return self.redactor.brokenPacket(part(0..<bytes.count))
        }
        var text = ""
        var end = 0
        if let namespace = head.namespace {
            text += part(0..<namespace.lowerBound) + self.redactor.namespace(part(namespace))
            end = namespace.upperBound
        }
        if let payload = head.payload {
            text += part(end..<payload.lowerBound)
            text += self.redactor.payload(
                part(payload), of: head.type, event: head.event, from: sender, isBroken: false)
            end = payload.upperBound
        }
        return text + part(end..<bytes.count)
    }

    /// Of MessagePack the JSON would be redacted, and the bytes dropped.
    private func hidesSecrets(_ bytes: [UInt8]) -> Bool {
        guard let packet = MessagePackPacket(bytes.span), let data = packet.data?.description else { return false }
        return self.redactor.namespace(packet.namespace) != packet.namespace
            || self.redactor.payload(data, of: packet.type, event: packet.event, from: .client, isBroken: false) != data
    }
}
