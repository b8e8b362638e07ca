import EngineIO
import JSONText
import Replay
import SocketIO
import TimelineModel

/// A client in memory that keeps the contract of docs/conformance.md, or breaks it in one way.
struct ContractClient {
    enum Misdeed: String, CaseIterable, Sendable {
        case pings, silent, eventBeforeAccept, neverReturns, returnsAtOnce, staleAuth, pollsTwice, ignoresWatchdog
        case impatientWatchdog, ignoresBinary, wrongAckID, endsOnRefusal, dropsRoot, returnsAfterDisconnect
        case upgradesUnasked, bigPosts, unescaped, losesUpgradePackets, oldVersion, exits
    }

    let scenario: Scenario
    let misdeed: Misdeed?
    private var over: Over = .nothing
    private var nextConnection = 0
    private var attempts = 0
    private var failures = 0
    private var outbox: [String] = []
    private var sid: String?
    private var decoder = SocketIOPacketDecoder()
    private var joined: Set<String> = []
    private var asked: Set<Int64> = []
    private var nextID: Int64 = 0
    private var handshake: EngineIOHandshake?
    private var poll: Int?
    private var post: Int?
    private var probe: Int?
    private var watchdog: Timestamp?
    private var returns: Timestamp?
    private var pinging: Timestamp?
    private var wantsUpgrade = false
    private var hasQuit = false
    private var events: [ServerEvent] = []

    private enum Over { case nothing, polling, webSocket(Int) }

    init(_ scenario: Scenario, _ misdeed: Misdeed? = nil) {
        self.scenario = scenario
        self.misdeed = misdeed
    }

    var deadline: Timestamp? { [self.watchdog, self.returns, self.pinging].compactMap { $0 }.min() }

    mutating func start(at now: Timestamp) -> [ServerEvent] {
        self.connect(at: now)
        return self.drain()
    }

    mutating func timePassed(at now: Timestamp) -> [ServerEvent] {
        if let due = self.returns, due <= now {
            self.returns = nil
            self.connect(at: now)
        }
        if let due = self.watchdog, due <= now { self.leave(at: now) }
        if let due = self.pinging, due <= now {
            self.pinging = now.advanced(byNs: 400_000_000)
            self.send("2", at: now)
        }
        return self.drain()
    }

    private mutating func drain() -> [ServerEvent] {
        self.flush()
        defer { self.events = [] }
        return self.events
    }

    private mutating func connect(at now: Timestamp) {
        (self.outbox, self.sid, self.joined, self.asked) = ([], nil, [], [])
        (self.poll, self.post, self.probe, self.wantsUpgrade) = (nil, nil, nil, false)
        self.decoder = SocketIOPacketDecoder()
        let number = self.newConnection()
        let version = self.misdeed == .oldVersion ? 3 : 4
        if self.scenario.transports == .websocket {
            self.over = .webSocket(number)
            self.request("GET", "EIO=\(version)&transport=websocket", on: number)
        } else {
            self.over = .polling
            self.poll = number
            self.request("GET", "EIO=\(version)&transport=polling", on: number)
        }
    }

    private mutating func newConnection() -> Int {
        defer { self.nextConnection += 1 }
        return self.nextConnection
    }

    private mutating func request(_ method: String, _ query: String, on number: Int, body: String = "") {
        self.events.append(
            .request(
                HTTPRequest(method: method, target: "/socket.io/?" + query, body: Array(body.utf8)), on: number))
    }

    // MARK: What the server does

    mutating func handle(_ action: ServerAction, at now: Timestamp) -> [ServerEvent] {
        switch action {
        case .acceptWebSocket(let number, _):
            if number == self.probe { self.events.append(.message(.text("2probe"), on: number)) }
        case .send(let content, let number), .sendFragmented(let content, _, _, let number):
            self.receive(content, on: number, at: now)
        case .sendControl(.ping(let data), let number): self.events.append(.control(.pong(data), on: number))
        case .sendControl: break
        case .sendRaw(let bytes, let number): self.receiveRaw(bytes, on: number, at: now)
        case .respond(let response, let number): self.receive(response, on: number, at: now)
        case .end(let end, let number):
            if case .webSocketClose(let code, _) = end {
                self.events.append(.control(.close(code: code, reason: ""), on: number))
            }
            self.events.append(.closed(on: number, wasReset: false))
            self.ended(at: now)
        }
        return self.drain()
    }

