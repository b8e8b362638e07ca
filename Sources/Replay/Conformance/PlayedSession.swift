import EngineIO
import JSONText
import TimelineModel

/// One Engine.IO 4 session of a scenario, seen from the server: its transports, and what a client may do with them. It
/// sends what it is told to, right or wrong, and judges what comes.
struct PlayedSession: Sendable {
    enum Note: Sendable {
        /// A pong or a message.
        case packet(EngineIOPacket)
        /// What no client may do; the rule is of the catalogue, where it has one for it.
        case fault(rule: String?, String)
        /// The client has ended the session; how, as the end of "the client ...".
        case left(String)
        case upgraded
        /// The client's close frame behind ours.
        case closeAnswered
        /// A pong of the WebSocket protocol.
        case controlPong([UInt8])
    }

    private enum Carrier {
        case polling
        case probing(webSocket: Int, isAnswered: Bool)
        case webSocket(Int)
    }

    private enum State {
        case open
        case endedByServer
        case endedByClient
    }

    let sid: String
    private let scenario: Scenario
    private var carrier: Carrier
    private var state = State.open
    /// The GET that has no answer yet.
    private var pendingPoll: Int?
    /// Packets for the next poll, or for the WebSocket of an upgrade.
    private var outbox: [String] = []
    private var actions: [ServerAction] = []
    private var notes: [Note] = []

    init(sid: String, scenario: Scenario) {
        self.sid = sid
        self.scenario = scenario
        self.carrier = .polling
    }

    var isOpen: Bool { if case .open = self.state { true } else { false } }

    var isUpgraded: Bool { if case .webSocket = self.carrier { self.scenario.transports == .upgrade } else { false } }

    /// The probe of an upgrade has been answered.
    var isProbed: Bool { if case .probing(_, isAnswered: true) = self.carrier { true } else { self.isUpgraded } }

    /// The WebSocket that carries it, where one does.
    private var webSocket: Int? { if case .webSocket(let number) = self.carrier { number } else { nil } }

    /// What is to be done and to be known since the last time.
    mutating func drain() -> ([ServerAction], [Note]) {
        defer { (self.actions, self.notes) = ([], []) }
        return (self.actions, self.notes)
    }

    // MARK: The beginning

    /// Answers the handshake.
    mutating func begin(_ request: HTTPRequest, on connection: Int, overWebSocket: Bool) {
        let open = "0" + self.handshake(overWebSocket: overWebSocket)
        if overWebSocket {
            self.carrier = .webSocket(connection)
            self.actions.append(.acceptWebSocket(on: connection, deflate: self.scenario.deflates))
            self.actions.append(.send(.text(open), on: connection))
        } else {
            self.respond(open, on: connection, to: request)
        }
    }

