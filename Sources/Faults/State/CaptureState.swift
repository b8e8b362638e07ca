public import TimelineModel

/// What is known of a capture while its frames go by.
public struct CaptureState: Sendable {
    public var facts: CaptureFacts
    public private(set) var connections: [Int64: ConnectionFacts] = [:]
    public private(set) var sessions: [Int64: SessionFacts] = [:]
    /// The times that the clock of the tap showed twice, because it stepped back over them.
    private var clockSteps = SpanIndex()
    /// When the hosts of clients slept.
    var suspensions = Suspensions()
    /// Where bytes are missing or could not be decoded.
    private var holes = CaptureHoles()
    /// What made each WebSocket one.
    private(set) var handshakes = WebSocketHandshakes()
    var unsettled = Unsettled()

    /// While a capture is recorded: requests of no session whose answer has not come, and sessions that go on. No rule may
    /// conclude from them that something happened; they show who else is there.
    struct Unsettled: Sendable {
        var requests: [ExchangeFacts] = []
        var sessions: [SessionState] = []
    }

    init(_ facts: CaptureFacts) {
        self.facts = facts
    }

    /// - Parameter isFinal: nothing more will be known of it.
    mutating func add(_ connection: ConnectionFacts, isFinal: Bool) {
        self.connections[connection.id] = connection
        if isFinal { self.holes.apply(connection) }
    }

    mutating func add(_ session: SessionFacts) { self.sessions[session.id] = session }

    /// Lets go of all sessions but some, of the connections that were closed but the newest, and of what was noted of
    /// either; of clocks and hosts too, whose spans no rule will ask for any more.
    mutating func forget(sessionsBut kept: Set<Int64>, connectionsKept count: Int) {
        self.sessions = self.sessions.filter { kept.contains($0.key) }
        let closed = self.connections.values.filter { $0.closed != nil }.map(\.id).sorted()
        for id in closed.dropLast(count) { self.connections[id] = nil }
        self.holes.forget(sessionsBut: kept, connections: self.connections)
        self.handshakes.keep { self.connections[$0] != nil }
        self.clockSteps = SpanIndex()
        self.suspensions = Suspensions()
    }

    mutating func apply(_ frame: Frame) { self.holes.apply(frame) }

    mutating func apply(_ exchange: ExchangeFacts) {
        self.handshakes.apply(exchange)
        self.holes.apply(exchange)
    }

    mutating func apply(_ anomaly: Anomaly) {
        self.handshakes.apply(anomaly)
        if anomaly.code == "capture.clock-step" {
            self.clockSteps.insert(Self.clockStep(anomaly))
        } else if anomaly.code.isHole {
            self.holes.apply(
                anomaly, anomaly.connectionID.flatMap { self.connections[$0] },
                anomaly.sessionID.flatMap { self.sessions[$0] })
        }
    }

    /// Whether the capture holds all of a session's traffic in a span of time.
    func isWhole(_ span: ClosedRange<Timestamp>, session: SessionState) -> Bool {
        let facts = session.facts
        if !facts.completeHead, span.lowerBound <= facts.opened { return false }
        if session.polls.missesAnswer(in: span) { return false }
        return self.holes.isWhole(span, session: facts.id, session.peers, self.connections)
    }

    /// Whether the clock of the tap stepped in a span, or may have: a span that reaches across a step meets the times
    /// that were shown twice, whichever of its ends is the later one by the clock.
    func clockStepped(in span: ClosedRange<Timestamp>) -> Bool {
        self.clockSteps.first(meeting: span) != nil
    }

    /// The step that a decoder noted: its detail says by how many milliseconds the time went back.
    private static func clockStep(_ anomaly: Anomaly) -> ClosedRange<Timestamp> {
        let words = anomaly.detail.split(separator: " ", maxSplits: 32)
        guard let place = words.firstIndex(of: "back"), place + 2 < words.count, words[place + 1] == "by",
            let back = Int64(words[place + 2]), back >= 0
        else {
            return anomaly.at...anomaly.at
        }
        // The detail's milliseconds are rounded down.
        let (length, tooLong) = (back.addingReportingOverflow(1).partialValue).multipliedReportingOverflow(
            by: 1_000_000)
        let (before, tooLate) = anomaly.at.nanoseconds.addingReportingOverflow(length)
        return anomaly
            .at...(tooLong || tooLate || length < 0 ? Timestamp(nanoseconds: .max) : Timestamp(nanoseconds: before))
    }
}

extension Anomaly.Code {
    /// Bytes are missing there, or could not be decoded, or nobody knows when they were sent.
    var isHole: Bool {
        switch self.text {
        case "tcp.gap", "websocket.undecoded-bytes", "websocket.incomplete-frame", "http.incomplete-body",
            "http.undecodable-body", "http.undecoded-bytes", "websocket.unreadable-message", "capture.dropped",
            "har.no-messages", "har.bad-message", "har.bad-time":
            true
        default: false
        }
    }
}
