import JSONText
import TimelineModel

struct IdleTimeout: LineageRule {
    private static let tolerance = Threshold(
        "tolerance_ms", 1500, step: 100, "how far from a usual idle time a silence may be, in milliseconds")
    private static let least = Threshold("sessions", 2, step: 1, "how many sessions must end behind the same silence")

    static let page = RulePage(
        "middlebox-idle-timeout", .tcp, .warning, sides: [.middlebox],
        source: """
            RFC 9293, section 3.8.4; nginx `proxy_read_timeout` (60 s), AWS load balancers (60 s and 350 s), Cloudflare
            (100 s), Heroku (55 s); socketio/socket.io#3025, websockets/ws#2283
            """,
        summary: "Sessions of a client end behind the same silence, a usual idle timeout of proxies",
        finds: """
            At least two WebSocket sessions of one client that ended by FIN, reset or close frame 30, 55, 60, 75, 100,
            120, 300, 350 or 600 s (each ± 1.5 s) after the last frame in both directions or in one of them, the same
            number each time, where no fault of the protocol explains the end, nobody had said goodbye and no ping
            waited for its pong.
            """,
        why: """
            Proxies, load balancers and NAT boxes drop connections on which nothing moves for a fixed time. Neither the
            client nor the server knows why: both read code 1006 or a lost transport.
            """,
        clientFix: "Nothing, but for sending something now and then where the server cannot be changed.",
        serverFix: """
            Make pingInterval shorter than the idle time (25 s is shorter than all usual ones), or raise the timeout of
            the proxy: `proxy_read_timeout` in nginx, `timeout tunnel` in HAProxy, the idle timeout of a load balancer.
            """,
        falseAlarms: """
            An application may end idle sessions itself, by a timer of the same length. Where sessions end with a close
            frame, which proxies seldom send, it is a note.
            """,
        thresholds: [tolerance, least])

    static let telling = Telling.oncePerClient

    /// Idle timeouts that are in use, in seconds.
    static let usual: [Int64] = [30, 55, 60, 75, 100, 120, 300, 350, 600]

    private let toleranceNs: Int64
    private let leastSessions: Int

    init(_ settings: RuleSettings) {
        self.toleranceNs = settings.nanoseconds(Self.tolerance)
        self.leastSessions = settings.count(Self.least)
    }

    func judge(_ sessions: [SessionSummary], _ capture: CaptureState, _ report: inout Report) {
        var matches: [Int64: [(session: SessionSummary, silence: ClosedRange<Timestamp>)]] = [:]
        for session in sessions {
            guard let match = Self.match(session, capture, toleranceNs: self.toleranceNs) else { continue }
            matches[match.usual, default: []].append((session, match.silence))
        }
        for (usual, found) in matches.sorted(by: { $0.key < $1.key }) {
            guard found.count >= self.leastSessions, let last = found.last else { continue }
            let silences = found.map { $0.silence.upperBound.nanoseconds(since: $0.silence.lowerBound) }
            let isCut = found.contains { $0.session.facts.endClass != .webSocketClose }
            let interval = last.session.state.pingIntervalNs ?? 0
            let heartbeat =
                interval > usual * 1_000_000_000 ? "; pingInterval \(Phrase.duration(interval)) is longer" : ""
            report.add(
                "\(Phrase.count(found.count, "session")) ended \(Phrase.duration(silences.min() ?? 0)) to "
                    + "\(Phrase.duration(silences.max() ?? 0)) after their last frame: an idle timeout of \(usual) s"
                    + heartbeat,
                at: last.silence.upperBound, severity: isCut ? nil : .note, consequence: .shown,
                evidence: Evidence([
                    ("sessions", .array(found.map { .integer($0.session.facts.id) })), ("idle_s", .integer(usual)),
                    ("silences_ms", .array(silences.prefix(64).map { .milliseconds($0) })),
                ]),
                sessionID: last.session.facts.id)
        }
    }

    /// The silence before a session's end, and the usual idle timeout that it is near; nil where something else
    /// explains the end.
    static func match(
        _ session: SessionSummary, _ capture: CaptureState, toleranceNs: Int64 = 1_500_000_000
    ) -> (usual: Int64, silence: ClosedRange<Timestamp>)? {
        let facts = session.facts
        guard facts.endClass == .fin || facts.endClass == .rst || facts.endClass == .webSocketClose,
            session.state.isOnWebSocket, let ended = facts.ended, session.state.heartbeat.outstanding == nil,
            !session.clientLeft, !session.wasToldToGo, !session.rules.keys.contains(where: self.explains)
        else { return nil }
        let last = [self.lastWord(.client, session.state), self.lastWord(.server, session.state)]
        // What both were silent for says more than what one was.
        let starts = [last.compactMap { $0 }.max()] + last
        for case let start? in starts {
            let span = ClosedRange(between: start, and: ended)
            guard !capture.clockStepped(in: span), capture.isWhole(span, session: session.state) else { continue }
            let silentNs = ended.nanoseconds(since: start)
            guard silentNs > 0 else { continue }
            let usual = self.usual.first { (silentNs - $0 * 1_000_000_000).magnitude <= toleranceNs.magnitude }
            if let usual { return (usual, span) }
        }
        return nil
    }

    private static func explains(_ rule: String) -> Bool {
        Reactions.table[rule] != nil || rule == "server-ping-missed" || rule == "eio3-pong-missing"
    }

    /// The last frame of a side before the close frames.
    private static func lastWord(_ sender: Sender, _ state: SessionState) -> Timestamp? {
        let recent = state.recent.all
        if let word = recent.last(where: { $0.sender == sender && !($0.layer == .websocket && $0.opcode == 8) }) {
            return word.at
        }
        let last = sender == .client ? state.lastFromClient : state.lastFromServer
        return last == state.closes[sender]?.mark ? nil : last?.at
    }
}