    private func handshake(overWebSocket: Bool) -> String {
        let offers = !overWebSocket && self.scenario.transports == .upgrade && self.scenario.upgrade != .withheld
        var text = "{\"sid\":\"\(self.sid)\",\"upgrades\":[\(offers ? "\"websocket\"" : "")]"
        text += ",\"pingInterval\":\(self.scenario.pingIntervalMs),\"pingTimeout\":\(self.scenario.pingTimeoutMs)"
        if let maxPayload = self.scenario.maxPayload { text += ",\"maxPayload\":\(maxPayload)" }
        if let extra = self.scenario.extra { text += ",\(extra)" }
        return text + "}"
    }

    // MARK: Sending

    /// Takes a packet to be sent; over polling it waits for `flush` and for a poll.
    mutating func send(_ text: String, attachments: [[UInt8]], form: ScenarioStep.Form) {
        guard let webSocket = self.webSocket else {
            self.outbox.append(text)
            for bytes in attachments { self.outbox.append("b" + Base64.encode(bytes.span)) }
            // The reference client takes the close packet of a payload for the end, and asks no more.
            if text == "1" { self.outboxEnds = true }
            return
        }
        switch form {
        case .whole: self.actions.append(.send(.text(text), on: webSocket))
        case .fragments(let pieces, let pings):
            self.actions.append(.sendFragmented(.text(text), pieces: pieces, pings: pings, on: webSocket))
        }
        for bytes in attachments { self.actions.append(.send(.binary(bytes), on: webSocket)) }
    }

    private var outboxEnds = false

    mutating func sendRaw(_ bytes: [UInt8]) {
        guard let webSocket = self.webSocket else { return }
        self.actions.append(.sendRaw(bytes, on: webSocket))
    }

    mutating func sendControlPing(_ data: String) {
        guard let webSocket = self.webSocket else { return }
        self.actions.append(.sendControl(.ping(Array(data.utf8)), on: webSocket))
    }

    /// Answers the poll that waits, where there is something to say.
    mutating func flush() {
        guard self.webSocket == nil, let poll = self.pendingPoll else { return }
        if !self.outbox.isEmpty {
            self.pendingPoll = nil
            self.respond(self.outbox.joined(separator: "\u{1E}"), on: poll)
            self.outbox = []
            if self.outboxEnds { self.state = .endedByServer }
        } else if case .probing(_, isAnswered: true) = self.carrier {
            // Lets the client's poll go, so that it can upgrade. Source: Engine.IO protocol v4, "Upgrade".
            self.pendingPoll = nil
            self.respond("6", on: poll)
        }
    }

    mutating func end(_ end: ConnectionEnd) {
        self.state = .endedByServer
        if let number = self.webSocket ?? self.pendingPoll { self.actions.append(.end(end, on: number)) }
    }

    /// Answers the poll that waits with an error, and is over; false where none waits.
    mutating func failPoll(_ status: Int, _ body: String) -> Bool {
        guard let poll = self.pendingPoll else { return false }
        self.pendingPoll = nil
        self.state = .endedByServer
        self.actions.append(.respond(Self.refusal(status, body, to: nil), on: poll))
        return true
    }

    private mutating func respond(_ text: String, on connection: Int, to request: HTTPRequest? = nil) {
        self.actions.append(
            .respond(
                HTTPResponse(
                    status: 200,
                    headers: [HTTPField("Content-Type", "text/plain; charset=UTF-8")] + Self.crossOrigin(request),
                    body: Array(text.utf8)),
                on: connection))
    }

    /// Lets a page of another origin read the answer.
    static func crossOrigin(_ request: HTTPRequest?) -> [HTTPField] {
        guard let origin = request?.header("Origin") else { return [HTTPField("Access-Control-Allow-Origin", "*")] }
        return [
            HTTPField("Access-Control-Allow-Origin", origin), HTTPField("Access-Control-Allow-Credentials", "true"),
            HTTPField("Vary", "Origin"),
        ]
    }

    static func refusal(_ status: Int, _ body: String, to request: HTTPRequest?) -> HTTPResponse {
        HTTPResponse(
            status: status, headers: [HTTPField("Content-Type", "application/json")] + self.crossOrigin(request),
            body: Array(body.utf8))
    }

    // MARK: Requests

    /// A request that carries the session's sid.
    mutating func request(_ request: HTTPRequest, overWebSocket: Bool, on connection: Int) {
        guard self.isOpen else {
            let answer = Self.refusal(400, #"{"code":1,"message":"Session ID unknown"}"#, to: request)
            self.actions.append(.respond(answer, on: connection))
            return
        }
        if overWebSocket {
            self.upgrade(request, on: connection)
        } else if self.webSocket != nil {
            self.fault("upgrade-late-polling", "it polls on although the session has a WebSocket now")
            let answer = Self.refusal(400, #"{"code":3,"message":"Bad request"}"#, to: request)
            self.actions.append(.respond(answer, on: connection))
        } else if request.method == "GET" {
            self.poll(request, on: connection)
        } else if request.method == "POST" {
            self.post(request, on: connection)
        } else {
            self.fault("bad-handshake-method", "it asks with \(request.method); polling has GET and POST")
            self.actions.append(.respond(Self.refusal(405, "", to: request), on: connection))
        }
    }

    private mutating func upgrade(_ request: HTTPRequest, on connection: Int) {
        let refusal = Self.refusal(400, #"{"code":3,"message":"Bad request"}"#, to: request)
        guard case .polling = self.carrier else {
            self.fault("upgrade-duplicate-websocket", "it opens a second WebSocket for the session")
            self.actions.append(.respond(refusal, on: connection))
            return
        }
        switch (self.scenario.transports, self.scenario.upgrade) {
        case (.upgrade, .accepted), (.upgrade, .silent):
            self.carrier = .probing(webSocket: connection, isAnswered: false)
            self.actions.append(.acceptWebSocket(on: connection, deflate: self.scenario.deflates))
        case (.upgrade, .refused): self.actions.append(.respond(refusal, on: connection))
        case (.upgrade, .withheld), (.polling, _), (.websocket, _):
            self.fault(nil, "it upgrades although the open packet offers no upgrade")
            self.actions.append(.respond(refusal, on: connection))
        }
    }

    private mutating func poll(_ request: HTTPRequest, on connection: Int) {
        guard self.pendingPoll == nil else {
            self.fault("poll-overlap", "it sends a second GET while the first still waits")
            self.actions.append(.respond(Self.refusal(400, "", to: request), on: connection))
            return
        }
        self.pendingPoll = connection
        self.flush()
    }

    private mutating func post(_ request: HTTPRequest, on connection: Int) {
        if request.header("Content-Type")?.lowercased().hasPrefix("application/octet-stream") == true {
            self.fault("polling-content-type", "its POST is of type application/octet-stream, which version 4 has not")
        }
        if let limit = self.scenario.maxPayload, request.body.count > limit {
            self.fault(
                "polling-payload-too-large", "its POST has \(request.body.count) bytes; maxPayload allows \(limit)")
            self.actions.append(.respond(Self.refusal(413, "", to: request), on: connection))
            return
        }
        var packets: [[UInt8]] = []
        do throws(PollingPayloadError) {
            try PollingPayload.split(request.body.span, .v4) { packets.append(Array(request.body[$0.range])) }
        } catch {
            self.fault("eio-malformed-packet", "its POST is no payload: \(error)")
        }
        self.actions.append(
            .respond(
                HTTPResponse(
                    status: 200,
                    headers: [HTTPField("Content-Type", "text/html")] + Self.crossOrigin(request),
                    body: Array("ok".utf8)),
                on: connection))
        for bytes in packets {
            do throws(EngineIODecodeError) {
                self.receive(try EngineIOPacket(try EngineIOPacketHead.text(bytes.span, .v4), bytes.span))
            } catch {
                self.fault("eio-malformed-packet", "its POST holds what is no packet: \(error)")
            }
        }
    }

    // MARK: The WebSocket

    /// Nothing where the message is of another connection.
    mutating func message(_ message: EngineIOPacket.Content, on connection: Int) {
        guard self.isOpen else { return }
        switch self.carrier {
        case .webSocket(connection):
            do throws(EngineIODecodeError) {
                self.receive(try EngineIOPacket(webSocketMessage: message))
            } catch {
                self.fault("eio-malformed-packet", "it sends what is no packet: \(error)")
            }
        case .probing(connection, let isAnswered): self.probe(message, isAnswered, on: connection)
        case .webSocket, .probing, .polling: return
        }
    }

    private mutating func probe(_ message: EngineIOPacket.Content, _ isAnswered: Bool, on connection: Int) {
        switch (message, isAnswered) {
        case (.text("2probe"), false):
            guard self.scenario.upgrade == .accepted else { return }
            self.carrier = .probing(webSocket: connection, isAnswered: true)
            self.actions.append(.send(.text("3probe"), on: connection))
        case (.text("5"), true):
            self.carrier = .webSocket(connection)
            if let poll = self.pendingPoll {
                // A client has to wait for its poll before it says this.
                self.pendingPoll = nil
                self.respond("6", on: poll)
                self.fault(nil, "it upgrades while its poll still waits: what that brings could be lost")
            }
            for packet in self.outbox { self.actions.append(.send(Self.webSocketMessage(packet), on: connection)) }
            self.outbox = []
            self.notes.append(.upgraded)
        case (.text(let text), _):
            self.fault(
                nil,
                "on the WebSocket of an upgrade it sends '\(PacketPattern.short(text))', "
                    + (isAnswered ? "not 5" : "not 2probe"))
        case (.binary, _): self.fault(nil, "on the WebSocket of an upgrade it sends a binary message before 5")
        }
    }

    /// A packet that was written for a poll.
    private static func webSocketMessage(_ packet: String) -> EngineIOPacket.Content {
        guard packet.hasPrefix("b"), let bytes = Base64.decode(Array(packet.utf8.dropFirst()).span) else {
            return .text(packet)
        }
        return .binary(bytes)
    }

    mutating func control(_ control: WebSocketControl, on connection: Int) {
        guard self.webSocket == connection else { return }
        switch (control, self.state) {
        case (.pong(let data), _): self.notes.append(.controlPong(data))
        case (.ping, _): break
        case (.close, .endedByServer): self.notes.append(.closeAnswered)
        case (.close(let code, _), .open):
            self.leave("closed the WebSocket with " + (code.map { "code \($0)" } ?? "an empty close frame"))
        case (.close, .endedByClient): break
        }
    }

    mutating func broken(_ reason: String, on connection: Int) {
        guard self.webSocket == connection, self.isOpen else { return }
        self.fault(nil, "it breaks the WebSocket protocol: \(reason)")
    }

    mutating func closed(on connection: Int, wasReset: Bool) {
        if self.pendingPoll == connection {
            self.pendingPoll = nil
            if self.isOpen { self.leave("gave up its poll") }
            return
        }
        switch self.carrier {
        case .probing(connection, _): self.carrier = .polling
        case .webSocket(connection) where self.isOpen:
            self.leave(wasReset ? "reset the connection" : "ended the connection without a close frame")
        case .webSocket, .probing, .polling: return
        }
    }

    // MARK: Packets

    private mutating func receive(_ packet: EngineIOPacket) {
        guard self.isOpen else { return }
        switch packet.type {
        case .pong, .message: self.notes.append(.packet(packet))
        case .ping: self.fault("eio4-client-ping", "it sends a ping of its own, which ends a session of version 4")
        case .close:
            if let poll = self.pendingPoll {
                self.pendingPoll = nil
                self.respond("6", on: poll)
            }
            self.leave("sent an Engine.IO close packet")
        case .noop: break
        case .open, .upgrade:
            self.fault("eio-malformed-packet", "it sends an \(packet.type.name) packet, which has no place here")
        }
    }

    private mutating func leave(_ how: String) {
        self.state = .endedByClient
        self.notes.append(.left(how))
    }

    private mutating func fault(_ rule: String?, _ text: String) { self.notes.append(.fault(rule: rule, text)) }
}
