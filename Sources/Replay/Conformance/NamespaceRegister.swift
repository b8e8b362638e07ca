import EngineIO
import SocketIO
import TimelineModel

/// Puts the Socket.IO packets of one session together, and holds them against the namespaces that are joined.
struct NamespaceRegister: Sendable {
    private enum State { case asked, joined, left }

    struct Fault: Error {
        let rule: String
        let text: String
    }

    private var namespaces: [String: State] = [:]
    /// A header that waits for attachments.
    private var waiting: (packet: ReceivedPacket, attachments: [[UInt8]])?

    /// The server sends the data of a `message`.
    mutating func send(_ header: String) {
        guard let packet = try? ReceivedPacket(header: header, attachments: []) else { return }
        switch packet.type {
        case .connect: self.namespaces[packet.namespace] = .joined
        case .disconnect, .connectError: self.namespaces[packet.namespace] = .left
        case .event, .ack, .binaryEvent, .binaryAck, .attachment: break
        }
    }

    /// The packet that a message of the client completes; nil where attachments are still to come.
    mutating func receive(_ content: EngineIOPacket.Content) throws(Fault) -> ReceivedPacket? {
        switch (content, self.waiting) {
        case (.binary(let bytes), var (packet, attachments)?):
            attachments.append(bytes)
            guard attachments.count >= packet.announced else {
                self.waiting = (packet, attachments)
                return nil
            }
            self.waiting = nil
            packet.attach(attachments)
            guard !packet.hasBadPlaceholder else {
                throw Fault(
                    rule: "attachment-count-mismatch", text: "a placeholder in \(packet.header) names no attachment")
            }
            return try self.admit(packet)
        case (.binary(let bytes), nil):
            throw Fault(
                rule: "attachment-orphan",
                text: "it sends a binary message of \(bytes.count) bytes that no packet announced")
        case (.text, let (packet, attachments)?):
            throw Fault(
                rule: "attachment-interleaved",
                text: "it sends a text where \(packet.announced - attachments.count) attachments should follow")
        case (.text(let header), nil):
            let packet: ReceivedPacket
            do throws(SocketIODecodeError) {
                packet = try ReceivedPacket(header: header, attachments: [])
            } catch {
                throw Fault(rule: "sio-malformed-packet", text: "it sends what is no Socket.IO packet: \(error)")
            }
            if packet.announced > 0 {
                self.waiting = (packet, [])
                return nil
            }
            return try self.admit(packet)
        }
    }

    private mutating func admit(_ packet: ReceivedPacket) throws(Fault) -> ReceivedPacket {
        let name = packet.namespace
        switch (packet.kind, self.namespaces[name]) {
        case (.connect, .asked), (.connect, .joined):
            throw Fault(rule: "connect-duplicate", text: "it sends a second CONNECT for \(name)")
        case (.connect, .left), (.connect, nil): self.namespaces[name] = .asked
        case (.connectError, _):
            throw Fault(rule: "sio-malformed-packet", text: "it sends a CONNECT_ERROR, which only a server may")
        case (.event, .joined), (.ack, .joined): break
        case (.disconnect, .joined), (.disconnect, .asked): self.namespaces[name] = .left
        // Its farewell may have crossed ours on the way.
        case (.disconnect, .left): break
        case (.event, .asked), (.ack, .asked):
            throw Fault(
                rule: "client-packet-outside-namespace",
                text: "it sends \(packet.kind.article) in \(name) before the server has accepted its CONNECT")
        case (.event, .left), (.ack, .left):
            throw Fault(
                rule: "packet-after-disconnect",
                text: "it sends \(packet.kind.article) in \(name), which is over")
        case (.event, nil), (.ack, nil), (.disconnect, nil):
            throw Fault(
                rule: "client-packet-outside-namespace",
                text: "it sends \(packet.kind.article) in \(name) without a CONNECT")
        }
        if let event = packet.event, SocketIOPacketHead.isReserved(event) {
            throw Fault(
                rule: "reserved-event-name", text: "it emits '\(event)', a name that the library keeps to itself")
        }
        return packet
    }
}
