import TimelineModel

struct PongLate: SessionRule {
    static let page = RulePage(
        "pong-late", .engineIO, .error, versions: "Engine.IO 4", sides: [.client, .middlebox],
        source: """
            Engine.IO protocol 4, Heartbeat; engine.io lib/socket.ts `resetPingTimeout`; engine.io-client#649 and its
            repair #670 (timers of a background tab); socket.io#2769
            """,
        summary: "The client answered a ping of the server too late, or nearly so",
        finds: """
            A `3` of the client that follows its `2` by more than pingTimeout: an error. At a client's tap the round
            trip is taken off pingTimeout, for the server sees the pong that much later. An error also where the server
            had closed before, pingTimeout less the slack (the longest of 200 ms, three round trips and 2 % of
            pingInterval) after the ping. A pong that took more than half of pingTimeout is a warning.
            """,
        why: """
            A server that has no pong after pingTimeout drops the session: what is sent until the client is back is lost.
            A client that regularly needs half of the time will be too late on a worse day.
            """,
        clientFix: """
            Answer pings from a task that no work of the application can block: not from a timer, and not behind long
            handlers. A background tab or a phone may hold timers back for a minute and more.
            """,
        serverFix: "Raise pingTimeout where clients are on slow links or hold big uploads.",
        falseAlarms: """
            Demoted to notes: a ping or pong that TCP had to send again; a big message of the client in front of the pong that took more
            than half of pingTimeout; a client whose host slept. Where the tap is not known the measured time is taken as
            the server sees it. The server's close must fit pingTimeout: a pong that crosses a close of another cause is
            not late.
            """,
        thresholds: [Self.share])

    static let share = Threshold(
        "warn_above_share", 0.5, step: 0.05, "A warning above this share of pingTimeout; 1 for no warnings.")

    static let sees: Interest = [.ping, .pong]

    private let share: Double
    private var isPingResent = false

    init(_ settings: RuleSettings) {
        self.share = settings[Self.share]
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard session.isEngineIO4 else { return }
        if frame.engineIOType == .ping, frame.sender == .server {
            self.isPingResent = frame.flags.contains(.retransmitted)
            return
        }
        guard frame.engineIOType == .pong, frame.sender == .client, let ping = session.heartbeat.outstanding,
            let timeout = session.pingTimeoutNs
        else { return }
        let delay = frame.at.nanoseconds(since: ping.at)
        let network = session.tap == .client ? min(session.roundTripNs ?? 0, timeout / 2) : 0
        let isBehindClose = self.isBehindTimeoutClose(ping, timeout, session)
        let isTooLate = delay > timeout - network || isBehindClose
        guard isTooLate || Double(delay) > self.share * Double(timeout) else { return }
        let span = ping.at...max(ping.at, frame.at)
        report.add(
            "pong \(Phrase.duration(delay)) after the server's ping (pingTimeout \(Phrase.duration(timeout)))"
                + (isBehindClose ? ", when the server had closed already" : ""),
            frame: frame, severity: isTooLate ? .error : .warning,
            consequence: isBehindClose ? .shown : isTooLate ? .end(by: .server) : .none,
            over: span, isTimed: true, demotion: self.demotion(frame, span, timeout, session),
            evidence: Evidence(frames: [ping.frameID, frame.id], measuredNs: delay, allowedNs: timeout - network))
    }

    /// The server closed for want of this pong.
    private func isBehindTimeoutClose(_ ping: Mark, _ timeout: Int64, _ session: SessionState) -> Bool {
        guard let close = session.closes.server else { return false }
        return close.mark.at.nanoseconds(since: ping.at) >= session.earliestNs(timeout)
    }

    private func demotion(
        _ pong: Frame, _ span: ClosedRange<Timestamp>, _ timeout: Int64, _ session: SessionState
    ) -> Demotion? {
        if self.isPingResent || pong.flags.contains(.retransmitted) { return .retransmission }
        // What the server sends behind its ping does not hold the pong up.
        let bulk = session.bulk.longest(of: .client, in: span)?.overlapNs(with: span) ?? 0
        return bulk > timeout / 2 ? .bulkData : nil
    }
}
