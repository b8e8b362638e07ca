import TimelineModel

/// A recording in parts that can be left out one by one without a break of the protocol.
///
/// Always kept: open packets, upgrades, CONNECTs with their answers, how each session ended, and the packet that its
/// server ended it for: without it the end would be one of the server's own accord. A part is an event
/// with its attachments and its ack, a message, a DISCONNECT, a ping or pong of the wrong side, or all other heartbeats
/// of a session together.
struct ReducibleRecording {
    struct Part: Hashable {
        /// Place in the lineage.
        var life: Int
        /// Places among the packets of the session.
        var packets: [Int]
        var isHeartbeat = false
    }

    let lives: [RecordedLineage.Life]
    /// In the order of their first packets; of a session its heartbeats last.
    let parts: [Part]

    init(_ lineage: RecordedLineage) {
        self.lives = lineage.lives
        var parts: [Part] = []
        for (index, life) in lineage.lives.enumerated() {
            guard case .session(let session) = life else { continue }
            parts += Self.parts(of: session, life: index)
        }
        self.parts = parts
    }

    private struct AckKey: Hashable {
        var asker: Sender
        var namespace: String
        var id: Int64
    }

    private static func parts(of session: RecordedSession, life: Int) -> [Part] {
        var parts: [Part] = []
        var heartbeat = Part(life: life, packets: [], isHeartbeat: true)
        var asking: [AckKey: Int] = [:]
        let cause = RecordedEnd.cause(of: session)
        for (index, packet) in session.packets.enumerated() where index != cause {
            switch packet.content {
            case .engineIO(.ping, let data), .engineIO(.pong, let data):
                guard data != "probe" else { continue }
                if Self.isOfWrongSide(packet, session.facts) {
                    parts.append(Part(life: life, packets: [index], isHeartbeat: true))
                } else {
                    heartbeat.packets.append(index)
                }
            case .engineIO(.noop, _): heartbeat.packets.append(index)
            case .engineIO: continue
            case .message, .unreadable: parts.append(Part(life: life, packets: [index]))
            case .socketIO(let scripted):
                switch scripted.kind {
                case .connect, .connectError: continue
                case .disconnect: parts.append(Part(life: life, packets: [index]))
                case .event:
                    if let id = scripted.ackID {
                        asking[AckKey(asker: packet.sender, namespace: scripted.namespace, id: id)] = parts.count
                    }
                    parts.append(Part(life: life, packets: [index]))
                case .ack:
                    let key = scripted.ackID.map {
                        AckKey(asker: packet.sender.other, namespace: scripted.namespace, id: $0)
                    }
                    if let place = key.flatMap({ asking.removeValue(forKey: $0) }) {
                        parts[place].packets.append(index)
                    } else {
                        parts.append(Part(life: life, packets: [index]))
                    }
                }
            }
        }
        if !heartbeat.packets.isEmpty { parts.append(heartbeat) }
        return parts
    }

    /// Source: Engine.IO protocol v4, where the server pings, and v3, where the client does.
    private static func isOfWrongSide(_ packet: RecordedPacket, _ facts: SessionFacts) -> Bool {
        let pinger: Sender = facts.engineIOVersion == 3 ? .client : .server
        if case .engineIO(.ping, _) = packet.content { return packet.sender != pinger }
        return packet.sender == pinger
    }

    /// Unexpected in a replay without these parts, though the recorded client said it.
    func unexpected(without left: Set<Int>) -> Set<ReplayVerdict.Difference> {
        var said: Set<ReplayVerdict.Difference> = []
        for place in left {
            guard case .session(let session) = self.lives[self.parts[place].life] else { continue }
            for packet in self.parts[place].packets.map({ session.packets[$0] }) where packet.sender == .client {
                let divergence = Divergence(
                    .unexpected, life: 0, sender: .client, namespace: PacketText.namespace(packet.content),
                    what: PacketText.short(packet.content, namespace: false))
                said.insert(ReplayVerdict.Difference(divergence))
            }
        }
        return said
    }

    /// The recording without some of its lives and parts.
    ///
    /// - Parameters:
    ///   - lives: places of the lives that stay.
    ///   - left: places of the parts that go.
    func lineage(lives kept: Set<Int>, without left: Set<Int>) -> RecordedLineage {
        var dropped: [Int: Set<Int>] = [:]
        for place in left { dropped[self.parts[place].life, default: []].formUnion(self.parts[place].packets) }
        var lives: [RecordedLineage.Life] = []
        for (index, life) in self.lives.enumerated() where kept.contains(index) {
            guard case .session(var session) = life, let dropped = dropped[index] else {
                lives.append(life)
                continue
            }
            session.packets = session.packets.enumerated().filter { !dropped.contains($0.offset) }.map(\.element)
            lives.append(.session(session))
        }
        return RecordedLineage(lives: lives)
    }
}
