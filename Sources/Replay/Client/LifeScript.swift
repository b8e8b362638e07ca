import EngineIO
import TimelineModel

/// What a recorded session asks of a replay: what the client says, what the server should say, and how it ends.
///
/// Heartbeats, probes and whatever else Engine.IO says of itself are left out: the live session has its own.
struct LifeScript: Sendable {
    /// Something that the client says.
    struct Step: Sendable {
        var packet: RecordedPacket
        /// From what the recorded client had seen or said before it.
        var thinkNs: Int64
        /// So many of the server's packets stand before it in the recording.
        var after: Int
        /// It is not in the recording: a CONNECT for what the client says in a namespace that it never joined there.
        var isAdded = false
    }

    /// Something that the server said.
    struct Line: Sendable {
        var packet: RecordedPacket
        /// From the client's latest step before it, or the line before.
        var gapNs: Int64
        /// So many of the client's packets stand before it in the recording.
        var after: Int
    }

    enum Ending: Hashable, Sendable {
        case byClient(ConnectionEnd)
        case byServer
        /// It is not in the recording.
        case unknown
    }

    var steps: [Step] = []
    var lines: [Line] = []
    var ending = Ending.unknown
    /// From the last packet to the end.
    var endNs: Int64 = 0
    let facts: SessionFacts
    let version: EngineIOVersion
    /// Socket.IO stands on it, so that namespaces have to be joined.
    let hasNamespaces: Bool

    init(_ session: RecordedSession) {
        self.facts = session.facts
        self.version = session.facts.engineIOVersion == 3 ? .v3 : .v4
        self.hasNamespaces = if case .socketIO = LivePacketReader.language(of: session) { true } else { false }
        var latest = session.facts.opened
        var joined: Set<String> = self.version == .v3 ? ["/"] : []
        var goodbye: Timestamp?
        // What the recorded client should have begun with.
        if session.connectsNothing, let first = session.packets.first { self.join("/", before: first, after: latest) }
        let fatal = Self.tooBig(session)
        for (index, packet) in session.packets.enumerated() where index != fatal {
            switch (packet.sender, packet.content) {
            case (.client, .engineIO(.close, _)):
                goodbye = goodbye ?? packet.at
                continue
            case (_, .engineIO), (_, .unreadable): continue
            case (_, .message) where self.hasNamespaces: continue
            case (.client, .socketIO(let said)):
                guard said.attachments.count >= said.announced else { continue }
                if !joined.contains(said.namespace), said.kind != .connect {
                    self.join(said.namespace, before: packet, after: latest)
                }
                joined.insert(said.namespace)
                self.addStep(packet, after: latest)
            case (.client, .message): self.addStep(packet, after: latest)
            case (.server, _): self.addLine(packet, after: latest)
            }
            latest = max(latest, packet.at)
        }
        self.setEnding(session, goodbye, after: latest)
    }

    /// A message for whose size the recorded server ended the session: what follows of it is known.
    private static func tooBig(_ session: RecordedSession) -> Int? {
        guard let cause = RecordedEnd.cause(of: session) else { return nil }
        let violations = ClientViolation.all(in: session, LivePacketReader.language(of: session))
        return violations.contains { $0.index == cause && $0.kind == .tooBig } ? cause : nil
    }

    private mutating func join(_ namespace: String, before packet: RecordedPacket, after latest: Timestamp) {
        var connect = packet
        connect.sender = .client
        connect.content = .socketIO(ScriptedPacket(type: .connect, namespace: namespace))
        self.addStep(connect, after: latest)
        self.steps[self.steps.count - 1].isAdded = true
    }

    private mutating func addStep(_ packet: RecordedPacket, after latest: Timestamp) {
        self.steps.append(
            Step(
                packet: packet, thinkNs: max(0, packet.at.nanoseconds(since: latest)), after: self.lines.count))
    }

    private mutating func addLine(_ packet: RecordedPacket, after latest: Timestamp) {
        self.lines.append(
            Line(packet: packet, gapNs: max(0, packet.at.nanoseconds(since: latest)), after: self.steps.count))
    }

    private mutating func setEnding(_ session: RecordedSession, _ goodbye: Timestamp?, after latest: Timestamp) {
        let facts = session.facts
        let last = max(session.packets.last?.at ?? latest, session.facts.ended ?? latest)
        self.endNs = max(0, (goodbye ?? last).nanoseconds(since: latest))
        let frame = session.closeFrames.first { $0.sender == .client }
        // A close frame of the client may only answer the server's.
        let isFirst = session.closeFrames.first?.sender == .client
        if goodbye == nil {
            guard let endedBy = facts.endedBy, facts.endClass != .captureEnd else { return }
            guard endedBy == .client else {
                self.ending = .byServer
                return
            }
        }
        switch facts.endClass {
        case .fin where goodbye == nil: self.ending = .byClient(.fin)
        case .rst where goodbye == nil: self.ending = .byClient(.reset)
        default:
            self.ending = .byClient(
                .webSocketClose(
                    code: isFirst ? frame?.code.flatMap(Self.sendable) : nil, reason: isFirst ? frame?.reason ?? "" : ""
                ))
        }
    }

    private static func sendable(_ code: UInt16) -> UInt16? { WebSocketControl.mayCarry(code) ? code : nil }
}
