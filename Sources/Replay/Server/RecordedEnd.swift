import EngineIO
import SocketIO
import TimelineModel

/// How a recorded session ended, and what that asks of who plays its server.
enum RecordedEnd: Hashable, Sendable {
    /// The server's own doing: done again.
    case server(ServerEnd)
    /// The server's answer to what the client did wrong, or left undone. It is no part of the script: a client that
    /// does it again gets the answer from the played server's own rules, and one that does not has nothing to fear.
    /// So what followed in the recording is asked for only where the client gets there.
    case reaction(Reaction)
    case client
    /// Not seen.
    case unknown

    enum ServerEnd: Hashable, Sendable {
        case closeFrame(code: UInt16?, reason: String)
        case fin
        case reset
        /// Over polling.
        case closePacket
        case http(status: Int, body: String, type: String?)
    }

    enum Reaction: Hashable, Sendable {
        /// To a packet, so long after the session's beginning. Nanoseconds.
        case violation(atNs: Int64)
        /// To a heartbeat that did not come.
        case silence
        /// To a CONNECT that did not come.
        case noConnect
    }
}

extension RecordedEnd {
    /// A server that ends a session because of a packet does it at once; so long a journey is granted.
    static let reactionNs: Int64 = 1_000_000_000

    init(_ session: RecordedSession, violations: [ClientViolation], base: Timestamp) {
        let facts = session.facts
        guard let endClass = facts.endClass, let ended = facts.ended else {
            self = .unknown
            return
        }
        guard endClass != .captureEnd else {
            self = .unknown
            return
        }
        guard facts.endedBy != .client else {
            self = .client
            return
        }
        if facts.endedBy == .server, endClass != .rst,
            let reaction = Self.reaction(session, violations, ended: ended, base: base)
        {
            self = .reaction(reaction)
            return
        }
        let closeFrame = session.closeFrames.first { $0.sender == .server }
        switch endClass {
        case .webSocketClose:
            self = .server(.closeFrame(code: closeFrame?.code ?? facts.closeCode, reason: closeFrame?.reason ?? ""))
        // A client that came again without an end of what was before had lost its connection somehow.
        case .fin, .superseded: self = .server(.fin)
        case .rst: self = .server(.reset)
        case .engineIOClose:
            if session.facts.transports.last == .polling {
                self = .server(.closePacket)
            } else {
                self = .server(closeFrame.map { .closeFrame(code: $0.code, reason: $0.reason) } ?? .fin)
            }
        case .httpError:
            let answer = session.exchanges.last { $0.status ?? 0 >= 400 }
            self = .server(
                .http(status: answer?.status ?? 400, body: answer?.errorBody ?? "", type: answer?.responseType))
        case .captureEnd: self = .unknown
        }
    }

    private static func reaction(
        _ session: RecordedSession, _ violations: [ClientViolation], ended: Timestamp, base: Timestamp
    ) -> Reaction? {
        // Over polling the end shows only with the client's next request, however late it is.
        let spoke =
            session.facts.endClass == .httpError ? session.packets.last { $0.sender == .server }?.at ?? base : nil
        let last = violations.last { violation in
            violation.at <= ended
                && (spoke.map { $0 <= violation.at } ?? (ended.nanoseconds(since: violation.at) <= Self.reactionNs))
        }
        if let last, !violations.contains(where: { $0.kind == last.kind && $0.isTolerated(until: ended, last) }) {
            return .violation(atNs: max(0, last.at.nanoseconds(since: base)))
        }
        // Framing, text, size: what broke them may not be among the packets.
        let code = session.closeFrames.first { $0.sender == .server }?.code ?? session.facts.closeCode
        if let code, [1002, 1003, 1007, 1009].contains(code) {
            return .violation(atNs: max(0, ended.nanoseconds(since: base)))
        }
        if Self.isSilence(session, ended: ended, base: base) { return .silence }
        // Its timeout is no fact of the session: 45 s where nobody has changed it, and never less than a moment.
        let lived = ended.nanoseconds(since: base)
        return session.connectsNothing && lived >= Self.reactionNs ? .noConnect : nil
    }

    /// The packet that the server's end answered, or its ping that nobody did; by its place.
    static func cause(of session: RecordedSession) -> Int? {
        let violations = ClientViolation.all(in: session, LivePacketReader.language(of: session))
        let base = session.facts.opened
        switch RecordedEnd(session, violations: violations, base: base) {
        case .reaction(.violation(let at)): return violations.last { $0.at == base.advanced(byNs: at) }?.index
        case .reaction(.silence): return session.packets.lastIndex { $0.isEngineIO(.ping, of: .server) }
        case .reaction(.noConnect), .server, .client, .unknown: return nil
        }
    }

    /// A ping that finds no waiting GET is never seen, and its timeout goes by all the same.
    private static func hasPausedPolling(_ session: RecordedSession, _ timeout: Int64) -> Bool {
        guard timeout > 0, let failed = session.exchanges.last(where: { $0.status ?? 0 >= 400 }),
            let before = session.exchanges.last(where: { $0.requested < failed.requested })
        else { return false }
        let quiet = failed.requested.nanoseconds(since: before.responded ?? before.requested)
        return quiet >= timeout / 10 * 9
    }

    /// The server waited in vain: for a pong (v4), a ping (v3).
    private static func isSilence(_ session: RecordedSession, ended: Timestamp, base: Timestamp) -> Bool {
        guard session.facts.completeHead, session.facts.holes == 0 else { return false }
        let timeout = Int64(clamping: max(0, session.facts.pingTimeoutMs ?? 0)).multipliedClamping(by: 1_000_000)
        if session.facts.endClass == .httpError { return Self.hasPausedPolling(session, timeout) }
        let interval = Int64(clamping: max(0, session.facts.pingIntervalMs ?? 0)).multipliedClamping(by: 1_000_000)
        if session.facts.engineIOVersion == 3 {
            let last = session.packets.last { $0.isEngineIO(.ping, of: .client) }?.at ?? base
            let due = interval.addingReportingOverflow(timeout)
            return !due.overflow && due.partialValue > 0
                && ended.nanoseconds(since: last) >= due.partialValue / 10 * 9
        }
        if let ping = session.packets.lastIndex(where: { $0.isEngineIO(.ping, of: .server) }), timeout > 0,
            !session.packets[ping...].contains(where: { $0.isEngineIO(.pong, of: .client) }),
            ended.nanoseconds(since: session.packets[ping].at) >= timeout / 10 * 9
        {
            return true
        }
        return false
    }
}

extension RecordedSession {
    /// Its client never connected to a namespace nor used one, though version 5 has it begin with that.
    var connectsNothing: Bool {
        guard self.facts.engineIOVersion != 3, self.facts.completeHead, self.facts.holes == 0,
            case .socketIO = LivePacketReader.language(of: self)
        else { return false }
        return !self.packets.contains { if case .socketIO = $0.content { true } else { false } }
    }
}

extension RecordedPacket {
    func isEngineIO(_ type: EngineIOType, of sender: Sender) -> Bool {
        guard self.sender == sender, case .engineIO(type, _) = self.content else { return false }
        return true
    }
}

extension Int64 {
    func multipliedClamping(by factor: Int64) -> Int64 {
        let (product, overflow) = self.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}
