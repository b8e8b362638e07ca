import JSONText
import TimelineModel

struct SessionTooShort: LineageRule {
    private static let life = Threshold("life_ms", 2000, step: 100, "what is too short a life, in milliseconds")
    private static let least = Threshold("sessions", 3, step: 1, "how many such sessions in a row count")

    static let page = RulePage(
        "session-too-short", .session, .warning, sides: [.client, .server, .middlebox, .application],
        source: "Engine.IO protocol, Handshake; socketio/socket.io#3975",
        summary: "Several sessions of a client in a row ended right after they had begun",
        finds: """
            At least three sessions in a row of one client that lived less than 2 s each and that the server ended, or
            the client after the server had refused or disconnected it.
            """,
        why: """
            The client connects and is thrown out, over and over: it never gets to work, and each try costs the server a
            handshake.
            """,
        clientFix:
            "See what the last of these sessions was told (`sioscope why`), and wait longer before each new try.",
        serverFix: "Look at what refuses the client: authentication, a handler of `connection` that fails, a limit.",
        falseAlarms: """
            Sessions that the client itself ended do not count: page reloads, tools and tests that connect, do
            something and leave, and components that a framework mounts twice.
            """,
        thresholds: [life, least])

    static let telling = Telling.oncePerClient

    private let shortNs: Int64
    private let leastSessions: Int

    init(_ settings: RuleSettings) {
        self.shortNs = settings.nanoseconds(Self.life)
        self.leastSessions = settings.count(Self.least)
    }

    func judge(_ sessions: [SessionSummary], _ capture: CaptureState, _ report: inout Report) {
        var run: [SessionSummary] = []
        for session in sessions {
            if self.isTooShort(session, capture) {
                run.append(session)
            } else {
                self.conclude(run, &report)
                run = []
            }
        }
        self.conclude(run, &report)
    }

    private func isTooShort(_ session: SessionSummary, _ capture: CaptureState) -> Bool {
        guard let life = session.lifeNs, life < self.shortNs, let ended = session.facts.ended,
            session.facts.endClass != .superseded, session.facts.endedBy != .client || session.wasToldToGo
        else { return false }
        return !capture.clockStepped(in: ClosedRange(between: session.facts.opened, and: ended))
    }

    private func conclude(_ run: [SessionSummary], _ report: inout Report) {
        guard run.count >= self.leastSessions, let last = run.last, let ended = last.facts.ended else { return }
        let lives = run.compactMap(\.lifeNs)
        report.add(
            "\(run.count) sessions in a row lived only \(Phrase.duration(lives.min() ?? 0)) to "
                + "\(Phrase.duration(lives.max() ?? 0)); the last one ended with \(last.endPhrase)",
            at: ended, consequence: .shown,
            evidence: Evidence([
                ("sessions", .array(run.prefix(1024).map { .integer($0.facts.id) })),
                ("shortest_life_ms", .milliseconds(lives.min() ?? 0)),
                ("longest_life_ms", .milliseconds(lives.max() ?? 0)),
            ]),
            sessionID: last.facts.id)
    }
}
