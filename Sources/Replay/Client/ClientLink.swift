import EngineIO
import TimelineModel

/// One live Engine.IO session from the client's side, whatever carries it: polling, a WebSocket, or the one and then
/// the other. It answers for handshake, heartbeat, upgrade and the end; what the messages mean is not its business.
///
/// ```
/// idle --begin--> opening --open packet--> open --close, server's end, silence--> closing --closed--> ended
///                    +---------- refusal, time -----------------------------------------------------> ended
/// ```
struct ClientLink: Sendable {
    enum Phase: Sendable {
        case idle
        case opening(until: Timestamp)
        case open(EngineIOHandshake)
        /// The goodbye was said; what was the reason, and until when an answer to it is waited for.
        case closing(LinkEnd, until: Timestamp)
        /// The session is over, and a misbehaving client comes back to it then.
        case afterwards(LinkEnd, until: Timestamp)
        case ended
    }

    /// The polling transport: at most one GET and one POST at a time.
    struct Polling: Sendable {
        var get: Int?
        var post: Int?
        /// A slice, so that taking from its front costs nothing.
        var queue: ArraySlice<EngineIOPacket> = []
        /// Bodies that go before the queue, as they are.
        var bodies: [PollingBody.Encoded] = []
        /// Nothing is asked for.
        var isHeld = false
    }

    struct Socket: Sendable {
        enum Stage: Sendable {
            case dialing
            /// The probe was sent.
            case probing
            /// The probe was answered; the GET that is open has to come back before the `upgrade` packet may go.
            case pausing
            case active
        }
        var id: Int
        var stage: Stage
        /// What the server's close frame said, once it came.
        var farewell: String?
    }

    /// How long an answer to a goodbye is waited for.
    static let closingNs: Int64 = 5_000_000_000
    /// And how long one to the GET that is open, once the goodbye was taken.
    static let lastPollNs: Int64 = 1_000_000_000
    /// How long a client that does not answer the server's close frame stays.
    private static let unansweredNs: Int64 = 5_500_000_000
    /// How long after the end of a session a client uses its sid once more.
    private static let reuseNs: Int64 = 500_000_000

    let plan: LinkPlan
    let habits: LinkHabits
    private var misconduct: (any Misconduct)?
    var phase = Phase.idle
    var heartbeat = ClientHeartbeat()
    var polling: Polling?
    var socket: Socket?
    /// WebSockets that carry nothing of the session.
    var strays: Set<Int> = []
    /// The next number of a request or WebSocket.
    var numbers: Int
    var maxPayload: Int?
    /// Of the session once it is open, as long as a client that comes back to it has not done so.
    private var lastSID: String?
    private var latest = Timestamp.zero

    init(_ plan: LinkPlan, _ misbehaviour: Misbehaviour? = nil, numbers: Int) {
        self.plan = misbehaviour?.changed(plan) ?? plan
        self.habits = misbehaviour?.habits ?? LinkHabits()
        self.misconduct = misbehaviour?.misconduct()
        self.numbers = numbers
    }

    var deadline: Timestamp? {
        switch self.phase {
        case .idle, .ended: nil
        case .opening(let until), .closing(_, let until), .afterwards(_, let until): until
        case .open: [self.heartbeat.deadline, self.misconduct?.deadline].compactMap { $0 }.min()
        }
    }

    var handshake: EngineIOHandshake? {
        if case .open(let handshake) = self.phase { handshake } else { nil }
    }

    /// The session goes on over a WebSocket now, not over polling.
    var isOnWebSocket: Bool {
        if case .active = self.socket?.stage { self.handshake != nil } else { false }
    }

    mutating func begin(at now: Timestamp) -> [LinkOutput] {
        guard case .idle = self.phase else { return [] }
        self.phase = .opening(until: now.advanced(byNs: self.plan.openTimeoutNs))
        switch self.plan.first {
        case .polling:
            let id = self.number()
            self.polling = Polling(get: id)
            let target = self.plan.target(
                .polling, sid: nil, stamp: id, transportName: self.habits.handshakeTransport)
            return [
                .action(
                    .request(
                        HTTPRequest(
                            method: self.habits.handshakeMethod, target: target, headers: self.habits.headers),
                        as: id))
            ]
        case .websocket:
            let id = self.number()
            self.socket = Socket(id: id, stage: .dialing)
            let target = self.plan.target(
                .websocket, sid: nil, stamp: nil, transportName: self.habits.handshakeTransport)
            return self.dial(target, as: id)
        }
    }

