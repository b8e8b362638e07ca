import EngineIO
import TimelineModel

// What requests ask for, and the lives that handshakes begin.
extension ReplayServer {
    mutating func request(
        _ request: HTTPRequest, _ connection: Int, at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        self.origins[connection] = request.header("Origin")
        switch EngineIORequest(request, self.version) {
        case .preflight: actions.append(self.respond(.preflight(request), connection))
        case .foreign: self.refuse(request, .text(404, "no Engine.IO here\n"), connection, &actions)
        case .refused(let response): self.refuse(request, response, connection, &actions)
        case .wrongVersion(let eio):
            self.noteWrongVersion(eio, at: now)
            actions.append(self.respond(.engineIOError(5), connection))
        case .poll(let sid, let form):
            self.tell(sid, .polled(on: connection, form), connection, at: now, &actions)
        case .post(let sid, let body):
            if let place = self.place(ofSID: sid),
                let limit = self.plans[self.sessions[place].life]?.mostBytes(self.settings.profile), body.count > limit
            {
                self.sessions[place].play.refused(bytes: body.count, limit: limit, at: now)
                actions.append(self.respond(HTTPResponse(status: 413), connection))
                return
            }
            self.lastContact = now
            self.tell(sid, .posted(body, on: connection), connection, at: now, &actions)
        case .upgrade(let sid):
            if self.place(ofSID: sid) != nil { actions.append(.acceptWebSocket(on: connection, deflate: false)) }
            self.tell(sid, .webSocketOpened(on: connection), connection, at: now, &actions)
        case .handshake(let transport, let form):
            self.handshake(transport, form, connection, at: now, &actions)
        }
    }

    private mutating func refuse(
        _ request: HTTPRequest, _ response: HTTPResponse, _ connection: Int, _ actions: inout [ServerAction]
    ) {
        if self.firstContact == nil, self.refused.count < Self.mostRefused {
            let what = "\(request.method) \(PacketText.cut(request.target)) (\(response.status))"
            if !self.refused.contains(what) { self.refused.append(what) }
        }
        actions.append(self.respond(response, connection))
    }

    /// More of them say no more.
    private static let mostRefused = 3

    private mutating func tell(
        _ sid: String, _ event: EngineIOServerMachine.Event, _ connection: Int, at now: Timestamp,
        _ actions: inout [ServerAction]
    ) {
        guard let place = self.place(ofSID: sid) else {
            actions.append(self.respond(self.farewells[sid] ?? .engineIOError(1), connection))
            return
        }
        self.owners[connection] = self.sessions[place].number
        self.perform(self.sessions[place].machine.handle(event, at: now), place, at: now, &actions)
    }

    private mutating func noteWrongVersion(_ eio: String?, at now: Timestamp) {
        guard !self.hasWrongVersion else { return }
        self.hasWrongVersion = true
        self.outcome.divergences.append(
            Divergence(
                .unexpected, life: self.nextLife + 1, atNs: self.sinceBegin(now), sender: .client,
                what: "handshake with EIO=\(eio ?? "nothing")",
                detail: "the recorded session is of Engine.IO \(self.version.rawValue)"))
    }

    func sinceBegin(_ now: Timestamp) -> Int64 { self.began.map { now.nanoseconds(since: $0) } ?? 0 }

    private mutating func handshake(
        _ transport: Transport, _ form: EngineIOServerMachine.PollForm, _ connection: Int, at now: Timestamp,
        _ actions: inout [ServerAction]
    ) {
        if self.firstContact == nil { self.firstContact = now }
        self.lastContact = now
        if !self.isFinished { self.letForsakenGo(at: now, &actions) }
        guard !self.isFinished, self.nextLife < self.lineage.lives.count else {
            if self.settings.afterLast == .repeat, let last = self.plans.lastIndex(where: { $0 != nil }) {
                self.begin(last, counts: false, transport, form, connection, at: now, &actions)
            } else {
                self.refuseFurther(connection, at: now, &actions)
            }
            return
        }
        let life = self.nextLife
        self.nextLife += 1
        switch self.lineage.lives[life] {
        case .session: self.begin(life, counts: true, transport, form, connection, at: now, &actions)
        case .refused(let exchange):
            self.lastEnd = now
            self.outcome.livesDone += 1
            let type = exchange.responseType ?? "application/json"
            actions.append(
                self.respond(
                    .text(exchange.status ?? 400, exchange.errorBody ?? "", type: type), connection))
        }
    }

    /// A client that has given a silent server up and comes again may leave its old connection as it is.
    private mutating func letForsakenGo(at now: Timestamp, _ actions: inout [ServerAction]) {
        for place in self.sessions.indices where self.sessions[place].machine.isForsaken(at: now) {
            self.sessions[place].play.end(.transportClosed(wasReset: false), nil, isSilent: true, at: now)
            self.end(.fin, place, at: now, &actions)
        }
    }

    private mutating func refuseFurther(_ connection: Int, at now: Timestamp, _ actions: inout [ServerAction]) {
        if !self.isFinished, self.sessions.contains(where: { !$0.play.isDone && !$0.machine.isOver }) {
            self.outcome.divergences.append(
                Divergence(
                    .unexpected, life: self.outcome.lives, atNs: self.sinceBegin(now), sender: .client,
                    what: "handshake", detail: "a further connection, of which the recording has none"))
        }
        actions.append(self.respond(.text(503, "the recording has no further session\n"), connection))
    }

    private mutating func begin(
        _ life: Int, counts: Bool, _ transport: Transport, _ form: EngineIOServerMachine.PollForm, _ connection: Int,
        at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        guard let plan = self.plans[life] else { return }
        let number = self.nextNumber
        self.nextNumber += 1
        let sid = self.freeSID(plan.session.facts.sid, number)
        self.owners[connection] = number
        if transport == .websocket { actions.append(.acceptWebSocket(on: connection, deflate: false)) }
        var answers: [EngineIOServerMachine.Action] = []
        let machine = EngineIOServerMachine(
            plan.serverSettings(sid: sid, transport, self.settings, self.dialect), on: connection, over: transport,
            form: form, at: now
        ) { answers.append($0) }
        self.sessions.append(
            Session(
                number: number, life: life, sid: sid, counts: counts, machine: machine,
                play: LifePlay(
                    plan, number: life + 1, self.settings, self.dialect, sidSuffix: counts ? "" : "-\(number)",
                    origin: self.began ?? now, at: now)))
        self.perform(answers, self.sessions.count - 1, at: now, &actions)
    }

    /// The recorded sid where no other session has had it and a URL can carry it.
    private mutating func freeSID(_ recorded: String?, _ number: Int) -> String {
        let isPlain =
            recorded.map { sid in
                !sid.isEmpty && sid.utf8.count <= 256
                    && sid.utf8.allSatisfy { byte in
                        let letter = byte | 0x20
                        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                            || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
                    }
            } ?? false
        var sid = isPlain ? recorded ?? "" : "replay-\(number + 1)"
        if self.usedSIDs.contains(sid) { sid += "-\(number + 1)" }
        self.usedSIDs.insert(sid)
        return sid
    }
}
