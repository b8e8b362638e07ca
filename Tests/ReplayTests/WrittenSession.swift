import EngineIO
import Replay
import SocketIO
import TimelineModel

/// A recorded session written down as a test reads it: one packet a line, `MS SENDER PACKET`, sender `C` or `S`, the
/// packet as on the wire; `#` and hex for the attachment of the packet before.
struct WrittenSession {
    let session: RecordedSession

    init(
        _ text: String, id: Int64 = 1, end: EndClass? = .webSocketClose, by: Sender? = .client, endedMs: Int64 = 60_000,
        change: (inout SessionFacts) -> Void = { _ in }
    ) {
        var facts = SessionFacts(id: id, sid: nil, opened: Timestamp(nanoseconds: 1_000_000_000))
        facts.engineIOVersion = 4
        facts.socketIOVersion = 5
        facts.pingIntervalMs = 25_000
        facts.pingTimeoutMs = 20_000
        facts.transports = [.websocket]
        facts.completeHead = true
        facts.completeTail = true
        facts.endClass = end
        facts.endedBy = by
        facts.ended = facts.opened.advanced(byNs: endedMs * 1_000_000)
        var packets: [RecordedPacket] = []
        for (index, line) in text.split(separator: "\n").enumerated() {
            let parts = line.split(separator: " ", maxSplits: 2)
            let at = facts.opened.advanced(byNs: Int64(parts[0])! * 1_000_000)
            let wire = String(parts[2])
            if wire.hasPrefix("#") {
                guard case .socketIO(var packet) = packets[packets.count - 1].content else { continue }
                packet.attachments.append(Self.bytes(wire.dropFirst()))
                packets[packets.count - 1].content = .socketIO(packet)
                continue
            }
            packets.append(
                RecordedPacket(
                    frameID: id * 1_000 + Int64(index) + 1, at: at, sender: parts[1] == "C" ? .client : .server,
                    transport: .websocket, content: Self.content(wire)))
            if wire.hasPrefix("0{") {
                facts.sid = wire.firstRange(of: #""sid":""#).map {
                    String(wire[$0.upperBound...].prefix { $0 != "\"" })
                }
            }
        }
        change(&facts)
        var session = RecordedSession(facts: facts)
        session.packets = packets
        self.session = session
    }

    var life: RecordedLineage.Life { .session(self.session) }
    var lineage: RecordedLineage { RecordedLineage(lives: [self.life]) }

    private static func bytes(_ hex: some StringProtocol) -> [UInt8] {
        let digits = hex.compactMap { $0.hexDigitValue.map { UInt8($0) } }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func content(_ wire: String) -> RecordedPacket.Content {
        let type = EngineIOType(rawValue: UInt8(wire.prefix(1))!)!
        let data = String(wire.dropFirst())
        guard type == .message else { return .engineIO(type, data) }
        let bytes = Array(data.utf8)
        guard let head = try? SocketIOPacketHead(bytes.span, .v5) else { return .message(.text(data)) }
        func text(_ range: Range<Int>?) -> String? { range.map { String(decoding: bytes[$0], as: UTF8.self) } }
        return .socketIO(
            ScriptedPacket(
                type: head.type, namespace: text(head.namespace) ?? "/", event: head.event, ackID: head.ackID,
                payload: text(head.payload), announced: head.attachments ?? 0))
    }
}
