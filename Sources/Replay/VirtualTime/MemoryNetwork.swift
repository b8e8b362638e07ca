import EngineIO
public import TimelineModel

/// Runs a server's role against a client's role without sockets and without waiting: time goes from one event to the
/// next.
///
/// It does for the roles what their drivers do: HTTP connections that are kept alive, cookies, the frames of a
/// WebSocket, answers to its pings, both halves of its close. Nothing is random and nothing is read from outside, so
/// the same roles give the same run, to the byte. Cost: linear in the events; memory: what is under way.
public struct MemoryNetwork<Server: ServerRole, Client: ClientRole>: Sendable {
    public private(set) var server: Server
    public private(set) var client: Client
    /// The time of the last event.
    public private(set) var now: Timestamp
    private let settings: MemoryNetworkSettings
    private var queue = EventQueue<MemoryDelivery>()
    private var links: [Int: MemoryLink] = [:]
    private var nextLink = 0
    /// Requests under way and WebSockets, by the client's numbers.
    private var linkOfRequest: [Int: Int] = [:]
    private var linkOfWebSocket: [Int: Int] = [:]
    /// Kept alive, in the order in which they became free.
    private var idleLinks: [Int] = []
    private var cookies = CookieJar()
    /// How often a role was told the time since it last went on; where it did nothing then, that counts a thousandfold.
    private var alarms = 0
    /// Beyond it a role lets time stand still for ever.
    private static var alarmLimit: Int { 10_000_000 }

    public init(server: Server, client: Client, _ settings: MemoryNetworkSettings = MemoryNetworkSettings()) {
        self.server = server
        self.client = client
        self.settings = settings
        self.now = settings.start
    }

    // MARK: Time

    /// Runs until the server waits for nothing more, nothing can happen any more, or a limit is reached.
    ///
    /// - Parameter isCut: asked before each step: true ends it there.
    public mutating func run(
        _ witness: inout some MemoryWitness, isCut: () -> Bool = { false }
    ) -> MemoryNetworkEnd {
        self.perform(self.client.handle(.begin, at: self.now), &witness)
        var isClientGone = false
        while !self.server.isFinished {
            guard !isCut() else { return .cut }
            let isQuiet = self.queue.isEmpty && (self.client.isFinished || self.client.deadline == nil)
            if isQuiet, !isClientGone, self.client.isFinished || self.server.deadline == nil {
                // Its driver would see the process end, or be told by its user that nothing moves.
                isClientGone = true
                self.perform(self.server.handle(.clientGone, at: self.now), &witness)
                continue
            }
            guard let next = self.nextMoment else { return .quiet }
            guard next.nanoseconds(since: self.settings.start) <= self.settings.limitNs else { return .limit }
            if next > self.now { self.alarms = 0 }
            guard self.alarms < Self.alarmLimit else { return .stuck }
            self.now = max(self.now, next)
            self.step(&witness)
        }
        self.settle(&witness)
        if self.settings.lingerNs > 0 {
            self.linger(&witness)
            self.settle(&witness)
        }
        return .finished
    }

    private var nextMoment: Timestamp? {
        let client = self.client.isFinished ? nil : self.client.deadline
        return [self.queue.firstDue, self.server.deadline, client].compactMap { $0 }.min()
    }

    /// What has arrived comes before what is due: a timer that fires at the moment of an answer would be a coin's toss.
    private mutating func step(_ witness: inout some MemoryWitness) {
        if let due = self.queue.firstDue, due <= self.now, let item = self.queue.pop() {
            self.deliver(item.event, &witness)
        } else if let due = self.server.deadline, due <= self.now {
            let actions = self.server.handle(.timePassed, at: self.now)
            self.alarms += actions.isEmpty ? 1_000 : 1
            self.perform(actions, &witness)
        } else if let due = self.client.deadline, due <= self.now, !self.client.isFinished {
            let actions = self.client.handle(.timePassed, at: self.now)
            self.alarms += actions.isEmpty ? 1_000 : 1
            self.perform(actions, &witness)
        }
    }

    /// What was under way when the server was done still arrives, so that closes are whole; no timer fires any more.
    private mutating func settle(_ witness: inout some MemoryWitness) {
        let until = self.now.advanced(byNs: 8 * self.settings.latencyNs)
        while let due = self.queue.firstDue, due <= until, let item = self.queue.pop() {
            self.now = max(self.now, due)
            self.deliver(item.event, &witness)
        }
    }

