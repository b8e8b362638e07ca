import EngineIO
import JSONText
@testable import Replay
import TimelineModel

/// A small Socket.IO server for tests: handshake, polling, upgrade, heartbeat, namespaces, echo and acks. It lets what
/// breaks the protocol pass, as python's does, unless it is told to be strict.
struct LiveServer: ServerRole {
    struct Settings: Sendable {
        var version = EngineIOVersion.v4
        var pingIntervalMs = 25_000
        var pingTimeoutMs = 20_000
        var maxPayload: Int? = 1_000_000
        var upgrades = true
        /// Ends a session for a client's ping, as Node's does.
        var isStrict = false
        /// Sends pings under version 4.
        var pings = true
        var refuses: [String: String] = [:]
        /// Answers every handshake so.
        var handshakeStatus: Int?
        var recovers = false
        /// Ends each session so long after its beginning, in nanoseconds.
        var endsAfterNs: Int64?
        /// Says who it is, and what it answers to a POST.
        var isPython = false
        /// Before each ack, in nanoseconds.
        var ackNs: Int64 = 0
        /// Before each answer to CONNECT, in nanoseconds.
        var connectNs: Int64 = 0
        /// What an event makes the server say, and how long after it, beside the ack.
        var answers: @Sendable (ScriptedPacket) -> [Answer] = LiveServer.echo
    }

    struct Answer: Sendable {
        var afterNs: Int64 = 0
        var packet: ScriptedPacket
    }

    static let echo: @Sendable (ScriptedPacket) -> [Answer] = { packet in
        guard packet.event == "message", packet.ackID == nil else { return [] }
        var back = packet
        back.event = "message-back"
        back.payload = packet.payload?.replacing("\"message\"", with: "\"message-back\"", maxReplacements: 1)
        return [Answer(packet: back)]
    }

    private struct Session {
        var sid: String
        var webSocket: Int?
        var probing: Int?
        var pendingGet: Int?
        var outbox: [EngineIOPacket] = []
        var reader: LivePacketReader
        var joined: Set<String> = []
        var pingAt: Timestamp?
        var pongDue: Timestamp?
        var timers: [(at: Timestamp, packet: ScriptedPacket)] = []
        var noopAt: Timestamp?
        var endAt: Timestamp?
        var isOver = false
    }

    /// As Node's.
    private static let noopNs: Int64 = 100_000_000

    let settings: Settings
    private var sessions: [Session] = []
    private var sessionOfSocket: [Int: Int] = [:]
    private(set) var isFinished = false
    /// Requests, in order.
    private(set) var targets: [String] = []
    /// What clients said, as Engine.IO messages.
    private(set) var heard: [EngineIOPacket] = []
    private(set) var posts: [(body: [UInt8], contentType: String?)] = []
    private(set) var overlaps = 0

    init(_ settings: Settings = Settings()) { self.settings = settings }

    var deadline: Timestamp? {
        self.sessions.filter { !$0.isOver }.flatMap {
            [$0.pingAt, $0.pongDue, $0.noopAt, $0.endAt].compactMap { $0 } + $0.timers.map(\.at)
        }
        .min()
    }

    /// Headers of the Socket.IO packets that clients sent.
    var said: [String] {
        self.heard.compactMap { packet in
            guard packet.type == .message, case .text(let text) = packet.content else { return nil }
            return text
        }
    }

    var types: [EngineIOType] { self.heard.map(\.type) }

    mutating func handle(_ event: ServerEvent, at now: Timestamp) -> [ServerAction] {
        switch event {
        case .request(let request, let link): return self.take(request, on: link, at: now)
        case .message(let content, let link):
            guard let index = self.sessionOfSocket[link],
                let packet = try? EngineIOPacket(webSocketMessage: content, self.settings.version)
            else { return [] }
            return self.take(packet, index, webSocket: link, at: now)
        case .control, .broken: return []
        case .closed(let link, _):
            if let index = self.sessionOfSocket.removeValue(forKey: link), self.sessions[index].webSocket == link {
                self.sessions[index].isOver = true
            }
            // A poll that is given up ends the session, as for Node.
            if let index = self.sessions.firstIndex(where: { $0.pendingGet == link }) {
                self.sessions[index].isOver = true
            }
            return []
        case .timePassed: return self.sessions.indices.flatMap { self.timePassed($0, at: now) }
        case .clientGone:
            self.isFinished = true
            return []
        }
    }

    // MARK: HTTP

