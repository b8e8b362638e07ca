public import EngineIO
import SocketIO
public import TimelineModel

/// What a peer said in one or more Engine.IO messages: header and attachments are one.
public enum LivePacket: Hashable, Sendable {
    case packet(ScriptedPacket)
    /// A message of a plain Engine.IO application.
    case message(EngineIOPacket.Content)
    /// No Socket.IO, though the session speaks it; with what is wrong.
    case malformed(EngineIOPacket.Content, String)
}

/// Puts the Engine.IO messages of one live sender together to packets as a recording has them.
public struct LivePacketReader: Sendable {
    /// How the application's messages are written.
    public enum Language: Hashable, Sendable {
        case socketIO(EngineIOVersion, PacketParser)
        /// None that is known: messages stay messages.
        case engineIO
    }

    private let language: Language
    /// A header whose attachments have not all come.
    private var waiting: ScriptedPacket?

    public init(_ language: Language) { self.language = language }

    /// How the messages of a recorded session are written.
    public static func language(of session: RecordedSession) -> Language {
        let version: EngineIOVersion = session.facts.engineIOVersion == 3 ? .v3 : .v4
        let speaksSocketIO = session.packets.contains { if case .socketIO = $0.content { true } else { false } }
        let isSilent = !session.packets.contains { if case .message = $0.content { true } else { false } }
        // One that never said anything: only the path tells, and nearly all of Engine.IO carries Socket.IO.
        let mayConnect = version == .v4 && isSilent && session.facts.path.map { !$0.contains("engine.io") } ?? false
        return speaksSocketIO || session.facts.socketIOVersion != nil || mayConnect
            ? .socketIO(version, session.facts.parser ?? .json) : .engineIO
    }

    /// The data of one `message` packet; what is complete by it, in order. At most two: what came where attachments
    /// should follow is told after the broken packet.
    public mutating func receive(_ content: EngineIOPacket.Content) -> [LivePacket] {
        guard case .socketIO(let version, let parser) = self.language else { return [.message(content)] }
        switch (content, parser) {
        case (.binary(let bytes), .msgpack):
            guard let packet = MessagePackPacket(bytes.span) else {
                return [.malformed(content, "no MessagePack map with type and nsp")]
            }
            return [.packet(ScriptedPacket(packet))]
        case (.text, .msgpack):
            return [.malformed(content, "a text where MessagePack should be")]
        case (.binary(let bytes), .json):
            guard var packet = self.waiting else {
                return [.malformed(content, "\(bytes.count) binary bytes that no packet announced")]
            }
            self.waiting = nil
            packet.attachments.append(bytes)
            if packet.attachments.count >= packet.announced { return [.packet(packet)] }
            self.waiting = packet
            return []
        case (.text(let text), .json):
            var found: [LivePacket] = []
            if let broken = self.waiting.take() {
                found.append(
                    .malformed(
                        .text(broken.header),
                        "a text where \(broken.announced - broken.attachments.count) attachments should follow"))
            }
            let bytes = Array(text.utf8)
            do throws(SocketIODecodeError) {
                let head = try SocketIOPacketHead(bytes.span, version == .v3 ? .v4 : .v5)
                let packet = ScriptedPacket(head, bytes.span)
                if packet.announced > 0 {
                    self.waiting = packet
                } else {
                    found.append(.packet(packet))
                }
            } catch {
                found.append(.malformed(content, error.description))
            }
            return found
        }
    }
}

extension ScriptedPacket {
    init(_ packet: MessagePackPacket) {
        self.init(
            type: packet.type, namespace: packet.namespace, event: packet.event, ackID: packet.ackID,
            payload: packet.data?.description)
    }

    init(_ head: SocketIOPacketHead, _ bytes: Span<UInt8>) {
        func text(_ range: Range<Int>) -> String {
            bytes.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        }
        self.init(
            type: head.type, namespace: head.namespace.map(text) ?? "/", event: head.event, ackID: head.ackID,
            payload: (head.payload ?? head.query).map(text), announced: head.attachments ?? 0)
    }
}
