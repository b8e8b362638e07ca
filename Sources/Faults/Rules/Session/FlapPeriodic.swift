import JSONText
import TimelineModel

struct FlapPeriodic: LineageRule {
    private static let least = Threshold("sessions", 3, step: 1, "how many sessions in a row make a flap")
    private static let variation = Threshold(
        "life_variation", 0.1, step: 0.01, "standard deviation of the lives, as a part of their mean")
    private static let spread = Threshold(
        "life_spread_ms", 1000, step: 100, "how far each life may be from the mean instead, in milliseconds")

    static let page = RulePage(
        "flap-periodic", .session, .error, sides: [.client, .server, .middlebox, .application],
        source: """
            Engine.IO protocol, Heartbeat; socketio/socket.io#5117, socketio/socket.io-client#1584,
            googollee/go-socket.io#540, Links2004/arduinoWebSockets#941
            """,
        summary: "A client's sessions end again and again after the same time",
        finds: """
            At least three sessions of one client in a row, each begun within two minutes after the end of the one
            before, that ended in the same way by the same side after the same life: the lives' standard deviation is
            less than a tenth of their mean, or each is within 1 s of a mean of at least 2 s. Sessions that the client
            left of its own will do not count.
            """,
        why: """
            A constant life is a timer's work: a heartbeat that goes wrong, a timeout between, a token that runs out.
            The rule that found something in most of these sessions and explains such an end is named as the most likely
            cause. The period alone proves nothing: with the defaults a missing pong, a missing ping and a CONNECT that
            never came all give 45 s.
            """,
        clientFix: "See the rule that the finding names, and `sioscope why` for each session.",
        serverFix:
            "The same; where no rule is named, look for timers of proxies and of the application with that time.",
        falseAlarms: """
            The time between two reconnects is the client's own and is not looked at, only the lives. Tools that are
            started again and again say goodbye or end their own connection; where the client ends the sessions and no
            rule says why, it is a warning.
            """,
        thresholds: [least, variation, spread])

    static let telling = Telling.oncePerClient

    /// A client that comes back later than this has not reconnected but been started again.
    static let longestGapNs: Int64 = 120_000_000_000
    /// A spread of a second around less says nothing; nor are a client's own sessions of less told from a tool's.
    static let leastLife = 2.0

    private let leastSessions: Int
    private let mostVariation: Double
    private let mostSpread: Double

    init(_ settings: RuleSettings) {
        self.leastSessions = settings.count(Self.least)
        self.mostVariation = settings[Self.variation]
        self.mostSpread = settings[Self.spread] / 1000
    }

    func judge(_ sessions: [SessionSummary], _ capture: CaptureState, _ report: inout Report) {
        var run: [SessionSummary] = []
        var lives = Lives()
        for session in sessions {
            guard let life = session.lifeNs, life > 0, !session.clientLeft else {
                self.conclude(run, lives, capture, &report)
                (run, lives) = ([], Lives())
                continue
            }
            let seconds = Double(life) / 1e9
            if let last = run.last, Self.continues(last, session) {
                let longer = lives.adding(seconds)
                if longer.count < self.leastSessions || self.isPeriodic(longer) {
                    run.append(session)
                    lives = longer
                    continue
                }
                if run.count < self.leastSessions {
                    // Perhaps only the first of them was odd.
                    run = run.dropFirst() + [session]
                    lives = run.compactMap(\.lifeNs).reduce(Lives()) { $0.adding(Double($1) / 1e9) }
                    continue
                }
            }
            self.conclude(run, lives, capture, &report)
            (run, lives) = ([session], Lives().adding(seconds))
        }
        self.conclude(run, lives, capture, &report)
    }

    private static func continues(_ last: SessionSummary, _ next: SessionSummary) -> Bool {
        guard let ended = last.facts.ended, last.facts.endClass == next.facts.endClass,
            last.facts.endedBy == next.facts.endedBy
        else { return false }
        let gap = next.facts.opened.nanoseconds(since: ended)
        return gap >= 0 && gap <= Self.longestGapNs
    }

    private func isPeriodic(_ lives: Lives) -> Bool {
        if lives.deviation < self.mostVariation * lives.mean { return true }
        return lives.mean >= Self.leastLife
            && max(lives.longest - lives.mean, lives.mean - lives.shortest) <= mostSpread
    }

    private func conclude(
        _ run: [SessionSummary], _ lives: Lives, _ capture: CaptureState, _ report: inout Report
    ) {
        guard run.count >= self.leastSessions, let first = run.first, let last = run.last, let ended = last.facts.ended,
            !capture.clockStepped(in: ClosedRange(between: first.facts.opened, and: ended))
        else { return }
        let isByClient = last.facts.endedBy == .client
        guard !isByClient || lives.mean >= Self.leastLife else { return }
        let cause = FlapCause(run, capture)
        let who = last.facts.endedBy.map { "the \($0.rawValue)" } ?? "one side"
        let reason = cause.map { "most likely cause: \($0.rule), in \($0.sessions) of \(run.count)" }
        report.add(
            "\(run.count) sessions in a row lived \(Self.seconds(lives.mean)) (\(Self.seconds(lives.shortest)) to "
                + "\(Self.seconds(lives.longest))), each ended by \(who) with \(last.endPhrase); "
                + (reason ?? "no rule says why"),
            at: ended, severity: isByClient && cause == nil ? .warning : nil, consequence: .shown,
            evidence: Evidence([
                ("sessions", .array(run.prefix(1024).map { .integer($0.facts.id) })),
                ("mean_life_ms", .milliseconds(Self.nanoseconds(lives.mean))),
                ("shortest_life_ms", .milliseconds(Self.nanoseconds(lives.shortest))),
                ("longest_life_ms", .milliseconds(Self.nanoseconds(lives.longest))),
                ("cause", cause.map { .string($0.rule) } ?? .null),
            ]),
            sessionID: last.facts.id)
    }

    private static func nanoseconds(_ seconds: Double) -> Int64 { Int64(milliseconds: seconds * 1000) }
    private static func seconds(_ seconds: Double) -> String { Phrase.duration(self.nanoseconds(seconds)) }
}

/// Mean and spread of lives, in seconds, one added at a time. Source: Welford's method.
private struct Lives {
    private(set) var count = 0
    private(set) var mean = 0.0
    private var squares = 0.0
    private(set) var shortest = Double.infinity
    private(set) var longest = 0.0

    func adding(_ life: Double) -> Lives {
        var lives = self
        lives.count += 1
        let difference = life - self.mean
        lives.mean += difference / Double(lives.count)
        lives.squares += difference * (life - lives.mean)
        lives.shortest = min(self.shortest, life)
        lives.longest = max(self.longest, life)
        return lives
    }

    var deviation: Double { self.count > 1 ? (self.squares / Double(self.count - 1)).squareRoot() : 0 }
}
