public import TimelineModel

/// The server's side of one Engine.IO session, versions 3 and 4, over polling, WebSocket and the upgrade between them.
/// No socket, no clock: events and times go in, actions come out. Connections are the driver's numbers.
///
/// ```
///                        +--- GET waiting <-> no GET waiting
/// begin(polling) --> polling --WebSocket with the sid--> probing --"2probe": "3probe", the GET gets "6"--> probed
///                        ^                                  |                                                |
///                        +---- WebSocket gone, or no "5" ---+------------------------------------------------+
/// begin(webSocket) --> webSocket <------------------------------------------------------- "5" ---------------+
/// ```
///
/// Sources: Engine.IO protocol v4 and v3, "Transports", "Heartbeat", "Upgrade"; engine.io 6.6 `socket.ts` and
/// python-engineio 4 `socket.py` for what each does about violations.
public struct EngineIOServerMachine: Sendable {
    public typealias Content = EngineIOPacket.Content

    /// How a GET wants its answer.
    public struct PollForm: Hashable, Sendable {
        public var base64: Bool
        /// JSONP: the number that the answer repeats.
        public var jsonpIndex: Int?

        public init(base64: Bool = false, jsonpIndex: Int? = nil) {
            self.base64 = base64
            self.jsonpIndex = jsonpIndex
        }
    }

    public enum Event: Hashable, Sendable {
        /// A GET with the session's sid.
        case polled(on: Int, PollForm)
        /// The body of a POST with the session's sid, JSONP undone.
        case posted([UInt8], on: Int)
        /// A WebSocket with the session's sid, accepted.
        case webSocketOpened(on: Int)
        /// A whole WebSocket message.
        case received(Content, on: Int)
        case closed(on: Int, wasReset: Bool)
        /// To be sent on whatever carries the session.
        case send([EngineIOPacket])
        /// Version 4: to be sent as a ping of a heartbeat that the caller leads.
        case ping
        /// The server wants an end. Over polling the client is told by a `close` packet; a WebSocket is the caller's
        /// to close, as it sees fit.
        case end
        case timePassed
    }

    public enum Action: Hashable, Sendable {
        /// 200 with this body.
        case answerPoll(PollingPayload.Body, PollForm, on: Int)
        /// 200 `ok`.
        case acceptPost(on: Int)
        /// 400; `code` and message of Engine.IO's JSON where it has one.
        case refuse(code: Int?, on: Int)
        case send(Content, on: Int)
        /// The WebSocket is to be closed: it no longer belongs to the session.
        case closeWebSocket(on: Int, code: UInt16?)
        /// A packet of the client, probes and `upgrade` included.
        case received(EngineIOPacket, over: Transport)
        /// Let pass.
        case tolerated(EngineIOViolation)
        case upgraded(on: Int)
        /// The session is over. Comes once; answers to requests may follow.
        case ended(EngineIOServerEnd)
    }

    struct Poll: Sendable {
        var connection: Int
        var form: PollForm
        /// When it gets a noop at the latest, so that an upgrading client can go on.
        var noopAt: Timestamp?
    }

    struct Probe: Sendable {
        var connection: Int
        var isAnswered = false
        var until: Timestamp
    }

    enum State: Sendable {
        case polling(Poll?, Probe?)
        case webSocket(Int)
        /// Polling: the client has not yet been told.
        case closing
        case over
    }

    let settings: EngineIOServerSettings
    var state: State
    /// Waits for a GET.
    var outbox: [EngineIOPacket] = []
    var heartbeat: EngineIOServerHeartbeat

    /// A session that a handshake on `connection` begins: its first actions answer it with the open packet and `first`.
    public init(
        _ settings: EngineIOServerSettings, on connection: Int, over transport: Transport, form: PollForm = PollForm(),
        first: [EngineIOPacket] = [], at now: Timestamp, _ actions: (Action) -> Void
    ) {
        self.settings = settings
        self.heartbeat = EngineIOServerHeartbeat(settings, at: now)
        let packets = [EngineIOPacket(.open, settings.handshake.json)] + first
        switch transport {
        case .polling:
            self.state = .polling(nil, nil)
            actions(
                .answerPoll(
                    PollingPayload.encode(packets, settings.version, base64: form.base64), form, on: connection))
        case .websocket:
            self.state = .webSocket(connection)
            for packet in packets { actions(.send(packet.webSocketMessage(settings.version), on: connection)) }
        }
    }

    public var isOver: Bool { if case .over = self.state { true } else { false } }

    public var transport: Transport { if case .webSocket = self.state { .websocket } else { .polling } }

    /// The WebSocket that carries the session.
    public var webSocket: Int? { if case .webSocket(let connection) = self.state { connection } else { nil } }

    /// The connection whose GET waits for an answer.
    public var waitingPoll: Int? { if case .polling(let poll?, _) = self.state { poll.connection } else { nil } }

    public var deadline: Timestamp? {
        switch self.state {
        case .polling(let poll, let probe):
            [self.heartbeat.deadline, poll?.noopAt, probe?.until].compactMap { $0 }.min()
        case .webSocket: self.heartbeat.deadline
        case .closing, .over: nil
        }
    }

