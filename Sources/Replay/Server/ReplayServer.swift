import EngineIO
public import TimelineModel

/// The server of a recording, played to any client: what it said, when and on what, with the live client's own ids.
///
/// The k-th handshake of the live client gets the k-th life of the recording. Each packet of the server is sent once the
/// client's packet that released it has come, after the recorded pause at the chosen pace; polling, upgrade, heartbeat
/// and refusals are a server's own affair and made anew. It is finished as soon as nothing more can change the verdict.
///
/// Tell it `timePassed` once when the replay begins: its limit counts from its first event. For many clients of one
/// recording make one and copy it: copies share what was read.
public struct ReplayServer: ServerRole {
    struct Session: Sendable {
        let number: Int
        /// In the lives of the lineage.
        let life: Int
        let sid: String
        /// It plays a life for the first time: what comes of it counts.
        let counts: Bool
        var machine: EngineIOServerMachine
        var play: LifePlay
        var isCounted = false
    }

    let lineage: RecordedLineage
    let settings: ReplayServerSettings
    let dialect: EngineIOServerSettings.Dialect
    /// By the life's place; nil for refused handshakes.
    let plans: [LifePlan?]
    let limitNs: Int64

    var sessions: [Session] = []
    var owners: [Int: Int] = [:]
    var origins: [Int: String] = [:]
    var usedSIDs: Set<String> = []
    /// What the next request for a session gets that ended with an HTTP status.
    var farewells: [String: HTTPResponse] = [:]
    var nextLife = 0
    var nextNumber = 0
    var began: Timestamp?
    var firstContact: Timestamp?
    var lastContact: Timestamp?
    /// When the last thing happened that the next connection waits for.
    var lastEnd: Timestamp?
    /// Lives that ended live as recorded, by the server's reaction to what the client did.
    var reacted: Set<Int> = []
    var droppedDivergences = 0
    var hasWrongVersion = false
    /// What was asked for before the first handshake, and got a refusal.
    var refused: [String] = []
    public internal(set) var outcome = ReplayOutcome()
    public internal(set) var isFinished = false

    public init(_ lineage: RecordedLineage, _ settings: ReplayServerSettings = .init()) {
        self.lineage = lineage
        self.settings = settings
        self.dialect = ServerKind.dialect(of: lineage, settings.profile)
        self.plans = lineage.lives.map { life in
            guard case .session(let session) = life else { return nil }
            return LifePlan(
                session, recordedHeartbeat: settings.heartbeat == .recorded, ignoring: settings.ignoring)
        }
        self.limitNs = settings.limitNs ?? Self.defaultLimit(lineage, self.plans, settings.pace)
        self.outcome.lives = lineage.lives.count
        self.isFinished = lineage.lives.isEmpty
    }

    private static func defaultLimit(_ lineage: RecordedLineage, _ plans: [LifePlan?], _ pace: Pace) -> Int64 {
        guard let first = lineage.lives.first?.began else { return LifeTiming.graceNs }
        let end = zip(lineage.lives, plans).map { life, plan in life.began.advanced(byNs: plan?.endNs ?? 0) }.max()
        // A client's own pauses do not shrink with the pace, so the recorded length counts.
        let length = max(0, (end ?? first).nanoseconds(since: first))
        let slow = max(length, pace.scaled(length)).multipliedClamping(by: 3)
        let sum = slow.addingReportingOverflow(60_000_000_000)
        return sum.overflow ? .max : sum.partialValue
    }

    /// Of the recorded sessions; a lineage has one.
    var version: EngineIOVersion { self.plans.lazy.compactMap { $0?.version }.first ?? .v4 }

    public var deadline: Timestamp? {
        guard !self.isFinished, let began else { return nil }
        var earliest = began.advanced(byNs: self.limitNs)
        for session in self.sessions {
            if let time = session.machine.deadline { earliest = min(earliest, time) }
            if let time = session.play.deadline { earliest = min(earliest, time) }
        }
        if let time = self.nextConnectionUntil { earliest = min(earliest, time) }
        if let time = self.handshakeUntil { earliest = min(earliest, time) }
        return earliest
    }

    public mutating func handle(_ event: ServerEvent, at now: Timestamp) -> [ServerAction] {
        var actions: [ServerAction] = []
        if self.began == nil { self.began = now }
        switch event {
        case .request(let request, let connection): self.request(request, connection, at: now, &actions)
        case .message(let content, let connection):
            self.lastContact = now
            self.tell(connection, .received(content, on: connection), at: now, &actions)
        case .control, .timePassed: break
        case .broken(let code, let reason, let connection):
            self.break(connection, "the WebSocket protocol broken (\(code)): \(reason)", at: now, &actions)
        case .closed(let connection, let wasReset):
            self.tell(connection, .closed(on: connection, wasReset: wasReset), at: now, &actions)
            self.owners[connection] = nil
            self.origins[connection] = nil
        case .clientGone: self.leave(at: now, &actions)
        }
        self.pass(now, &actions)
        // Only here: places in `sessions` are good for one event.
        self.sessions.removeAll { $0.isCounted && $0.machine.isOver }
        return actions
    }
}