    /// The client goes on for as long as the settings let it.
    private mutating func linger(_ witness: inout some MemoryWitness) {
        let until = self.now.advanced(byNs: self.settings.lingerNs)
        while !self.client.isFinished, self.alarms < Self.alarmLimit,
            let next = self.nextMoment, next <= until
        {
            if next > self.now { self.alarms = 0 }
            self.now = max(self.now, next)
            self.step(&witness)
        }
    }

    private mutating func arrival(_ link: Int, to server: Bool, trips: Int64 = 1) -> Timestamp {
        let at = self.now.advanced(byNs: trips * self.settings.latencyNs)
        guard var state = self.links[link] else { return at }
        let arrival = max(at, server ? state.client.lastArrival : state.server.lastArrival)
        if server { state.client.lastArrival = arrival } else { state.server.lastArrival = arrival }
        self.links[link] = state
        return arrival
    }

    // MARK: What arrives

    private mutating func deliver(_ event: MemoryDelivery, _ witness: inout some MemoryWitness) {
        switch event {
        case .opened(let link): witness.opened(link, at: self.now)
        case .request(let request, let link):
            guard self.links[link]?.server.isClosed == false else { return }
            witness.bytes(HTTPBytes.of(request), of: link, from: .client, at: self.now)
            self.perform(self.server.handle(.request(request, on: link), at: self.now), &witness)
        case .toServer(let part, let link): self.arriveAtServer(part, link, &witness)
        case .toClient(let part, let link): self.arriveAtClient(part, link, &witness)
        case .serverIsOver(let link): self.tellServerOver(link, wasReset: false, &witness)
        case .clientIsOver(let webSocket):
            self.perform(self.client.handle(.closed(on: webSocket, wasReset: false), at: self.now), &witness)
        case .auth(let payload, let number):
            self.perform(self.client.handle(.auth(payload, for: number), at: self.now), &witness)
        }
    }

    private mutating func arriveAtServer(_ part: MemoryPart, _ link: Int, _ witness: inout some MemoryWitness) {
        guard self.links[link] != nil else { return }
        switch part {
        case .bytes(let bytes):
            guard self.links[link]?.server.isClosed == false else { return }
            witness.bytes(bytes, of: link, from: .client, at: self.now)
            for item in self.links[link]?.server.reader.read(bytes) ?? [] { self.takeAtServer(item, link, &witness) }
        case .fin:
            witness.ended(link, by: .client, at: self.now)
            self.finishServer(link, &witness)
            self.tellServerOver(link, wasReset: false, &witness)
        case .reset:
            witness.reset(link, by: .client, at: self.now)
            self.links[link]?.server.isClosed = true
            self.tellServerOver(link, wasReset: true, &witness)
        case .response, .switching: break
        }
    }

    private mutating func takeAtServer(
        _ item: WebSocketReader.Item, _ link: Int, _ witness: inout some MemoryWitness
    ) {
        switch item {
        case .message(let content):
            self.perform(self.server.handle(.message(content, on: link), at: self.now), &witness)
        case .control(let control):
            let actions = self.server.handle(.control(control, on: link), at: self.now)
            switch control {
            case .ping(let data): self.writeServer(WebSocketBytes.control(.pong(data), masked: false), link, &witness)
            case .pong: break
            case .close(let code, _):
                self.links[link]?.server.gotClose = true
                self.closeServer(code: code, reason: "", link, &witness)
                self.finishServer(link, &witness)
            }
            self.perform(actions, &witness)
        case .broken(let code, let reason):
            let actions = self.server.handle(.broken(code: code, reason: reason, on: link), at: self.now)
            // Without a word of it, as servers do.
            self.closeServer(code: code, reason: "", link, &witness)
            self.finishServer(link, &witness)
            self.perform(actions, &witness)
        }
    }