    /// The client has heard nothing of the heartbeat for so long that it may take the server for dead, and leave.
    public func isSilent(at now: Timestamp) -> Bool { self.heartbeat.isSilent(at: now) }

    /// And for all that is known it has: it has said nothing since. Clients of python-engineio leave their socket open.
    public func isForsaken(at now: Timestamp) -> Bool { !self.isOver && self.heartbeat.isForsaken(at: now) }

    /// The session is over without a word; its connections are the caller's to end.
    public mutating func abandon() { self.state = .over }

    public mutating func handle(_ event: Event, at now: Timestamp) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .polled, .posted, .webSocketOpened, .received: self.heartbeat.heard(at: now)
        case .closed, .send, .ping, .end, .timePassed: break
        }
        switch event {
        case .polled(let connection, let form):
            self.poll(Poll(connection: connection, form: form), at: now, &actions)
        case .posted(let body, let connection): self.post(body, connection, at: now, &actions)
        case .webSocketOpened(let connection): self.probe(connection, at: now, &actions)
        case .received(let content, let connection): self.receive(content, connection, at: now, &actions)
        case .closed(let connection, let wasReset): self.close(connection, wasReset, &actions)
        case .send(let packets): self.send(packets, &actions)
        case .ping:
            guard !self.isEnding, self.heartbeat.led(at: now) else { break }
            self.send([EngineIOPacket(.ping)], &actions)
        case .end: self.finish(.closedByServer, &actions)
        case .timePassed: self.pass(now, &actions)
        }
        return actions
    }
}

// MARK: Packets and time

extension EngineIOServerMachine {
    var isEnding: Bool {
        switch self.state {
        case .closing, .over: true
        case .polling, .webSocket: false
        }
    }

    mutating func take(
        _ packet: EngineIOPacket, over transport: Transport, at now: Timestamp, _ actions: inout [Action]
    ) {
        actions.append(.received(packet, over: transport))
        switch (packet.type, self.settings.version) {
        case (.ping, .v4): self.judge(.clientPing, &actions)
        case (.pong, .v3): self.judge(.clientPong, &actions)
        case (.pong, .v4): self.heartbeat.ponged(at: now)
        case (.ping, .v3):
            self.heartbeat.pinged(at: now)
            guard case .text(let data) = packet.content else { return }
            if case .led = self.settings.heartbeat, data != Self.probe { return }
            self.send([EngineIOPacket(.pong, data)], &actions)
        case (.close, _):
            // Over a WebSocket Node's server does not listen to it, python's does.
            guard transport == .polling || self.settings.dialect == .lenient else { return }
            if case .polling(let poll?, let probe) = self.state {
                self.state = .polling(nil, probe)
                self.answer(poll, [EngineIOPacket(.noop)], &actions)
            }
            self.finish(.closedByClient, &actions)
        case (.open, _), (.message, _), (.upgrade, _), (.noop, _): return
        }
    }

    mutating func judge(_ violation: EngineIOViolation, _ actions: inout [Action]) {
        switch self.settings.dialect {
        case .strict: self.finish(.violation(violation), &actions)
        case .lenient: actions.append(.tolerated(violation))
        }
    }

    mutating func finish(_ end: EngineIOServerEnd, _ actions: inout [Action]) {
        switch self.state {
        case .closing, .over: return
        case .webSocket(let connection):
            self.state = .over
            actions.append(.ended(end))
            switch end {
            // How a server ends of its own will is the caller's affair; what is gone needs no close.
            case .closedByServer, .transportClosed: return
            case .violation(.tooBig):
                actions.append(.closeWebSocket(on: connection, code: self.settings.dialect == .lenient ? 1000 : 1009))
            case .closedByClient, .heartbeatTimeout, .violation:
                actions.append(
                    .closeWebSocket(on: connection, code: self.settings.dialect == .lenient ? 1000 : nil))
            }
        case .polling(let poll, let probe):
            if let probe { actions.append(.closeWebSocket(on: probe.connection, code: nil)) }
            actions.append(.ended(end))
            if let poll {
                self.state = .over
                self.answer(poll, self.outbox + [EngineIOPacket(.close)], &actions)
            } else {
                switch end {
                case .closedByServer: self.state = .closing
                case .closedByClient, .transportClosed, .heartbeatTimeout, .violation: self.state = .over
                }
            }
        }
    }

    private mutating func pass(_ now: Timestamp, _ actions: inout [Action]) {
        guard !self.isEnding else { return }
        switch self.heartbeat.pass(now) {
        case .nothing: break
        case .ping: self.send([EngineIOPacket(.ping)], &actions)
        case .timeout(let ms): return self.finish(.heartbeatTimeout(afterMs: ms), &actions)
        }
        guard case .polling(let poll, let probe) = self.state else { return }
        if let probe, probe.until <= now {
            self.state = .polling(poll, nil)
            actions.append(.closeWebSocket(on: probe.connection, code: nil))
        } else if let poll, let due = poll.noopAt, due <= now {
            self.state = .polling(nil, probe)
            self.answer(poll, [EngineIOPacket(.noop)], &actions)
        }
    }
}