    private mutating func receive(_ response: HTTPResponse, on number: Int, at now: Timestamp) {
        if number == self.probe {
            self.probe = nil
        } else if number == self.post {
            self.post = nil
        } else if response.status >= 400 {
            self.ended(at: now)
        } else if number == self.poll {
            self.poll = nil
            for packet in String(decoding: response.body, as: UTF8.self).split(separator: "\u{1E}") {
                self.packet(String(packet), at: now)
            }
            if self.wantsUpgrade, let probe = self.probe, self.poll == nil {
                self.wantsUpgrade = false
                self.over = .webSocket(probe)
                self.events.append(.message(.text("5"), on: probe))
                for packet in self.outbox { self.events.append(.message(.text(packet), on: probe)) }
                self.outbox = []
            }
        }
        if self.misdeed == .pollsTwice, case .polling = self.over, let sid = self.sid {
            self.request("GET", "EIO=4&transport=polling&sid=\(sid)", on: self.newConnection())
        }
    }

    /// A frame with a length below 126.
    private mutating func receiveRaw(_ bytes: [UInt8], on number: Int, at now: Timestamp) {
        let data = Array(bytes.dropFirst(2))
        if bytes[0] & 15 == 2 {
            self.receive(.binary(data), on: number, at: now)
        } else if let text = String(validatingCString: data.map { CChar(bitPattern: $0) } + [0]) {
            self.receive(.text(text), on: number, at: now)
        } else {
            self.leave(at: now)
        }
    }

    private mutating func receive(_ content: EngineIOPacket.Content, on number: Int, at now: Timestamp) {
        switch content {
        case .text("3probe") where number == self.probe: self.wantsUpgrade = true
        case .text(let text): self.packet(text, at: now)
        case .binary(let bytes): self.message(.binary(bytes), at: now)
        }
    }

    private mutating func packet(_ text: String, at now: Timestamp) {
        guard let packet = try? EngineIOPacket(webSocketMessage: .text(text)) else { return self.leave(at: now) }
        switch packet.type {
        case .open:
            guard case .text(let json) = packet.content, let handshake = EngineIOHandshake(json: Array(json.utf8).span)
            else { return self.leave(at: now) }
            self.handshake = handshake
            self.sid = handshake.sid
            self.watch(at: now)
            if self.misdeed == .pings { self.pinging = now.advanced(byNs: 100_000_000) }
            for namespace in self.scenario.namespaces { self.join(namespace, at: now) }
            if handshake.upgrades.contains("websocket") || self.misdeed == .upgradesUnasked, self.poll == nil,
                case .polling = self.over
            {
                let number = self.newConnection()
                self.probe = number
                self.request("GET", "EIO=4&transport=websocket&sid=\(handshake.sid)", on: number)
            }
        case .ping:
            self.watch(at: now)
            if self.misdeed != .silent { self.send("3", at: now) }
        case .message:
            switch packet.content {
            case .text(let text):
                if self.wantsUpgrade, self.misdeed == .losesUpgradePackets { return }
                self.message(.text(text), at: now)
            case .binary(let bytes): self.message(.binary(bytes), at: now)
            }
        case .close: if case .polling = self.over { self.ended(at: now) }
        case .pong, .upgrade, .noop: break
        }
    }

    private mutating func join(_ namespace: String, at now: Timestamp) {
        if namespace == "/" { self.attempts += self.misdeed == .staleAuth && self.attempts > 0 ? 0 : 1 }
        let auth: SocketIOValue? = namespace == "/" ? ["attempt": SocketIOValue(self.attempts)] : nil
        self.send(SocketIOPacket(namespace: namespace, .connect(auth)), at: now)
        if self.misdeed == .eventBeforeAccept {
            self.send(SocketIOPacket(namespace: namespace, .event(name: "hi", arguments: [], ackID: nil)), at: now)
        }
    }

    private mutating func watch(at now: Timestamp) {
        guard self.misdeed != .ignoresWatchdog, var ns = self.handshake?.watchdogNs else { return }
        if self.misdeed == .impatientWatchdog { ns = ns / 4 }
        self.watchdog = now.advanced(byNs: ns)
    }

    private mutating func message(_ message: SocketIOMessage, at now: Timestamp) {
        do {
            guard let packet = try self.decoder.receive(message) else { return }
            try self.packet(packet, at: now)
        } catch {
            self.leave(at: now)
        }
    }

    private mutating func packet(_ packet: SocketIOPacket, at now: Timestamp) throws {
        let namespace = packet.namespace
        switch packet.content {
        case .connect:
            self.joined.insert(namespace)
            self.failures = 0
        case .disconnect, .connectError:
            self.joined.remove(namespace)
            if self.misdeed == .endsOnRefusal { self.leave(at: now) }
            if namespace == "/" {
                self.leave(at: now)
                if self.misdeed != .returnsAfterDisconnect { self.returns = nil }
            }
        case .event(let name, let arguments, let ackID) where self.joined.contains(namespace):
            if self.misdeed == .ignoresBinary,
                arguments.contains(where: { if case .binary = $0 { true } else { false } })
            {
                return
            }
            try self.event(name, arguments, ackID, namespace, at: now)
        case .event: break
        case .ack(let id, let arguments):
            guard self.asked.remove(id) != nil else { return }
            self.emit("answered", arguments, namespace, at: now)
        }
    }

