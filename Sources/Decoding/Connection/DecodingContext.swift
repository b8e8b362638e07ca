import EngineIO
import TimelineModel

/// What the lanes of one capture share.
final class DecodingContext {
    let limits: DecodingLimits
    let log: TimelineLog
    let sessions: SessionTable
    let clockSteps: ClockSteps
    /// Nil where rows are wanted once, in their last state.
    let changes: Changes?
    private var nextLettingGo: Timestamp?
    /// Between two looks for sessions to let go.
    private static let lettingGoNs: Int64 = 10_000_000_000
    /// HTTP requests that were passed over.
    var otherRequests: Int64 = 0

    /// - Parameter isLive: `drain` gives the newest state of whatever changed, and not only of what is over.
    init(_ limits: DecodingLimits, isLive: Bool = false) {
        self.limits = limits
        self.log = TimelineLog(limits)
        self.clockSteps = ClockSteps(self.log)
        self.changes = isLive ? Changes() : nil
        self.sessions = SessionTable(self.changes)
    }

    /// Time goes on: what was held back for too long comes out, what nobody asks for any more is let go.
    func tick(at: Timestamp) {
        self.log.expireHolds(at: at)
        self.changes?.write(to: self.log, self.sessions)
        guard self.nextLettingGo.map({ at >= $0 }) ?? true || self.sessions.all.count > self.limits.sessions else {
            return
        }
        self.nextLettingGo = Timestamp(
            nanoseconds: at.nanoseconds.addingReportingOverflow(Self.lettingGoNs).partialValue)
        for lane in self.sessions.letGo(at: at, self.limits) where !self.isWritten(lane) {
            self.log.add(lane.finished())
        }
    }

    /// Takes what there is, with the rows that it refers to.
    func drain() -> TimelineBatch {
        self.changes?.write(to: self.log, self.sessions)
        return self.log.drain()
    }

    /// The last batch, once all connections are finished; completes what is known of the capture.
    func finish(_ facts: inout CaptureFacts) -> TimelineBatch {
        self.changes?.write(to: self.log, self.sessions)
        for lane in self.sessions.all where !self.isWritten(lane) { self.log.add(lane.finished()) }
        if self.sessions.hasHeadless { facts.completeHead = false }
        facts.otherRequests = self.otherRequests
        return self.log.drain()
    }

    /// Its last row came with its last change. Once more it would bring back what the timeline has let go meanwhile.
    private func isWritten(_ lane: SessionLane) -> Bool {
        self.changes != nil && !lane.isChanged && lane.current().endClass != nil
    }
}

/// One connection's own facts, shared by the lanes that read its two streams.
final class ConnectionScope {
    let context: DecodingContext
    var facts: ConnectionFacts
    /// The server's end, as sessions are keyed.
    let server: String
    /// The session this connection belongs to, for gaps and ends; the latest, where a proxy sends several.
    var session: SessionLane?
    /// Of the client, where the source tells it without a request.
    var userAgent: String?
    /// Gaps of which it is not known whose bytes are missing; a few, at most.
    private var unclaimedGaps: [Anomaly] = []
    private static let unclaimedLimit = 64
    private var undecodedFrom: String?
    var anomalyLimit = 100
    private var counts: [Anomaly.Code: Int] = [:]
    private var suppressed: [Anomaly.Code: Int] = [:]

    /// - Parameter server: where the source knows it by another name than its address.
    init(_ facts: ConnectionFacts, _ context: DecodingContext, server: String? = nil) {
        self.facts = facts
        self.context = context
        self.server = server ?? facts.serverAddress + ":" + String(facts.serverPort)
    }

    var id: Int64 { self.facts.id }

    /// Adds an anomaly of this connection. Of one kind at most `anomalyLimit` are stored, for some come with every
    /// frame; how many more there were is told by `finish`.
    func add(_ anomaly: Anomaly, limit: Int? = nil) {
        let count = (self.counts[anomaly.code] ?? 0) + 1
        self.counts[anomaly.code] = count
        if count <= limit ?? self.anomalyLimit {
            self.store(anomaly)
        } else {
            self.suppressed[anomaly.code, default: 0] += 1
        }
    }

    /// Bytes of one end are missing. Before a session is known they may be of the one that follows, as those of the
    /// request for its upgrade.
    func addGap(_ count: Int, offset: Int64, at: Timestamp, from sender: Sender) {
        let anomaly = Anomaly(
            "tcp.gap", at: at,
            detail: "\(Anomaly.bytes(count)) not in the capture \(Self.place(offset, sender)); "
                + "expected all that was sent")
        if self.session == nil, self.unclaimedGaps.count < Self.unclaimedLimit {
            self.unclaimedGaps.append(anomaly)
        } else {
            self.session?.noteHole()
            self.add(anomaly)
        }
    }

    /// The session that the connection has now is the one whose bytes were missing before it was known.
    func claimGaps() {
        guard let session = self.session else { return }
        for _ in self.unclaimedGaps { session.noteHole() }
        self.tellGaps()
    }

    /// What is missing so far is of no session, or of none that will be known.
    func tellGaps() {
        let gaps = self.unclaimedGaps
        self.unclaimedGaps = []
        for gap in gaps { self.add(gap) }
    }

    /// Bytes that could not be decoded; told in one anomaly, with where the first of them were.
    func addUndecoded(_ count: Int, offset: Int64, from sender: Sender) {
        if count > 0, self.undecodedFrom == nil { self.undecodedFrom = Self.place(offset, sender) }
        self.facts.undecodedBytes += Int64(count)
    }

    /// A place in what one side sent.
    static func place(_ offset: Int64, _ sender: Sender) -> String {
        "at offset \(offset) of the \(sender.rawValue)'s stream"
    }

    /// No more will come of this connection.
    func finish(at: Timestamp) {
        self.tellGaps()
        if self.facts.undecodedBytes > 0 {
            self.store(
                Anomaly(
                    self.facts.application == .websocket ? "websocket.undecoded-bytes" : "http.undecoded-bytes", at: at,
                    detail: "\(Anomaly.bytes(self.facts.undecodedBytes)) that could not be decoded"
                        + (self.undecodedFrom.map { ", the first \($0)" } ?? "") + "; expected "
                        + (self.facts.application == .websocket ? "WebSocket frames" : "HTTP/1.1")))
        }
        for (code, count) in self.suppressed.sorted(by: { $0.key.text < $1.key.text }) {
            self.store(Anomaly(code, at: at, detail: "\(count) more of this kind on this connection"))
        }
        self.suppressed.removeAll()
    }

    private func store(_ anomaly: Anomaly) {
        var anomaly = anomaly
        anomaly.connectionID = self.id
        anomaly.sessionID = self.session?.facts.id
        self.context.log.add(anomaly)
    }

    func identity(_ exchange: ExchangeFacts?, _ target: EngineIOTarget?) -> ClientIdentity {
        ClientIdentity(
            clientAddress: self.facts.clientAddress, server: self.server, path: target?.path ?? "",
            userAgent: exchange?.userAgent ?? self.userAgent, origin: exchange?.origin,
            forwardedFor: exchange?.forwardedFor)
    }

    /// The first end is the end; first by its time, for after loss the two directions are not told in step.
    func close(_ kind: CloseKind, by sender: Sender?, at: Timestamp) {
        guard self.facts.closeKind == nil || self.facts.closed.map({ at < $0 }) ?? false else { return }
        self.facts.closeKind = kind
        self.facts.closedBy = sender
        self.facts.closed = at
    }
}
