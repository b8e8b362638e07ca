import EngineIO
import SocketIO
public import TimelineModel

/// Plays one scenario to whatever client connects. No socket and no clock: a driver tells what the client does.
///
/// It holds the client against each step of the script, and all the time against what no client may do: pings of its
/// own, polls that overlap, packets outside of a namespace and so on.
public struct ConformancePlay: ServerRole {
    /// A handshake that the script has not come to.
    struct Handshake: Sendable {
        let request: HTTPRequest
        let connection: Int
        let overWebSocket: Bool
        let at: Timestamp
    }

    /// What the current step has come to.
    enum Progress: Sendable {
        case fresh
        case begun(Timestamp)
        /// It has asked the client for something.
        case asked(Timestamp)
        /// A round of `beat`: the ping is due.
        case resting(Timestamp, roundsLeft: Int)
        case pinged(Timestamp, roundsLeft: Int)
    }

    /// The reference client waits for half a second up to a second and a half before it comes back; a program's start
    /// counts in before the first connection.
    public static let firstConnectionNs: Int64 = 20_000_000_000

    public let scenario: Scenario
    public internal(set) var verdict: ConformanceVerdict?
    /// What happened, in order; at most `transcriptLimit` lines, then the first of them go.
    public internal(set) var transcript: [ConformanceNote] = []
    public static let transcriptLimit = 1000

    var begunAt: Timestamp?
    var position = 0
    var progress = Progress.fresh
    var session: PlayedSession?
    var namespaces = NamespaceRegister()
    var sessions = 0
    var held: [Handshake] = []
    /// What the client has sent, and no step has looked at.
    var inbox: [ReceivedPacket] = []
    var pongs = 0
    var pingsAwaited = 0
    var controlPongs: [[UInt8]] = []
    var captures: [String: String] = [:]
    /// When the session, or the attempt, before was over.
    var endedAt: Timestamp?
    /// How the client left; nil while it has not.
    var leaving: (how: String, at: Timestamp)?
    var closeAnswered = false
    var isClientGone = false

    /// - Parameter begunAt: from when the time for the first connection counts; nil waits for one as long as it takes.
    public init(_ scenario: Scenario, begunAt: Timestamp? = nil) {
        self.scenario = scenario
        self.begunAt = begunAt
        if let begunAt { self.progress = .begun(begunAt) }
    }

    public var isFinished: Bool { self.verdict != nil }

    /// What the play waits for now, for a person.
    public var waitsFor: String {
        guard let step = self.step else { return "nothing" }
        return self.sessions == 0 && self.needsSession(step)
            ? "a \(self.scenario.transports == .websocket ? "WebSocket" : "polling") connection of the client"
            : "line \(step.line): \(step.text)"
    }

    var step: ScenarioStep? {
        self.scenario.steps.indices.contains(self.position) ? self.scenario.steps[self.position] : nil
    }

    func needsSession(_ step: ScenarioStep) -> Bool {
        switch step.action {
        case .refuse, .reconnect, .noReconnect: false
        default: true
        }
    }

    // MARK: Events

    public mutating func handle(_ event: ServerEvent, at now: Timestamp) -> [ServerAction] {
        guard self.verdict == nil else { return [] }
        self.begunAt = self.begunAt ?? now
        var actions: [ServerAction] = []
        switch event {
        case .request(let request, let connection): self.receive(request, on: connection, at: now, &actions)
        case .message(let message, let connection): self.session?.message(message, on: connection)
        case .control(let control, let connection): self.session?.control(control, on: connection)
        case .broken(_, let reason, let connection): self.session?.broken(reason, on: connection)
        case .closed(let connection, let wasReset):
            self.held.removeAll { $0.connection == connection }
            self.session?.closed(on: connection, wasReset: wasReset)
        case .timePassed: break
        case .clientGone: self.isClientGone = true
        }
        self.drain(at: now, &actions)
        self.play(at: now, &actions)
        return actions
    }

