import EngineIO
import JSONText
import TimelineModel

/// One recorded session driven against one live one: says when the client says what, and compares what the server says.
///
/// A step is taken once all that the server said before it in the recording was said again, after the time that the
/// recorded client thought; it goes on without what does not come. Each namespace is joined first.
struct LifeRun: Sendable {
    enum Output: Sendable {
        /// With nothing between them.
        case send([EngineIOPacket])
        case fetchAuth(namespace: String, recorded: String?)
        case close(ConnectionEnd)
    }

    enum NamespaceState: Hashable, Sendable {
        /// The auth payload is awaited.
        case asking
        case connecting(until: Timestamp)
        case joined
        case refused
        case left
    }

    /// What several lives have in common.
    struct Memory: Sendable {
        var correlation: Correlation
        var recovery = Recovery()
        var lateness = Lateness()
    }

    private struct AckKey: Hashable {
        var namespace: String
        var id: Int64
    }

    /// The server's end is waited for so much longer than it took in the recording.
    private static let endSlackNs: Int64 = 2_000_000_000

    let number: Int
    let script: LifeScript
    private let settings: ReplayClientSettings
    private let start: Timestamp
    var judgement: LifeJudgement
    private var reader: LivePacketReader
    private(set) var namespaces: [String: NamespaceState] = [:]
    /// The next step.
    private(set) var next = 0
    /// When the next step was free to go; nil while something is waited for.
    private var freeAt: Timestamp?
    /// When the client last said something, or the session opened; nil before.
    private(set) var saidAt: Timestamp?
    private var closeAsked = false
    /// When the server let the client in.
    private var joinedAt: [String: Timestamp] = [:]
    private var ackIDs: [AckKey: Int64] = [:]
    var deadline: Timestamp?

    init(
        _ script: LifeScript, _ session: RecordedSession, number: Int, _ settings: ReplayClientSettings,
        start: Timestamp
    ) {
        self.script = script
        self.number = number
        self.settings = settings
        self.start = start
        self.judgement = LifeJudgement(script, life: number, start: start, ignoring: settings.ignoring)
        self.reader = LivePacketReader(LivePacketReader.language(of: session))
    }

    /// The server kept the client out of a namespace.
    var wasRefused: Bool { self.namespaces.values.contains(.refused) }

    private var isOpen: Bool { self.saidAt != nil && !self.closeAsked }

    mutating func opened(_ handshake: EngineIOHandshake, _ memory: inout Memory, at now: Timestamp) {
        self.saidAt = now
        memory.correlation.bind(self.script.facts.sid, to: handshake.sid)
        // In version 3 the server joins the root by itself.
        if self.script.version == .v3 { self.namespaces["/"] = .connecting(until: self.connectDue(now)) }
    }

    // MARK: The server

    mutating func receive(_ content: EngineIOPacket.Content, _ memory: inout Memory, at now: Timestamp) {
        for live in self.reader.receive(content) {
            switch live {
            case .packet(let packet): self.receive(packet, &memory, at: now)
            case .message(let content):
                self.judgement.hear(.message(content), ackID: nil, memory.correlation, isOver: self.isOver, at: now)
            case .malformed(_, let problem): self.judgement.hearGarbage(problem, at: now)
            }
        }
    }

    private mutating func receive(_ packet: ScriptedPacket, _ memory: inout Memory, at now: Timestamp) {
        switch packet.kind {
        case .connect:
            self.namespaces[packet.namespace] = .joined
            self.joinedAt[packet.namespace] = now
        case .connectError: self.refuse(packet.namespace)
        case .disconnect: self.namespaces[packet.namespace] = .left
        case .event, .ack: break
        }
        memory.recovery.see(packet)
        let line = self.judgement.hear(
            .socketIO(packet), ackID: packet.ackID, memory.correlation, isOver: self.isOver, at: now)
        guard let line, case .socketIO(let recorded) = self.script.lines[line].packet.content else { return }
        let values = packet.values
        memory.correlation.learn(self.script.lines[line].packet.frameID, values)
        if packet.kind == .connect, recorded.kind == .connect {
            for key in ["sid", "pid"] {
                memory.correlation.bind(recorded.values?[key]?.string, to: values?[key]?.string)
            }
        }
        if packet.kind == .event, let old = recorded.ackID, let new = packet.ackID {
            self.ackIDs[AckKey(namespace: packet.namespace, id: old)] = new
        }
    }

    /// The server does not let the client into a namespace: what it says there in the recording cannot be said.
    private mutating func refuse(_ namespace: String) {
        guard self.namespaces[namespace] != .refused else { return }
        self.namespaces[namespace] = .refused
        self.judgement.excuse(namespace)
    }

    /// Everything in the recording was said, or is not waited for any more.
    var isOver: Bool { self.next >= self.script.steps.count && self.judgement.isSettled }

    // MARK: The client

    mutating func auth(_ auth: String?, for namespace: String, _ memory: Memory, at now: Timestamp) -> [Output] {
        guard case .asking = self.namespaces[namespace], self.next < self.script.steps.count else { return [] }
        let asks: Bool
        if case .socketIO(let recorded) = self.script.steps[self.next].packet.content {
            asks = Recovery.split(recorded.payload).asks
        } else {
            asks = false
        }
        let payload = asks ? memory.recovery.joined(auth, namespace) : auth
        self.namespaces[namespace] = .connecting(until: self.connectDue(now))
        self.stepDone(at: now)
        return [.send(self.messages(ScriptedPacket(type: .connect, namespace: namespace, payload: payload)))]
    }

