import EngineIO
import JSONText
import TimelineModel

/// Makes comparable packets of a session's: heartbeats, probes and the open packet are gone, ids have names, what
/// answers what is known.
///
/// Source: Engine.IO and Socket.IO protocols for what is whose answer; Socket.IO 4.6 for the offset of connection state
/// recovery, which it appends to the arguments of a server's events once the CONNECT answer had a `pid`.
struct PacketNormaliser {
    private struct AckKey: Hashable {
        var asker: Sender
        var namespace: String
        var id: Int64
    }

    private let names: SessionNames
    private let masks: MaskSet
    private var packets: [ComparedPacket] = []
    private var unanswered: [AckKey: Int] = [:]
    /// CONNECTs without an answer, the first one first.
    private var connecting: [String: [Int]] = [:]
    /// Namespaces whose events carry an offset.
    private var recovering: Set<String> = []

    static func packets(of session: RecordedSession, _ names: SessionNames, _ masks: MaskSet) -> [ComparedPacket] {
        var normaliser = PacketNormaliser(names: names, masks: masks)
        for packet in session.packets { normaliser.take(packet) }
        return normaliser.packets
    }

    private init(names: SessionNames, masks: MaskSet) {
        self.names = names
        self.masks = masks
    }

    private mutating func take(_ packet: RecordedPacket) {
        switch packet.content {
        case .engineIO, .unreadable: return
        case .message(let content):
            var compared = ComparedPacket(
                frameID: packet.frameID, at: packet.at, stream: .init(namespace: nil, sender: packet.sender))
            switch content {
            case .text(let text): compared.value = self.normalised(text, event: nil)
            case .binary(let bytes): compared.attachments = [bytes]
            }
            self.packets.append(compared)
        case .socketIO(let scripted): self.take(scripted, of: packet)
        }
    }

    private mutating func take(_ scripted: ScriptedPacket, of packet: RecordedPacket) {
        let namespace = scripted.namespace
        var compared = ComparedPacket(
            frameID: packet.frameID, at: packet.at, stream: .init(namespace: namespace, sender: packet.sender),
            kind: scripted.kind, event: scripted.event, attachments: scripted.attachments,
            announced: scripted.announced)
        var payload = scripted.payload
        let index = self.packets.count
        switch (scripted.kind, packet.sender) {
        case (.event, _):
            compared.wantsAck = scripted.ackID != nil
            if let id = scripted.ackID {
                self.unanswered[AckKey(asker: packet.sender, namespace: namespace, id: id)] = index
            } else if packet.sender == .server, self.recovering.contains(namespace) {
                payload = payload.map(Self.withoutOffset)
            }
        case (.ack, _):
            if let id = scripted.ackID {
                compared.cause = self.unanswered.removeValue(
                    forKey: AckKey(asker: packet.sender.other, namespace: namespace, id: id))
            }
        case (.connect, .client):
            self.connecting[namespace, default: []].append(index)
        case (.connect, .server), (.connectError, .server):
            if var waiting = self.connecting[namespace], !waiting.isEmpty {
                compared.cause = waiting.removeFirst()
                self.connecting[namespace] = waiting
            }
        case (.connectError, .client), (.disconnect, _): break
        }
        compared.value = payload.map { self.normalised($0, event: scripted.event) }
        if scripted.kind == .connect { self.nameIDs(in: &compared) }
        self.packets.append(compared)
    }

    /// Text that is no JSON stays a text. The name of an event is known, and no argument.
    private func normalised(_ text: String, event: String?) -> JSONValue {
        guard var value = try? JSONValue(text) else { return .string(text) }
        if event != nil, case .array(let values) = value { value = .array(Array(values.dropFirst())) }
        return self.masks.apply(to: self.names.apply(to: value), event: event)
    }

    /// Members that hold nothing but an id have its name however short it is; where a client came back with an offset
    /// of its own, that it has one is compared, not which.
    private mutating func nameIDs(in packet: inout ComparedPacket) {
        guard case .object(var members)? = packet.value else { return }
        let isServer = packet.stream.sender == .server
        for (index, member) in members.enumerated() {
            guard let id = member.value.string else { continue }
            switch member.key {
            case "sid" where isServer, "pid": members[index].value = .string(self.names.name(of: id) ?? id)
            case "offset" where !isServer: members[index].value = .string("<offset>")
            default: continue
            }
            if isServer, member.key == "pid", let namespace = packet.stream.namespace {
                self.recovering.insert(namespace)
            }
        }
        packet.value = .object(members)
    }

    private static func withoutOffset(_ payload: String) -> String {
        guard case .array(let values)? = try? JSONValue(payload), values.count > 1, values.last?.string != nil else {
            return payload
        }
        return JSONValue.array(values.dropLast()).description
    }
}