// MARK: Time

extension ReplayServer {
    private mutating func pass(_ now: Timestamp, _ actions: inout [ServerAction]) {
        guard !self.isFinished, let began else { return }
        var isMoving = true
        while isMoving, !self.isFinished {
            isMoving = false
            for place in self.sessions.indices {
                if let due = self.sessions[place].machine.deadline, due <= now {
                    let answers = self.sessions[place].machine.handle(.timePassed, at: now)
                    isMoving = isMoving || !answers.isEmpty
                    self.perform(answers, place, at: now, &actions)
                }
                if let due = self.sessions[place].play.deadline, due <= now {
                    var outputs: [LifePlay.Output] = []
                    self.sessions[place].play.pass(now, &outputs)
                    isMoving = isMoving || !outputs.isEmpty
                    self.perform(outputs, place, at: now, &actions)
                }
            }
        }
        self.count(now)
        guard !self.isFinished else { return }
        if self.sessions.allSatisfy({ $0.play.isDone || !$0.counts }), !self.awaitsConnection {
            self.finish(waitedFor: nil, at: now)
        } else if self.hasWrongVersion, self.awaitsConnection,
            self.sessions.allSatisfy({ $0.play.isDone || !$0.counts })
        {
            // A client speaks one version: it would ask in the same way again.
            self.finish(
                waitedFor: "\(self.nextConnection), by Engine.IO \(self.version.rawValue)", at: now)
        } else if let until = self.nextConnectionUntil, until <= now {
            self.finish(waitedFor: self.nextConnection, at: now)
        } else if let until = self.handshakeUntil, until <= now {
            self.finish(
                waitedFor:
                    "an Engine.IO handshake, for \(PacketText.seconds(until.nanoseconds(since: began))) after the "
                    + "client had connected", at: now)
        } else if began.advanced(byNs: self.limitNs) <= now {
            self.finish(
                waitedFor: "\(self.waitedFor), until the limit of \(PacketText.seconds(self.limitNs))", at: now)
        }
    }

    /// The recording has another connection, and nothing excuses the client from it.
    var awaitsConnection: Bool {
        guard self.nextLife < self.lineage.lives.count else { return false }
        guard self.nextLife > 0, let plan = self.plans[self.nextLife - 1], case .reaction = plan.end else {
            return true
        }
        // What came after the server's reaction came because of it. Without it the client stays where it is.
        return self.sessions.contains { $0.life == self.nextLife - 1 && ($0.play.hasReacted || !$0.play.isDone) }
            || self.reacted.contains(self.nextLife - 1)
    }

    /// How long the first handshake is waited for.
    private var handshakeUntil: Timestamp? {
        guard self.firstContact == nil, let began, let patience = self.settings.handshakeNs else { return nil }
        return began.advanced(byNs: patience)
    }

    var nextConnection: String {
        self.nextLife > 0
            ? "connection \(min(self.nextLife + 1, self.outcome.lives)) of \(self.outcome.lives) of the client"
            : "the client to connect"
    }

    /// How long another connection is waited for; nil where none is, or the first one, which only the limit ends.
    private var nextConnectionUntil: Timestamp? {
        guard self.awaitsConnection, self.nextLife > 0, let lastEnd,
            self.sessions.allSatisfy({ $0.play.isDone || !$0.counts })
        else { return nil }
        let before = self.lineage.lives[self.nextLife - 1]
        let ended = before.began.advanced(byNs: self.plans[self.nextLife - 1]?.endNs ?? 0)
        let gap = max(0, self.lineage.lives[self.nextLife].began.nanoseconds(since: ended))
        let limit = gap.multipliedClamping(by: 3).addingReportingOverflow(LifeTiming.graceNs)
        return lastEnd.advanced(byNs: limit.overflow ? .max : limit.partialValue)
    }
}

// MARK: Sessions

extension ReplayServer {
    func place(ofConnection connection: Int) -> Int? {
        self.owners[connection].flatMap { number in self.sessions.firstIndex { $0.number == number } }
    }

    func place(ofSID sid: String) -> Int? { self.sessions.firstIndex { $0.sid == sid } }

    /// An event of a connection that belongs to a session.
    mutating func tell(
        _ connection: Int, _ event: EngineIOServerMachine.Event, at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        guard let place = self.place(ofConnection: connection) else { return }
        self.perform(self.sessions[place].machine.handle(event, at: now), place, at: now, &actions)
    }

