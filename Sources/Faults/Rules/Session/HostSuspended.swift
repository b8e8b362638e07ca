import JSONText
import TimelineModel

struct HostSuspended: CaptureRule {
    static let page = RulePage(
        "host-suspended", .session, .note, sides: [.client],
        source: "socketio/socket.io-client-swift#855, get-convex/convex-backend#562",
        summary: "All sessions of a client's host were silent at once and went on together",
        finds: """
            A time of more than 5 s in which nothing came from a client's address, while at least two of its sessions
            owed the server a pong, and after which one of them spoke again.
            """,
        why: """
            The host slept, or something held all its programs: a closed lid, a phone in a pocket, a paused virtual
            machine. Pongs that are late or missing for it are notes: no program on it could have answered.
            """,
        clientFix: "Reconnect when the host resumes, without waiting for a timeout.",
        falseAlarms: """
            A host with one session cannot be told from a slow client and is not judged. A network that was down for a
            while looks the same, and excuses the client as well. Behind a proxy many clients share an address, and one
            of them that speaks shows that the host was awake.
            """)

    init(_ settings: RuleSettings) {}

    func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        for suspension in capture.suspensions.all {
            guard !capture.clockStepped(in: ClosedRange(between: suspension.from, and: suspension.to)) else { continue }
            report.add(
                "nothing came from \(Phrase.plain(suspension.clientAddress)) for \(Phrase.duration(suspension.nanoseconds)), while "
                    + "\(suspension.sessions) of its sessions owed a pong",
                at: suspension.from, consequence: .shown,
                evidence: Evidence([
                    ("suspended_ms", .milliseconds(suspension.nanoseconds)),
                    ("sessions", .integer(suspension.sessions)),
                ]),
                sessionID: suspension.sessionID)
        }
    }
}