    mutating func receive(
        _ request: HTTPRequest, on connection: Int, at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        guard let target = EngineIOTarget(request.target) else {
            actions.append(.respond(PlayedSession.refusal(404, "", to: request), on: connection))
            return
        }
        guard request.method != "OPTIONS" else {
            let headers = [
                HTTPField("Access-Control-Allow-Methods", "GET, POST"),
                HTTPField("Access-Control-Allow-Headers", "Content-Type"),
            ]
            actions.append(
                .respond(
                    HTTPResponse(status: 204, headers: PlayedSession.crossOrigin(request) + headers), on: connection))
            return
        }
        let overWebSocket = target.transport == "websocket"
        self.note("< \(request.method) \(request.target)", at: now)
        guard let sid = target.sid else {
            self.handshake(target, request, overWebSocket, on: connection, at: now, &actions)
            return
        }
        if self.session?.sid == sid {
            self.session?.request(request, overWebSocket: overWebSocket, on: connection)
        } else {
            // Of a session that is over: its last requests may still be on the way.
            let unknown = PlayedSession.refusal(400, #"{"code":1,"message":"Session ID unknown"}"#, to: request)
            actions.append(.respond(unknown, on: connection))
        }
    }

    mutating func handshake(
        _ target: EngineIOTarget, _ request: HTTPRequest, _ overWebSocket: Bool, on connection: Int,
        at now: Timestamp, _ actions: inout [ServerAction]
    ) {
        var fault: (rule: String, text: String)?
        if target.version != .v4 {
            fault = (
                "eio-version-rejected",
                "its handshake asks for " + (target.eio.map { "EIO=\($0)" } ?? "no EIO at all") + "; this is version 4"
            )
        } else if target.transport != "websocket", target.transport != "polling" {
            fault = ("transport-unknown", "its handshake asks for transport=\(target.transport ?? "")")
        } else if request.method != "GET" {
            fault = ("bad-handshake-method", "its handshake is a \(request.method); a GET is due")
        }
        if let fault {
            self.fail(rule: fault.rule, fault.text, at: now)
            actions.append(.respond(PlayedSession.refusal(400, "", to: request), on: connection))
        } else if overWebSocket != (self.scenario.transports == .websocket) {
            self.verdict = .skipped(
                "the client begins with \(overWebSocket ? "a WebSocket" : "polling"), and this is about "
                    + (overWebSocket ? "polling" : "a WebSocket"))
            actions.append(.respond(PlayedSession.refusal(400, "", to: request), on: connection))
        } else if self.scenario.deflates, !Self.offersDeflate(request) {
            self.verdict = .skipped("the client does not offer permessage-deflate, which is optional")
            actions.append(.respond(PlayedSession.refusal(400, "", to: request), on: connection))
        } else {
            self.held.append(
                Handshake(request: request, connection: connection, overWebSocket: overWebSocket, at: now))
        }
    }

    private static func offersDeflate(_ request: HTTPRequest) -> Bool {
        request.headers.contains {
            $0.isNamed("Sec-WebSocket-Extensions") && $0.value.lowercased().contains("permessage-deflate")
        }
    }

    /// Takes what the session has to say.
    mutating func drain(at now: Timestamp, _ actions: inout [ServerAction]) {
        guard let (new, notes) = self.session?.drain() else { return }
        for action in new { self.note(action, at: now) }
        actions += new
        for note in notes where self.verdict == nil {
            switch note {
            case .packet(let packet): self.receive(packet, at: now)
            case .fault(let rule, let text): self.fail(rule: rule, text, at: now)
            case .left(let how):
                self.note("* the client \(how)", at: now)
                self.leaving = (how, now)
                self.endedAt = now
            case .upgraded: self.note("< 5", at: now)
            case .closeAnswered:
                self.note("< close frame", at: now)
                self.closeAnswered = true
            case .controlPong(let data): self.controlPongs.append(data)
            }
        }
    }

    mutating func receive(_ packet: EngineIOPacket, at now: Timestamp) {
        self.note("< " + Self.text(packet), at: now)
        if packet.type == .pong {
            guard self.pingsAwaited > 0 else {
                self.fail(rule: "pong-unsolicited", "it sends a pong that no ping asked for", at: now)
                return
            }
            self.pingsAwaited -= 1
            self.pongs += 1
            return
        }
        do throws(NamespaceRegister.Fault) {
            if let whole = try self.namespaces.receive(packet.content) { self.inbox.append(whole) }
        } catch {
            self.fail(rule: error.rule, error.text, at: now)
        }
    }
}