    func respond(_ response: HTTPResponse, _ connection: Int) -> ServerAction {
        .respond(response.allowing(self.origins[connection]), on: connection)
    }

    mutating func perform(
        _ answers: [EngineIOServerMachine.Action], _ place: Int, at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        for answer in answers {
            switch answer {
            case .answerPoll(let body, let form, let connection):
                self.lastContact = now
                actions.append(self.respond(.poll(body, form), connection))
            case .acceptPost(let connection):
                let text = self.dialect == .lenient ? "OK" : "ok"
                actions.append(self.respond(.text(200, text, type: "text/html"), connection))
            case .refuse(let code, let connection): actions.append(self.respond(.engineIOError(code), connection))
            case .send(let content, let connection):
                self.lastContact = now
                actions.append(.send(content, on: connection))
            case .closeWebSocket(let connection, let code):
                actions.append(.end(.webSocketClose(code: code, reason: ""), on: connection))
            case .received(let packet, _):
                var outputs: [LifePlay.Output] = []
                switch (packet.type, packet.content) {
                case (.message, _): self.sessions[place].play.receive(packet.content, at: now, &outputs)
                case (.ping, .text(let data)) where data != "probe" && self.leadsPongs:
                    self.sessions[place].play.pinged(data, at: now, &outputs)
                default: continue
                }
                self.perform(outputs, place, at: now, &actions)
            case .tolerated, .upgraded: continue
            case .ended(let end):
                let isSilent = self.sessions[place].machine.isSilent(at: now)
                self.sessions[place].play.end(end, nil, isSilent: isSilent, at: now)
                self.lastEnd = now
            }
        }
    }

    mutating func perform(
        _ outputs: [LifePlay.Output], _ place: Int, at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        for output in outputs {
            switch output {
            case .send(let packets):
                self.perform(self.sessions[place].machine.handle(.send(packets), at: now), place, at: now, &actions)
            case .ping: self.perform(self.sessions[place].machine.handle(.ping, at: now), place, at: now, &actions)
            case .end(let end): self.end(end, place, at: now, &actions)
            case .violated(let what):
                self.sessions[place].play.end(.closedByServer, what, at: now)
                self.end(.closeFrame(code: nil, reason: ""), place, at: now, &actions)
            case .stuck(let waitedFor): self.finish(waitedFor: waitedFor, at: now)
            }
        }
    }

    private var leadsPongs: Bool { self.settings.heartbeat == .recorded && self.version == .v3 }

    /// Ends a session in the recorded way, as far as its live transport has that way.
    mutating func end(
        _ end: RecordedEnd.ServerEnd, _ place: Int, at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        let machine = self.sessions[place].machine
        guard !machine.isOver else { return }
        self.lastEnd = now
        if let webSocket = machine.webSocket {
            self.perform(self.sessions[place].machine.handle(.end, at: now), place, at: now, &actions)
            switch end {
            case .closeFrame(let code, let reason):
                actions.append(.end(.webSocketClose(code: code, reason: reason), on: webSocket))
            case .reset: actions.append(.end(.reset, on: webSocket))
            case .fin, .closePacket, .http: actions.append(.end(.fin, on: webSocket))
            }
            return
        }
        switch end {
        case .closeFrame, .closePacket:
            self.perform(self.sessions[place].machine.handle(.end, at: now), place, at: now, &actions)
        case .fin, .reset, .http:
            let poll = machine.waitingPoll
            var response: HTTPResponse?
            if case .http(let status, let body, let type) = end {
                response = .text(status, body, type: type ?? "application/json")
                if poll == nil { self.farewells[self.sessions[place].sid] = response }
            }
            if let poll {
                actions.append(
                    response.map { self.respond($0, poll) } ?? .end(end == .reset ? .reset : .fin, on: poll))
            }
            self.owners = self.owners.filter { $0.value != self.sessions[place].number }
            self.sessions[place].machine.abandon()
        }
    }

    /// The driver closes the connection itself.
    private mutating func `break`(
        _ connection: Int, _ what: String, at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        guard let place = self.place(ofConnection: connection) else { return }
        if self.sessions[place].machine.webSocket == connection {
            self.sessions[place].play.end(.closedByServer, what, at: now)
            self.lastEnd = now
        }
        self.tell(connection, .closed(on: connection, wasReset: false), at: now, &actions)
    }

    private mutating func leave(at now: Timestamp, _ actions: inout [ServerAction]) {
        for place in self.sessions.indices where !self.sessions[place].play.isDone {
            self.sessions[place].play.end(.transportClosed(wasReset: false), nil, at: now)
        }
        self.count(now)
        guard !self.isFinished else { return }
        self.finish(
            waitedFor: self.awaitsConnection ? "\(self.nextConnection), until the client ended" : nil, at: now)
    }
}