    private mutating func arriveAtClient(_ part: MemoryPart, _ link: Int, _ witness: inout some MemoryWitness) {
        guard let state = self.links[link], !state.client.isClosed else { return }
        switch (part, state.use) {
        case (.response(let response), .asking(let number)):
            self.cookies.take(from: response.headers)
            self.linkOfRequest[number] = nil
            self.links[link]?.use = .idle
            self.idleLinks.append(link)
            self.perform(self.client.handle(.response(response, to: number), at: self.now), &witness)
        case (.response(let response), .dialing(let number)):
            self.cookies.take(from: response.headers)
            self.linkOfWebSocket[number] = nil
            self.links[link]?.use = .idle
            self.finishClient(link)
            self.perform(
                self.client.handle(
                    .webSocketRefused(response, reason: "status \(response.status)", number), at: self.now),
                &witness)
        case (.switching, .dialing(let number)):
            self.links[link]?.use = .webSocket(number)
            self.perform(self.client.handle(.webSocketOpened(number), at: self.now), &witness)
        case (.bytes(let bytes), .webSocket(let number)):
            for item in self.links[link]?.client.reader.read(bytes) ?? [] {
                self.takeAtClient(item, link, number, &witness)
            }
        case (.fin, _):
            self.finishClient(link)
            self.tellClientOver(link, wasReset: false, &witness)
        case (.reset, _):
            self.links[link]?.client.isClosed = true
            self.tellClientOver(link, wasReset: true, &witness)
        case (.response, _), (.switching, _), (.bytes, _): break
        }
    }

    private mutating func takeAtClient(
        _ item: WebSocketReader.Item, _ link: Int, _ number: Int, _ witness: inout some MemoryWitness
    ) {
        switch item {
        case .message(let content):
            self.perform(self.client.handle(.message(content, on: number), at: self.now), &witness)
        case .control(let control):
            let actions = self.client.handle(.control(control, on: number), at: self.now)
            switch control {
            case .ping(let data): self.writeClient(WebSocketBytes.control(.pong(data), masked: true), link)
            case .pong: break
            case .close(let code, _):
                self.links[link]?.client.gotClose = true
                if self.links[link]?.client.ignoresClose == false { self.closeClient(code: code, reason: "", link) }
            }
            self.perform(actions, &witness)
        case .broken(let code, let reason):
            self.closeClient(code: code, reason: reason, link)
            self.finishClient(link)
            self.tellClientOver(link, wasReset: false, &witness)
        }
    }

    /// Once for a connection.
    private mutating func tellServerOver(_ link: Int, wasReset: Bool, _ witness: inout some MemoryWitness) {
        guard self.links[link]?.isOver == false else { return }
        self.links[link]?.isOver = true
        self.perform(self.server.handle(.closed(on: link, wasReset: wasReset), at: self.now), &witness)
        self.forget(link)
    }

    private mutating func tellClientOver(_ link: Int, wasReset: Bool, _ witness: inout some MemoryWitness) {
        guard let use = self.links[link]?.use else { return }
        self.links[link]?.use = .idle
        self.idleLinks.removeAll { $0 == link }
        let how = wasReset ? "reset by the server" : "closed by the server without an answer"
        switch use {
        case .idle: break
        case .asking(let number):
            self.linkOfRequest[number] = nil
            self.perform(self.client.handle(.requestFailed(reason: how, to: number), at: self.now), &witness)
        case .dialing(let number):
            self.linkOfWebSocket[number] = nil
            self.perform(self.client.handle(.webSocketRefused(nil, reason: how, number), at: self.now), &witness)
        case .webSocket(let number):
            self.linkOfWebSocket[number] = nil
            self.perform(self.client.handle(.closed(on: number, wasReset: wasReset), at: self.now), &witness)
        }
        self.forget(link)
    }

    /// Both ends are done with it.
    private mutating func forget(_ link: Int) {
        guard let state = self.links[link], state.isOver, state.client.isClosed, state.use == .idle else { return }
        self.links[link] = nil
    }

    // MARK: The server's actions