    private mutating func event(
        _ name: String, _ arguments: [SocketIOValue], _ ackID: Int64?, _ namespace: String, at now: Timestamp
    ) throws {
        switch name {
        case "message":
            if self.misdeed == .exits { return self.events.append(.clientGone) }
            self.emit("message-back", arguments, namespace, at: now)
        case "message-with-ack":
            let id = (ackID ?? 0) + (self.misdeed == .wrongAckID ? 1 : 0)
            self.send(SocketIOPacket(namespace: namespace, .ack(id: id, arguments: arguments)), at: now)
        case "ask":
            self.asked.insert(self.nextID)
            let event = SocketIOPacket.Content.event(
                name: arguments[0].string ?? "", arguments: Array(arguments.dropFirst()), ackID: self.nextID)
            self.nextID += 1
            self.send(SocketIOPacket(namespace: namespace, event), at: now)
        case "burst":
            guard case .number(let count) = arguments[0] else { return }
            for number in 0..<(Int(count) ?? 0) {
                self.emit("item", [SocketIOValue(number), arguments[1]], namespace, at: now)
            }
        case "leave":
            self.joined.remove(namespace)
            self.send(SocketIOPacket(namespace: namespace, .disconnect(nil)), at: now)
        case "quit":
            self.hasQuit = true
            self.send(SocketIOPacket(.disconnect(nil)), at: now)
            if case .polling = self.over { self.send("1", at: now) }
            self.leave(at: now)
        default: break
        }
    }

    private mutating func emit(
        _ name: String, _ arguments: [SocketIOValue], _ namespace: String, at now: Timestamp
    ) {
        self.send(SocketIOPacket(namespace: namespace, .event(name: name, arguments: arguments, ackID: nil)), at: now)
        if self.misdeed == .dropsRoot, namespace != "/" { self.leave(at: now) }
    }

    // MARK: Sending

    private mutating func send(_ packet: SocketIOPacket, at now: Timestamp) {
        for message in packet.encoded() {
            switch message {
            case .text(let text): self.send("4" + text, at: now)
            case .binary(let bytes):
                if case .webSocket(let number) = self.over {
                    self.events.append(.message(.binary(bytes), on: number))
                } else {
                    self.outbox.append("b" + Base64.encode(bytes.span))
                }
            }
        }
    }

    private mutating func send(_ text: String, at now: Timestamp) {
        let text = self.misdeed == .unescaped ? text.replacing("\\u001e", with: "\u{1E}") : text
        if case .webSocket(let number) = self.over {
            self.events.append(.message(.text(text), on: number))
        } else {
            self.outbox.append(text)
        }
    }

    /// Posts what waits, and polls.
    private mutating func flush() {
        guard case .polling = self.over, let sid = self.sid else { return }
        if !self.outbox.isEmpty, self.post == nil {
            var body = self.outbox.removeFirst()
            let limit = self.misdeed == .bigPosts ? Int.max : self.handshake?.maxPayload ?? Int.max
            while let next = self.outbox.first, body.utf8.count + next.utf8.count + 1 <= limit {
                body += "\u{1E}" + self.outbox.removeFirst()
            }
            let number = self.newConnection()
            self.post = number
            self.request("POST", "EIO=4&transport=polling&sid=\(sid)", on: number, body: body)
        }
        if self.poll == nil, !self.wantsUpgrade {
            let number = self.newConnection()
            self.poll = number
            self.request("GET", "EIO=4&transport=polling&sid=\(sid)", on: number)
        }
    }

    // MARK: The end

    /// By the client's own wish.
    private mutating func leave(at now: Timestamp) {
        self.flush()
        switch self.over {
        case .webSocket(let number):
            self.events.append(.control(.close(code: nil, reason: ""), on: number))
            self.events.append(.closed(on: number, wasReset: false))
        case .polling: if let poll { self.events.append(.closed(on: poll, wasReset: false)) }
        case .nothing: return
        }
        self.ended(at: now)
    }

    private mutating func ended(at now: Timestamp) {
        (self.over, self.sid, self.watchdog, self.pinging) = (.nothing, nil, nil, nil)
        guard !self.hasQuit, self.misdeed != .neverReturns else { return }
        let delay: Int64 = self.misdeed == .returnsAtOnce ? 0 : 1_000_000_000 << min(self.failures, 3)
        self.failures += 1
        self.returns = now.advanced(byNs: delay)
    }
}
