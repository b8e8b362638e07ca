import EngineIO
import Replay
import TimelineModel

/// The client of a recording over WebSockets: says what it said, at its own recorded times, with ids of its own.
/// It is a mended one: what of it breaks the protocol it leaves out. `isIll` makes it say that, too, `pings` only its
/// pings of version 4.
struct RedrivenClient {
    private(set) var client: PlayedClient
    let lineage: RecordedLineage
    var pings = false
    var isIll = false
    /// Namespaces that the recorded client has connected.
    private var connected: Set<String> = []
    private let isBinaryOnly: Bool

    init(_ lineage: RecordedLineage, _ settings: ReplayServerSettings = .init()) {
        self.lineage = lineage
        self.client = PlayedClient(lineage, settings)
        let isVersion3 = lineage.sessions.first?.facts.engineIOVersion == 3
        // Half of what the fastest pace leaves.
        self.client.pingEveryMs = isVersion3 ? 100 : nil
        self.isBinaryOnly = lineage.sessions.first?.facts.parser == .msgpack
    }

    mutating func run() -> ReplayOutcome {
        var last: Timestamp?
        for session in self.lineage.sessions where !self.client.server.isFinished {
            if let last { self.client.run(forMs: max(0, session.facts.opened.nanoseconds(since: last) / 1_000_000)) }
            self.live(session)
            last = session.facts.ended
        }
        self.client.finish()
        return self.client.outcome
    }

    private mutating func live(_ session: RecordedSession) {
        let version = session.facts.engineIOVersion ?? 4
        self.connected = []
        self.client.connect("/socket.io/?EIO=\(version)&transport=websocket")
        let began = self.client.ns
        // What the recording began without.
        let isMute = !session.packets.contains { if case .socketIO = $0.content { true } else { false } }
        if version == 4, !session.facts.completeHead || isMute && !self.isIll { self.client.send("40") }
        let base = session.packets.first?.at ?? session.facts.opened
        for packet in session.packets {
            guard packet.sender == .client else {
                if case .socketIO(let said) = packet.content, said.kind == .connectError || said.kind == .disconnect {
                    self.connected.remove(said.namespace)
                }
                continue
            }
            // A client hears before it answers.
            self.client.run(untilNs: began + packet.at.nanoseconds(since: base) + 1000)
            guard self.client.isOpen, !self.client.server.isFinished else { return }
            guard self.isIll || !self.isOffence(packet.content, session.facts) else { continue }
            for text in self.texts(packet.content, version) { self.client.send(text) }
        }
        if session.facts.endedBy == .client, let ended = session.facts.ended {
            self.client.run(untilNs: began + ended.nanoseconds(since: base))
            if self.client.isOpen { self.client.close() }
        } else {
            while self.client.isOpen, !self.client.server.isFinished { self.client.run(forMs: 100) }
        }
    }

    private mutating func isOffence(_ content: RecordedPacket.Content, _ facts: SessionFacts) -> Bool {
        switch content {
        case .engineIO: return false
        case .unreadable: return true
        case .message: return facts.socketIOVersion != nil && facts.completeHead && facts.holes == 0
        case .socketIO(let packet):
            if packet.attachments.count < packet.announced { return true }
            if let limit = facts.maxPayload, packet.payload?.utf8.count ?? 0 > limit { return true }
            guard facts.engineIOVersion != 3, facts.completeHead, facts.holes == 0 else { return false }
            switch packet.kind {
            case .connect: return !self.connected.insert(packet.namespace).inserted
            case .disconnect:
                self.connected.remove(packet.namespace)
                return false
            case .event, .ack, .connectError: return !self.connected.contains(packet.namespace)
            }
        }
    }

    private func texts(_ content: RecordedPacket.Content, _ version: Int) -> [String] {
        switch content {
        case .engineIO(.ping, let data):
            return data != "probe" && version == 4 && (self.pings || self.isIll) ? ["2\(data)"] : []
        case .engineIO: return []
        case .unreadable(.text(let text)): return [text]
        case .unreadable(.binary(let bytes)): return [self.binary(bytes, 4)]
        case .message(.text(let text)): return ["4\(text)"]
        case .message(.binary(let bytes)): return [self.binary(bytes, version)]
        case .socketIO(var packet):
            if packet.type == .event || packet.type == .binaryEvent { packet.ackID = packet.ackID.map { $0 + 1000 } }
            if packet.type == .connect { packet.payload = packet.payload.map { _ in "{\"token\":\"of today\"}" } }
            if self.isBinaryOnly { return [self.binary(packet.messagePack, version)] }
            return ["4\(packet.header)"] + packet.attachments.map { self.binary($0, version) }
        }
    }

    private func binary(_ bytes: [UInt8], _ version: Int) -> String {
        "<\(((version == 3 ? [4] : []) + bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())>"
    }
}