    private mutating func perform(_ actions: [ServerAction], _ witness: inout some MemoryWitness) {
        for action in actions {
            switch action {
            case .respond(let response, let link): self.respond(response, link, &witness)
            case .acceptWebSocket(let link, _):
                guard let state = self.links[link], !state.server.isClosed, !state.isSwitched else { continue }
                self.links[link]?.isSwitched = true
                witness.bytes(HTTPBytes.switching, of: link, from: .server, at: self.now)
                self.sendToClient(.switching, link)
            case .send(let content, let link):
                guard self.serverMayWrite(link) else { continue }
                self.writeServer(WebSocketBytes.message(content, masked: false), link, &witness)
            case .sendFragmented(let content, let pieces, let pings, let link):
                guard self.serverMayWrite(link) else { continue }
                self.writeServer(
                    WebSocketBytes.fragments(content, pieces: pieces, pings: pings, masked: false), link, &witness)
            case .sendControl(.close(let code, let reason), let link):
                guard self.links[link]?.isSwitched == true else { continue }
                self.closeServer(code: code, reason: reason, link, &witness)
            case .sendControl(let control, let link):
                guard self.serverMayWrite(link) else { continue }
                self.writeServer(WebSocketBytes.control(control, masked: false), link, &witness)
            case .sendRaw(let bytes, let link): self.writeServer(bytes, link, &witness)
            case .end(let end, let link): self.endServer(end, link, &witness)
            }
        }
    }

    private mutating func respond(_ response: HTTPResponse, _ link: Int, _ witness: inout some MemoryWitness) {
        guard let state = self.links[link], !state.server.isClosed, !state.isSwitched else { return }
        witness.bytes(HTTPBytes.of(response), of: link, from: .server, at: self.now)
        self.sendToClient(.response(response), link)
    }

    private func serverMayWrite(_ link: Int) -> Bool {
        guard let state = self.links[link] else { return false }
        return state.isSwitched && !state.server.sentClose
    }

    private mutating func writeServer(_ bytes: [UInt8], _ link: Int, _ witness: inout some MemoryWitness) {
        guard self.links[link]?.server.isClosed == false else { return }
        witness.bytes(bytes, of: link, from: .server, at: self.now)
        self.sendToClient(.bytes(bytes), link)
    }

    private mutating func closeServer(
        code: UInt16?, reason: String, _ link: Int, _ witness: inout some MemoryWitness
    ) {
        guard self.links[link]?.server.sentClose == false else { return }
        self.writeServer(WebSocketBytes.control(.close(code: code, reason: reason), masked: false), link, &witness)
        self.links[link]?.server.sentClose = true
    }

    private mutating func endServer(_ end: ConnectionEnd, _ link: Int, _ witness: inout some MemoryWitness) {
        guard let state = self.links[link], !state.server.isClosed else { return }
        switch end {
        case .webSocketClose(let code, let reason) where state.isSwitched:
            // FIN follows its answer.
            self.closeServer(code: code, reason: reason, link, &witness)
        case .webSocketClose, .fin: self.finishServer(link, &witness)
        case .reset:
            witness.reset(link, by: .server, at: self.now)
            self.links[link]?.server.isClosed = true
            self.sendToClient(.reset, link)
            self.queue.push(.serverIsOver(link: link), at: self.now)
        }
    }

    private mutating func finishServer(_ link: Int, _ witness: inout some MemoryWitness) {
        guard self.links[link]?.server.isClosed == false else { return }
        self.links[link]?.server.isClosed = true
        witness.ended(link, by: .server, at: self.now)
        self.sendToClient(.fin, link)
    }

    private mutating func sendToClient(_ part: MemoryPart, _ link: Int) {
        self.queue.push(.toClient(part, link: link), at: self.arrival(link, to: false))
    }

    // MARK: The client's actions

    private mutating func perform(_ actions: [ClientAction], _ witness: inout some MemoryWitness) {
        for action in actions {
            switch action {
            case .request(let request, let number): self.ask(request, number)
            case .abort(let number):
                guard let link = self.linkOfRequest.removeValue(forKey: number) else { continue }
                self.links[link]?.use = .idle
                self.finishClient(link)
            case .openWebSocket(let target, let headers, let number): self.dial(target, headers, number)
            case .send(let content, let number):
                guard let link = self.openWebSocket(number) else { continue }
                self.writeClient(WebSocketBytes.message(content, masked: true), link)
            case .sendControl(.close(let code, let reason), let number):
                guard let link = self.openWebSocket(number) else { continue }
                self.closeClient(code: code, reason: reason, link)
            case .sendControl(let control, let number):
                guard let link = self.openWebSocket(number) else { continue }
                self.writeClient(WebSocketBytes.control(control, masked: true), link)
            case .sendFrames(let frames, let number):
                guard let link = self.openWebSocket(number) else { continue }
                self.writeClient(frames.flatMap { $0.bytes(key: 0) }, link)
                if frames.contains(where: { $0.opcode == RawFrame.close }) { self.links[link]?.client.sentClose = true }
            case .ignoreClose(let number):
                guard let link = self.linkOfWebSocket[number] else { continue }
                self.links[link]?.client.ignoresClose = true
            case .end(let end, let number): self.endClient(end, number)
            case .fetchAuth(let namespace, let recorded, let number):
                let payload = self.settings.auth(namespace, recorded)
                self.queue.push(
                    .auth(payload, for: number), at: self.now.advanced(byNs: max(0, self.settings.authDelayNs)))
            }
        }
    }