    /// Takes all steps that are due.
    mutating func advance(_ memory: inout Memory, at now: Timestamp) -> [Output] {
        var out: [Output] = []
        self.deadline = nil
        guard self.isOpen else { return out }
        while self.next < self.script.steps.count {
            let step = self.script.steps[self.next]
            guard self.isReleased(step.after, at: now) else { return out }
            let freeAt = self.freeAt ?? now
            self.freeAt = freeAt
            let due = freeAt.advanced(byNs: self.settings.pace.scaled(step.thinkNs))
            guard due <= now else {
                self.deadline = due
                return out
            }
            switch self.take(step, memory, at: now) {
            case .say(let packets):
                // It could not go before the server had let the client in.
                let since = max(due, step.packet.content.namespace.flatMap { self.joinedAt[$0] } ?? due)
                memory.lateness.add(now.nanoseconds(since: since))
                out.append(.send(packets))
                self.stepDone(at: now)
            case .pass:
                self.next += 1
                self.freeAt = nil
            case .ask(let namespace, let recorded):
                self.namespaces[namespace] = .asking
                out.append(.fetchAuth(namespace: namespace, recorded: recorded))
                return out
            case .wait(let until):
                self.deadline = until
                return out
            }
        }
        return out + self.leave(at: now)
    }

    private mutating func stepDone(at now: Timestamp) {
        self.next += 1
        self.saidAt = now
        self.freeAt = nil
    }

    /// The lines before a step were all said, or given up now; sets when to look again where not.
    private mutating func isReleased(_ after: Int, at now: Timestamp) -> Bool {
        guard self.freeAt == nil, let gapNs = self.judgement.gap(before: after) else { return true }
        let since = max(self.saidAt ?? now, self.judgement.heardAt ?? self.start)
        let (patience, overflow) = gapNs.multipliedReportingOverflow(by: 3)
        let until = since.advanced(byNs: overflow ? .max : patience).advanced(byNs: self.settings.waitNs)
        guard until <= now else {
            self.deadline = until
            return false
        }
        self.judgement.giveUp(before: after)
        return true
    }

    private enum Take {
        case say([EngineIOPacket])
        /// There is no saying it.
        case pass
        case ask(namespace: String, recorded: String?)
        case wait(until: Timestamp)
    }

    private mutating func take(_ step: LifeScript.Step, _ memory: Memory, at now: Timestamp) -> Take {
        switch step.packet.content {
        case .engineIO, .unreadable: return .pass
        case .message(.text(let text)):
            return .say([EngineIOPacket(.message, memory.correlation.replaced(text) ?? text)])
        case .message(.binary(let bytes)): return .say([EngineIOPacket(.message, binary: bytes)])
        case .socketIO(var packet):
            if packet.kind == .connect { return self.connect(packet, at: now) }
            switch self.namespaces[packet.namespace] {
            case .joined: break
            case .connecting(let until) where until > now: return .wait(until: until)
            case .connecting:
                self.refuse(packet.namespace)
                return .pass
            case .asking, .refused, .left, nil: return .pass
            }
            if packet.kind == .ack {
                // What the live server never asked cannot be answered.
                guard let old = packet.ackID,
                    let new = self.ackIDs[AckKey(namespace: packet.namespace, id: old)]
                else { return .pass }
                packet.ackID = new
            }
            if packet.kind == .disconnect { self.namespaces[packet.namespace] = .left }
            if let payload = packet.payload { packet.payload = memory.correlation.replaced(payload) ?? payload }
            return .say(self.messages(packet))
        }
    }

    private mutating func connect(_ packet: ScriptedPacket, at now: Timestamp) -> Take {
        switch self.namespaces[packet.namespace] {
        // What comes meanwhile must not take this step for one that was done.
        case .asking: return .wait(until: Timestamp(nanoseconds: .max))
        // The recorded client joined twice, which ends a connection.
        case .connecting, .joined: return .pass
        case .refused, .left, nil: break
        }
        guard self.script.version == .v4 else {
            self.namespaces[packet.namespace] = .connecting(until: self.connectDue(now))
            return .say(self.messages(packet))
        }
        return .ask(namespace: packet.namespace, recorded: Recovery.split(packet.payload).auth)
    }

    private func messages(_ packet: ScriptedPacket) -> [EngineIOPacket] {
        guard self.script.facts.parser == .msgpack else { return packet.messages(self.script.version) }
        return [EngineIOPacket(.message, binary: packet.messagePack)]
    }

    private func connectDue(_ now: Timestamp) -> Timestamp { now.advanced(byNs: self.settings.waitNs) }

    /// Ends the session when its time has come.
    private mutating func leave(at now: Timestamp) -> [Output] {
        guard self.isReleased(self.script.lines.count, at: now) else { return [] }
        let due = self.endDue(now)
        guard due <= now else {
            self.deadline = due
            return []
        }
        self.closeAsked = true
        switch self.script.ending {
        case .byClient(let end): return [.close(end)]
        case .byServer, .unknown: return [.close(.webSocketClose(code: nil, reason: ""))]
        }
    }

    mutating func endDue(_ now: Timestamp) -> Timestamp {
        let freeAt = self.freeAt ?? max(self.saidAt ?? now, self.judgement.heardAt ?? self.start)
        self.freeAt = freeAt
        let slack = self.script.ending == .byServer ? Self.endSlackNs : 0
        return freeAt.advanced(byNs: self.settings.pace.scaled(self.script.endNs)).advanced(byNs: slack)
    }
}
