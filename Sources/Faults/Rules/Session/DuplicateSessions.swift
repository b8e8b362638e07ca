import JSONText
import TimelineModel

struct DuplicateSessions: CaptureRule {
    private static let overlap = Threshold(
        "overlap_ms", 1000, step: 100, "how long both must be in use at once, in milliseconds")

    static let page = RulePage(
        "duplicate-client-sessions", .session, .note, versions: "Socket.IO 5", sides: [.application],
        source: """
            Socket.IO protocol 5, Connection to a namespace; socketio/socket.io#3975, socketio/socket.io-client#1153,
            socketio/socket.io-client#1617
            """,
        summary: "One client holds several sessions at once",
        finds: """
            Two or more sessions from one address with the same host, path, User-Agent and auth payload, where the client
            still used the older one 1 s after the newer one's CONNECT.
            """,
        why: """
            Each event then arrives twice, or at the wrong one. Usual reasons: `io()` is called again where the old
            socket should be used, a component that is mounted twice, `forceNew`.
            """,
        clientFix: "Make the socket once, outside of what is drawn again; disconnect it before making another.",
        falseAlarms:
            "Several tabs or processes of one user look the same. Sessions without an auth payload are not judged.",
        thresholds: [overlap])

    private struct Identity: Hashable {
        var clientAddress: String
        var forwardedFor: String?
        var host: String?
        var path: String?
        var userAgent: String?
        var authHash: Int
    }

    private let overlapNs: Int64

    init(_ settings: RuleSettings) {
        self.overlapNs = settings.nanoseconds(Self.overlap)
    }

    func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        var groups: [Identity: [SessionSummary]] = [:]
        for session in sessions where !session.clientAddress.isEmpty {
            guard let auth = session.state.connects.all.lazy.compactMap(\.authHash).first else { continue }
            let identity = Identity(
                clientAddress: session.clientAddress, forwardedFor: session.facts.forwardedFor,
                host: session.facts.host, path: session.facts.path, userAgent: session.facts.userAgent, authHash: auth)
            groups[identity, default: []].append(session)
        }
        for (identity, members) in groups.sorted(by: { $0.value[0].facts.id < $1.value[0].facts.id }) {
            self.judge(members, identity, capture, &report)
        }
    }

    private func judge(
        _ members: [SessionSummary], _ identity: Identity, _ capture: CaptureState, _ report: inout Report
    ) {
        var latest: (session: SessionSummary, used: Timestamp)?
        var doubled: Set<Int64> = []
        var first: (session: SessionSummary, mark: Mark)?
        for session in members {
            guard let connect = session.state.connects.all.first?.mark, let used = session.state.lastFromClient?.at
            else { continue }
            // A proxy on the same host shows each session twice.
            let isSeenTwice = latest.map { $0.session.facts.sid == session.facts.sid } ?? false
            if let latest, !isSeenTwice, latest.used.nanoseconds(since: connect.at) >= self.overlapNs,
                !capture.clockStepped(in: ClosedRange(between: connect.at, and: latest.used))
            {
                doubled.formUnion([latest.session.facts.id, session.facts.id])
                first = first ?? (session, connect)
            }
            if latest.map({ $0.used < used }) ?? true { latest = (session, used) }
        }
        guard let first else { return }
        report.add(
            "\(doubled.count) sessions of \(Phrase.plain(identity.clientAddress)) with the same auth payload were in use at the same "
                + "time", at: first.mark.at, frameID: first.mark.frameID, consequence: .shown,
            evidence: Evidence(
                frames: [first.mark.frameID],
                [("sessions", .array(doubled.sorted().prefix(1024).map { .integer($0) }))]),
            sessionID: first.session.facts.id)
    }
}