    private mutating func ask(_ request: HTTPRequest, _ number: Int) {
        var request = request
        request.headers = self.fields(request.target) + request.headers
        var trips: Int64 = 1
        let link: Int
        if let free = self.idleLinks.popLast() {
            link = free
            self.links[link]?.use = .asking(number)
        } else {
            link = self.open(.asking(number))
            trips = 3
        }
        self.linkOfRequest[number] = link
        self.queue.push(.request(request, link: link), at: self.arrival(link, to: true, trips: trips))
    }

    private mutating func dial(_ target: String, _ headers: [HTTPField], _ number: Int) {
        let fields = self.fields(target) + HTTPBytes.upgradeFields + headers
        let link = self.open(.dialing(number))
        self.linkOfWebSocket[number] = link
        self.queue.push(
            .request(HTTPRequest(method: "GET", target: target, headers: fields), link: link),
            at: self.arrival(link, to: true, trips: 3))
    }

    /// The first request on a connection is one round trip behind its SYN.
    private mutating func open(_ use: MemoryLink.Use) -> Int {
        let link = self.nextLink
        self.nextLink += 1
        self.links[link] = MemoryLink(use, at: self.now)
        self.queue.push(.opened(link: link), at: self.arrival(link, to: true))
        return link
    }

    private func fields(_ target: String) -> [HTTPField] {
        [HTTPField("Host", self.settings.host)]
            + (self.cookies.field(for: target).map { [HTTPField("Cookie", $0)] } ?? [])
    }

    private func openWebSocket(_ number: Int) -> Int? {
        guard let link = self.linkOfWebSocket[number], self.links[link]?.use == .webSocket(number) else { return nil }
        return link
    }

    private mutating func writeClient(_ bytes: [UInt8], _ link: Int) {
        guard let end = self.links[link]?.client, !end.isClosed, !end.sentClose else { return }
        self.queue.push(.toServer(.bytes(bytes), link: link), at: self.arrival(link, to: true))
    }

    private mutating func closeClient(code: UInt16?, reason: String, _ link: Int) {
        self.writeClient(WebSocketBytes.control(.close(code: code, reason: reason), masked: true), link)
        self.links[link]?.client.sentClose = true
    }

    private mutating func finishClient(_ link: Int) {
        guard self.links[link]?.client.isClosed == false else { return }
        self.links[link]?.client.isClosed = true
        self.idleLinks.removeAll { $0 == link }
        self.queue.push(.toServer(.fin, link: link), at: self.arrival(link, to: true))
    }

    private mutating func endClient(_ end: ConnectionEnd, _ number: Int) {
        guard let link = self.linkOfWebSocket[number], let state = self.links[link] else { return }
        switch (end, state.use) {
        case (.webSocketClose(let code, let reason), .webSocket): self.closeClient(code: code, reason: reason, link)
        case (.webSocketClose, _), (.fin, _):
            self.finishClient(link)
            self.leave(link, number)
        case (.reset, _):
            self.links[link]?.client.isClosed = true
            self.queue.push(.toServer(.reset, link: link), at: self.arrival(link, to: true))
            self.leave(link, number)
        }
    }

    /// After an end of its own the client's end hears nothing more.
    private mutating func leave(_ link: Int, _ number: Int) {
        self.linkOfWebSocket[number] = nil
        self.links[link]?.use = .idle
        self.queue.push(.clientIsOver(webSocket: number), at: self.now)
    }
}