    func dial(_ target: String, as id: Int) -> [LinkOutput] {
        [.action(.openWebSocket(target: target, headers: self.habits.headers, as: id))]
            + (self.habits.answersClose ? [] : [.action(.ignoreClose(on: id))])
    }

    mutating func handle(_ event: ClientEvent, at now: Timestamp) -> [LinkOutput] {
        self.latest = now
        switch event {
        case .begin, .auth: return []
        case .timePassed: return self.timePassed(at: now)
        case .response(let response, let id): return self.receive(response, to: id, at: now)
        case .requestFailed(let reason, let id): return self.requestFailed(reason, id, at: now)
        case .webSocketOpened(let id): return self.socketOpened(id)
        case .webSocketRefused(let response, let reason, let id):
            return self.socketRefused(response, reason, id, at: now)
        case .message(let content, let id): return self.receive(content, on: id, at: now)
        case .control(let control, let id):
            if case .close(let code, let reason) = control, id == self.socket?.id {
                let text = reason.isEmpty ? "" : " \"\(reason)\""
                let farewell = (code.map { "a WebSocket close \($0)" } ?? "an empty WebSocket close") + text
                self.socket?.farewell = farewell
                if !self.habits.answersClose, case .open = self.phase {
                    self.phase = .afterwards(.ended(farewell), until: now.advanced(byNs: Self.unansweredNs))
                }
            }
            return []
        case .closed(let id, let wasReset): return self.socketClosed(id, wasReset: wasReset, at: now)
        }
    }

    /// Sends packets, in their order, with nothing between. Nothing happens where the session is not open.
    mutating func send(_ packets: [EngineIOPacket], at now: Timestamp) -> [LinkOutput] {
        guard case .open = self.phase else { return [] }
        return self.write(self.misconduct?.saying(packets, at: now) ?? packets)
    }

    /// As `send`, without asking what a misbehaving client would do.
    mutating func write(_ packets: [EngineIOPacket]) -> [LinkOutput] {
        guard !packets.isEmpty else { return [] }
        if let socket, case .active = socket.stage {
            return packets.map { .action(.send($0.webSocketMessage(self.plan.version), on: socket.id)) }
        }
        self.polling?.queue += packets
        return self.flush()
    }

    /// Ends the session as told; over polling a `close` packet is sent instead of a close frame.
    mutating func close(_ end: ConnectionEnd, at now: Timestamp) -> [LinkOutput] {
        guard case .open = self.phase else { return [] }
        let wrong = self.misconduct?.leaving() ?? []
        let out = self.act(wrong, at: now)
        guard let code = self.habits.closeCode, case .webSocketClose(_, let reason) = end else {
            return out + self.finish(.left, end, at: now)
        }
        return out + self.finish(.left, .webSocketClose(code: code, reason: reason), at: now)
    }

    mutating func number() -> Int {
        defer { self.numbers += 1 }
        return self.numbers
    }

    // MARK: Time

    private mutating func timePassed(at now: Timestamp) -> [LinkOutput] {
        switch self.phase {
        case .idle, .ended: return []
        case .opening(let until):
            guard until <= now else { return [] }
            return self.finish(.silent(afterMs: self.plan.openTimeoutNs / 1_000_000), nil, at: now)
        case .closing(let end, let until):
            guard until <= now else { return [] }
            return self.end(end)
        case .afterwards(let end, let until):
            guard until <= now else { return [] }
            return self.comeBack(end, at: now)
        case .open:
            let wrong = self.misconduct?.timePassed(at: now) ?? []
            let out = self.act(wrong, at: now)
            guard case .open = self.phase else { return out }
            switch self.heartbeat.timePassed(at: now) {
            case .nothing: return out
            case .ping: return out + self.send([EngineIOPacket(.ping)], at: now)
            case .dead(let ms): return out + self.finish(.dead(afterMs: ms), nil, at: now)
            }
        }
    }

    // MARK: Packets