    private mutating func take(_ request: HTTPRequest, on link: Int, at now: Timestamp) -> [ServerAction] {
        self.targets.append(request.target)
        guard let target = EngineIOTarget(request.target) else { return [self.refuse(404, code: 0, on: link)] }
        guard let sid = target.sid else {
            if let status = self.settings.handshakeStatus { return [self.refuse(status, code: 4, on: link)] }
            guard target.version == self.settings.version else { return [self.refuse(400, code: 5, on: link)] }
            guard request.method == "GET" else { return [self.refuse(400, code: 2, on: link)] }
            guard target.transport == "polling" || target.transport == "websocket" else {
                return [self.refuse(400, code: 0, on: link)]
            }
            return self.open(isWebSocket: target.transport == "websocket", on: link, at: now)
        }
        guard let index = self.sessions.firstIndex(where: { $0.sid == sid && !$0.isOver }) else {
            return [self.refuse(400, code: 1, on: link)]
        }
        if target.transport == "websocket" {
            self.sessionOfSocket[link] = index
            self.sessions[index].probing = link
            return [.acceptWebSocket(on: link, deflate: false)]
        }
        if request.method == "POST" {
            self.posts.append((request.body, request.header("Content-Type")))
            var actions: [ServerAction] = []
            for packet in PollingBody.packets(request.body, self.settings.version).packets {
                actions += self.take(packet, index, webSocket: nil, at: now)
            }
            return actions + [
                .respond(HTTPResponse(status: 200, body: Array((self.settings.isPython ? "OK" : "ok").utf8)), on: link)
            ]
        }
        if self.sessions[index].pendingGet != nil {
            self.overlaps += 1
            return [self.refuse(400, code: 3, on: link)]
        }
        self.sessions[index].pendingGet = link
        // While an upgrade is under way nothing is held back for long.
        if self.sessions[index].probing != nil { self.sessions[index].noopAt = now.advanced(byNs: Self.noopNs) }
        return self.flush(index)
    }

    private func refuse(_ status: Int, code: Int, on link: Int) -> ServerAction {
        let texts = [
            0: "Transport unknown", 1: "Session ID unknown", 2: "Bad handshake method", 4: "Forbidden",
            5: "Unsupported protocol version",
        ]
        let body = "{\"code\":\(code),\"message\":\"\(texts[code] ?? "")\"}"
        return .respond(
            HTTPResponse(
                status: status, headers: [HTTPField("Content-Type", "application/json")], body: Array(body.utf8)),
            on: link)
    }

    private mutating func open(isWebSocket: Bool, on link: Int, at now: Timestamp) -> [ServerAction] {
        let index = self.sessions.count
        let language = LivePacketReader.Language.socketIO(self.settings.version, .json)
        var session = Session(sid: "live-eio-\(index + 1)", reader: LivePacketReader(language))
        let upgrades = self.settings.upgrades && !isWebSocket ? "[\"websocket\"]" : "[]"
        let maxPayload = self.settings.maxPayload.map { ",\"maxPayload\":\($0)" } ?? ""
        let interval = "\"pingInterval\":\(self.settings.pingIntervalMs)"
        let timeout = "\"pingTimeout\":\(self.settings.pingTimeoutMs)"
        let times = self.settings.isPython ? "\(timeout),\(interval)" : "\(interval),\(timeout)"
        session.outbox.append(
            EngineIOPacket(
                .open,
                "{\"sid\":\"\(session.sid)\",\"upgrades\":\(upgrades),\(times)\(maxPayload)}"))
        if self.settings.version == .v3 {
            session.outbox.append(EngineIOPacket(.message, "0"))
            session.joined.insert("/")
        } else if self.settings.pings, self.settings.pingIntervalMs > 0 {
            session.pingAt = now.advanced(byNs: Int64(self.settings.pingIntervalMs) * 1_000_000)
        }
        if isWebSocket {
            session.webSocket = link
            self.sessionOfSocket[link] = index
        } else {
            session.pendingGet = link
        }
        session.endAt = self.settings.endsAfterNs.map { now.advanced(byNs: $0) }
        self.sessions.append(session)
        return (isWebSocket ? [.acceptWebSocket(on: link, deflate: false)] : []) + self.flush(index)
    }

    private mutating func flush(_ index: Int) -> [ServerAction] {
        var session = self.sessions[index]
        defer { self.sessions[index] = session }
        guard !session.outbox.isEmpty else { return [] }
        if let link = session.webSocket {
            let packets = session.outbox
            session.outbox = []
            return packets.map { .send($0.webSocketMessage(self.settings.version), on: link) }
        }
        guard let link = session.pendingGet else { return [] }
        let body = PollingBody.encoded(session.outbox, self.settings.version)
        session.outbox = []
        session.pendingGet = nil
        var fields = [HTTPField("Content-Type", body.contentType)]
        if self.settings.isPython { fields.append(HTTPField("Server", "uvicorn")) }
        return [.respond(HTTPResponse(status: 200, headers: fields, body: body.bytes), on: link)]
    }

    private mutating func say(_ packets: [EngineIOPacket], _ index: Int) -> [ServerAction] {
        self.sessions[index].outbox += packets
        return self.flush(index)
    }

    // MARK: Packets

