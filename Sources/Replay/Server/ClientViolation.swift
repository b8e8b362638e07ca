import EngineIO
import SocketIO
import TimelineModel

/// A packet of a recorded client that a strict server ends the session for. Never waited for in a replay.
struct ClientViolation: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Version 4: a ping that is no probe.
        case ping
        /// Version 3.
        case pong
        /// For a namespace that is not connected.
        case outsideNamespace
        /// A second CONNECT.
        case connectTwice
        /// No packet of Socket.IO, attachments missing, a reserved name, a type that only servers send.
        case malformed
        /// No packet of Engine.IO, or a body that is no payload.
        case unreadable
        /// A GET while one was waiting.
        case pollOverlap
        /// A waiting GET given up.
        case pollAborted
        /// A body of a type that Node takes for version 3.
        case contentType
        /// More bytes than `maxPayload`.
        case tooBig
    }

    var kind: Kind
    /// In the packets of the session; nil for what is none.
    var index: Int?
    var at: Timestamp

    /// The server went on after it, though the later `last` may have been its end.
    func isTolerated(until ended: Timestamp, _ last: ClientViolation) -> Bool {
        self != last && ended.nanoseconds(since: self.at) > RecordedEnd.reactionNs
            && last.at.nanoseconds(since: self.at) > RecordedEnd.reactionNs
    }

    /// Those of a session, in order.
    static func all(in session: RecordedSession, _ language: LivePacketReader.Language) -> [ClientViolation] {
        var namespaces = NamespaceStates(session, language)
        var found: [ClientViolation] = []
        for (index, packet) in session.packets.enumerated() {
            if packet.sender == .server {
                if case .socketIO(let packet) = packet.content { namespaces.server(packet) }
                continue
            }
            guard let kind = Self.kind(packet, session, language, &namespaces) else { continue }
            found.append(ClientViolation(kind: kind, index: index, at: packet.at))
        }
        let others =
            session.brokenBodies.map { ClientViolation(kind: .unreadable, at: $0) } + Self.requests(of: session)
        guard !others.isEmpty else { return found }
        return (found + others).sorted { $0.at < $1.at }
    }

    /// What was wrong with requests, whatever they carried.
    private static func requests(of session: RecordedSession) -> [ClientViolation] {
        var found: [ClientViolation] = []
        var waiting: ExchangeFacts?
        for exchange in session.exchanges {
            // Without a sid it is the handshake; a WebSocket is none of polling's affairs.
            guard exchange.status != 101, exchange.target.contains("sid=") else { continue }
            if exchange.method == "POST", session.facts.engineIOVersion != 3, exchange.status == 400,
                exchange.requestType?.hasPrefix("application/octet-stream") == true
            {
                found.append(ClientViolation(kind: .contentType, at: exchange.requested))
            }
            if let before = waiting, before.status == nil, exchange.status.map({ $0 >= 400 }) ?? false {
                found.append(ClientViolation(kind: .pollAborted, at: exchange.requested))
                waiting = nil
            }
            guard exchange.method == "GET" else { continue }
            if let before = waiting, exchange.status.map({ $0 >= 400 }) ?? false,
                before.answered.map({ $0 > exchange.requested }) ?? true
            {
                found.append(ClientViolation(kind: .pollOverlap, at: exchange.requested))
            }
            waiting = exchange
        }
        return found
    }

    private static func kind(
        _ packet: RecordedPacket, _ session: RecordedSession, _ language: LivePacketReader.Language,
        _ namespaces: inout NamespaceStates
    ) -> Kind? {
        switch packet.content {
        case .engineIO(.ping, let data):
            return session.facts.engineIOVersion != 3 && data != "probe" ? .ping : nil
        case .engineIO(.pong, let data):
            return session.facts.engineIOVersion == 3 && data != "probe" ? .pong : nil
        case .engineIO: return nil
        case .unreadable: return session.facts.holes == 0 ? .unreadable : nil
        case .message:
            // Joined late, the header of an attachment may lie before the recording.
            if case .engineIO = language { return nil }
            return session.facts.completeHead && session.facts.holes == 0 ? .malformed : nil
        case .socketIO(let packet):
            // The header stands behind the digit of `message`; each attachment is a message of its own.
            if let limit = session.facts.maxPayload, limit > 0,
                1 + packet.header.utf8.count > limit || packet.attachments.contains(where: { $0.count > limit })
            {
                return .tooBig
            }
            if packet.attachments.count < packet.announced || packet.kind == .connectError { return .malformed }
            if let event = packet.event, SocketIOPacketHead.isReserved(event) { return .malformed }
            return namespaces.client(packet)
        }
    }
}

/// Which namespaces of a recorded session are connected.
struct NamespaceStates: Sendable {
    private enum State { case connecting, connected }

    private var states: [String: State] = [:]
    /// The recording begins in the middle: nothing can be said of what was before.
    private let isPartial: Bool
    private let speaksSocketIO: Bool
    private let isVersion3: Bool

    init(_ session: RecordedSession, _ language: LivePacketReader.Language) {
        self.isPartial = !session.facts.completeHead || session.facts.holes > 0
        self.isVersion3 = session.facts.engineIOVersion == 3
        if case .socketIO = language { self.speaksSocketIO = true } else { self.speaksSocketIO = false }
        // Version 4 of Socket.IO connects the root unasked.
        if self.isVersion3 { self.states["/"] = .connected }
    }

    mutating func server(_ packet: ScriptedPacket) {
        switch packet.kind {
        case .connect: self.states[packet.namespace] = .connected
        case .connectError, .disconnect: self.states[packet.namespace] = nil
        case .event, .ack: return
        }
    }

    mutating func client(_ packet: ScriptedPacket) -> ClientViolation.Kind? {
        guard self.speaksSocketIO else { return nil }
        switch packet.kind {
        case .connect:
            if self.states[packet.namespace] != nil, !self.isPartial { return .connectTwice }
            self.states[packet.namespace] = .connecting
            return nil
        case .disconnect:
            self.states[packet.namespace] = nil
            return nil
        case .event, .ack, .connectError:
            return self.states[packet.namespace] == nil && !self.isPartial ? .outsideNamespace : nil
        }
    }
}