    /// A packet of the session from the server.
    mutating func receive(_ packet: EngineIOPacket, at now: Timestamp) -> [LinkOutput] {
        switch self.phase {
        case .opening: return self.open(packet, at: now)
        case .open: break
        // What was on its way when the goodbye was said still counts.
        case .closing: return packet.type == .message ? [.message(packet.content)] : []
        case .idle, .afterwards, .ended: return []
        }
        self.heartbeat.hear(packet.type, at: now)
        let wrong = self.misconduct?.hearing(packet, at: now) ?? []
        switch packet.type {
        case .message: return self.act(wrong, at: now) + [.message(packet.content)]
        case .ping:
            guard self.plan.version == .v4, case .text(let data) = packet.content else { return [] }
            return self.send([EngineIOPacket(.pong, data)], at: now)
        case .close: return self.finish(.ended("an Engine.IO close packet"), nil, at: now)
        case .open, .pong, .upgrade, .noop: return []
        }
    }

    private mutating func open(_ packet: EngineIOPacket, at now: Timestamp) -> [LinkOutput] {
        guard packet.type == .open, case .text(let json) = packet.content,
            let handshake = EngineIOHandshake(json: Array(json.utf8).span)
        else {
            let what = packet.type == .open ? "an open packet without a sid" : "a \(packet.type.name) packet"
            return self.finish(.garbled("its first packet was \(what)"), nil, at: now)
        }
        self.phase = .open(handshake)
        if self.habits.pollsAfterEnd { self.lastSID = handshake.sid }
        self.maxPayload = handshake.maxPayload.flatMap { $0 > 0 ? $0 : nil }
        if self.habits.keepsHeartbeat { self.heartbeat.start(handshake, self.plan.version, at: now) }
        var out: [LinkOutput] = [.opened(handshake)]
        let version = self.plan.version
        let wrong = self.misconduct?.opened(handshake, version, at: now) ?? []
        out += self.act(wrong, at: now)
        guard self.polling != nil else { return out }
        if self.plan.upgrades, handshake.upgrades.contains(Transport.websocket.rawValue) {
            out += self.dial(sid: handshake.sid)
        }
        return out
    }

    // MARK: Ends

    /// Says goodbye, or what comes nearest to it, and waits for the other end to be gone.
    ///
    /// - Parameter wish: how to let go of a connection; nil as socket.io-client does when it gives one up.
    mutating func finish(_ end: LinkEnd, _ wish: ConnectionEnd?, at now: Timestamp) -> [LinkOutput] {
        self.latest = now
        var out: [LinkOutput] = []
        if let socket {
            out.append(.action(.end(wish ?? .webSocketClose(code: nil, reason: ""), on: socket.id)))
        }
        if self.polling != nil {
            if case .left = end, !self.isOnWebSocket { out += self.leavePolling(wish) }
            if self.polling?.post == nil { out += self.dropPolling() }
        }
        guard self.socket != nil || self.polling?.post != nil || !self.strays.isEmpty else {
            return out + self.end(end)
        }
        self.phase = .closing(end, until: now.advanced(byNs: Self.closingNs))
        return out
    }

    /// Nothing of the session is left.
    mutating func end(_ end: LinkEnd) -> [LinkOutput] {
        var out = self.dropPolling()
        out += self.strays.sorted().map { .action(.end(.fin, on: $0)) }
        self.strays = []
        self.socket = nil
        if self.lastSID != nil {
            self.phase = .afterwards(end, until: self.latest.advanced(byNs: Self.reuseNs))
            return out
        }
        self.phase = .ended
        out.append(.ended(end))
        return out
    }

    /// What only a misbehaving client does with a session that is over.
    private mutating func comeBack(_ end: LinkEnd, at now: Timestamp) -> [LinkOutput] {
        if let socket {
            return [.action(.sendControl(.ping([]), on: socket.id)), .action(.end(.fin, on: socket.id))] + self.end(end)
        }
        guard let sid = self.lastSID else { return self.end(end) }
        self.lastSID = nil
        let id = self.number()
        self.polling = Polling(get: id)
        self.phase = .closing(end, until: now.advanced(byNs: Self.closingNs))
        return [self.get(sid, as: id)]
    }

    private mutating func dropPolling() -> [LinkOutput] {
        let open = [self.polling?.get, self.polling?.post].compactMap { $0 }
        self.polling = nil
        return open.map { .action(.abort($0)) }
    }
}