    private mutating func take(
        _ packet: EngineIOPacket, _ index: Int, webSocket link: Int?, at now: Timestamp
    ) -> [ServerAction] {
        self.heard.append(packet)
        guard !self.sessions[index].isOver else { return [] }
        switch packet.type {
        case .ping where packet.content == .text("probe"):
            guard let link else { return [] }
            // The probe is answered, and the GET that is open let go.
            let noop = self.sessions[index].pendingGet == nil ? [] : self.say([EngineIOPacket(.noop)], index)
            return [.send(EngineIOPacket(.pong, "probe").webSocketMessage(), on: link)] + noop
        case .ping where self.settings.version == .v3: return self.say([EngineIOPacket(.pong)], index)
        case .ping: return self.settings.isStrict ? self.end(index) : []
        case .pong:
            self.sessions[index].pongDue = nil
            if self.settings.pings, self.settings.pingIntervalMs > 0 {
                self.sessions[index].pingAt = now.advanced(byNs: Int64(self.settings.pingIntervalMs) * 1_000_000)
            }
            return []
        case .upgrade:
            self.sessions[index].webSocket = link
            self.sessions[index].pendingGet = nil
            return self.flush(index)
        case .close:
            let actions = self.say([EngineIOPacket(.noop)], index)
            self.sessions[index].isOver = true
            return actions
        case .message:
            return self.sessions[index].reader.receive(packet.content).flatMap { live -> [ServerAction] in
                guard case .packet(let said) = live else { return [] }
                return self.take(said, index, at: now)
            }
        case .open, .noop: return []
        }
    }

    private mutating func take(_ said: ScriptedPacket, _ index: Int, at now: Timestamp) -> [ServerAction] {
        switch said.kind {
        case .connect:
            let due = now.advanced(byNs: self.settings.connectNs)
            self.sessions[index].timers.append((due, self.connectAnswer(said, index)))
            return self.timePassed(index, at: now)
        case .disconnect:
            self.sessions[index].joined.remove(said.namespace)
            return []
        case .event:
            guard self.sessions[index].joined.contains(said.namespace) else {
                return self.settings.isStrict ? self.end(index) : []
            }
            if let id = said.ackID {
                let values = ScriptedPacket(
                    type: said.type == .binaryEvent ? .binaryAck : .ack, namespace: said.namespace, ackID: id,
                    payload: said.values?.description ?? "[]", announced: said.announced,
                    attachments: said.attachments)
                self.sessions[index].timers.append((now.advanced(byNs: self.settings.ackNs), values))
            }
            for answer in self.settings.answers(said) {
                self.sessions[index].timers.append((now.advanced(byNs: answer.afterNs), answer.packet))
            }
            return self.timePassed(index, at: now)
        case .ack, .connectError: return []
        }
    }

    private mutating func connectAnswer(_ said: ScriptedPacket, _ index: Int) -> ScriptedPacket {
        if let refusal = self.settings.refuses[said.namespace] {
            return ScriptedPacket(type: .connectError, namespace: said.namespace, payload: refusal)
        }
        self.sessions[index].joined.insert(said.namespace)
        guard self.settings.version == .v4 else { return ScriptedPacket(type: .connect, namespace: said.namespace) }
        let pid = self.settings.recovers ? ",\"pid\":\"live-pid-\(index + 1)\"" : ""
        return ScriptedPacket(
            type: .connect, namespace: said.namespace, payload: "{\"sid\":\"live-sio-\(index + 1)\"\(pid)}")
    }

    private mutating func end(_ index: Int) -> [ServerAction] {
        self.sessions[index].isOver = true
        guard let link = self.sessions[index].webSocket else { return self.say([EngineIOPacket(.close)], index) }
        return [.end(.webSocketClose(code: nil, reason: ""), on: link)]
    }

    private mutating func timePassed(_ index: Int, at now: Timestamp) -> [ServerAction] {
        guard !self.sessions[index].isOver else { return [] }
        let due = self.sessions[index].timers.filter { $0.at <= now }
        self.sessions[index].timers.removeAll { $0.at <= now }
        var actions: [ServerAction] = []
        if let endAt = self.sessions[index].endAt, endAt <= now { return self.end(index) }
        if let noopAt = self.sessions[index].noopAt, noopAt <= now {
            self.sessions[index].noopAt = nil
            if self.sessions[index].pendingGet != nil { actions += self.say([EngineIOPacket(.noop)], index) }
        }
        for timer in due { actions += self.say(timer.packet.messages(self.settings.version), index) }
        if let pingAt = self.sessions[index].pingAt, pingAt <= now {
            self.sessions[index].pingAt = nil
            self.sessions[index].pongDue = now.advanced(byNs: Int64(self.settings.pingTimeoutMs) * 1_000_000)
            actions += self.say([EngineIOPacket(.ping)], index)
        }
        if let pongDue = self.sessions[index].pongDue, pongDue <= now {
            self.sessions[index].pongDue = nil
            actions += self.end(index)
        }
        return actions
    }
}
