import JSONText
import TimelineModel

struct StaleAuth: LineageRule {
    private static let skew = Threshold(
        "clock_skew_ms", 60_000, step: 1000,
        "by how much clocks may differ before a token counts as expired, in milliseconds"
    )

    static let page = RulePage(
        "stale-auth-on-reconnect", .session, .error, versions: "Socket.IO 5", sides: [.client, .application],
        source: """
            Socket.IO protocol 5, Connection to a namespace; RFC 7519, section 4.1.4; socket.io-client lib/socket.ts
            `onopen`; socketio/socket.io#1409, socketio/socket.io-client-swift#1461, tinyhumansai/openhuman#2892
            """,
        summary: "The client reconnects with credentials that were refused before or have expired",
        finds: """
            A CONNECT whose auth payload (but for `pid` and `offset`) is the one that the server refused in an earlier
            session of this client, and that it refuses again; or one with a JSON Web Token whose `exp` lies more than
            60 s before the time of the capture. A recording with redaction has no `exp`: there only the same payload
            refused twice is found.
            """,
        why: """
            The client keeps sending what cannot work and reconnects for ever. In socket.io-client an `auth` object is
            read once; only the function form is asked again before each reconnect.
            """,
        clientFix: """
            Give `auth` as a function that fetches a fresh token, or set `socket.auth` anew in the handler of
            `connect_error` before connecting again. Stop trying when a refusal says that trying is of no use.
            """,
        serverFix:
            "Say in the refusal's `data` that the token has expired, so that clients can tell it from an outage.",
        falseAlarms: """
            Keys that never change are legitimate: only one that was refused twice is reported, as an error where the
            refusal speaks of authentication, else as a warning. Unknown namespaces are no matter of credentials. An
            expired token that the server accepts is a warning.
            """,
        thresholds: [skew])

    static let telling = Telling.oncePerClient

    private let skewSeconds: Double

    init(_ settings: RuleSettings) {
        self.skewSeconds = settings[Self.skew] / 1000
    }

    func judge(_ sessions: [SessionSummary], _ capture: CaptureState, _ report: inout Report) {
        self.judgeRepeats(sessions, &report)
        self.judgeExpiry(sessions, &report)
    }

    // MARK: Refused before

    private struct Credential: Hashable {
        var namespace: String
        var hash: Int
    }

    private struct Refusals {
        var sessions: Set<Int64> = []
        var times = 0
        var message: String?
        var mark: Mark
        var sessionID: Int64
    }

    private func judgeRepeats(_ sessions: [SessionSummary], _ report: inout Report) {
        var refusals: [Credential: Refusals] = [:]
        for session in sessions {
            for attempt in session.state.connects.all {
                guard let hash = attempt.authHash, case .refused(_, let message) = attempt.outcome,
                    !Self.isAboutNamespace(message)
                else { continue }
                let key = Credential(namespace: attempt.namespace, hash: hash)
                var known =
                    refusals.removeValue(forKey: key) ?? Refusals(mark: attempt.mark, sessionID: session.facts.id)
                known.sessions.insert(session.facts.id)
                known.times += 1
                known.message = message
                (known.mark, known.sessionID) = (attempt.mark, session.facts.id)
                refusals[key] = known
            }
        }
        for (key, known) in refusals.sorted(by: { $0.value.mark.frameID < $1.value.mark.frameID })
        where known.sessions.count >= 2 {
            let said = known.message.map { " with \(Phrase.quoted($0))" } ?? ""
            report.add(
                "the client sent the same auth payload to \(Phrase.quoted(key.namespace)) in \(known.sessions.count) "
                    + "sessions and was refused \(Phrase.count(known.times, "time"))\(said)",
                at: known.mark.at, frameID: known.mark.frameID,
                severity: Self.isAboutAuth(known.message) ? nil : .warning, consequence: .shown,
                evidence: Evidence(
                    frames: [known.mark.frameID],
                    [
                        ("sessions", .array(known.sessions.sorted().prefix(1024).map { .integer($0) })),
                        ("refusals", .integer(known.times)),
                    ]),
                sessionID: known.sessionID)
        }
    }

    private static func isAboutNamespace(_ message: String?) -> Bool {
        message == "Invalid namespace" || message == "Unable to connect"
    }

    private static let authWords = [
        "auth", "token", "jwt", "expired", "credential", "forbidden", "permission", "denied", "login", "password",
        "signature", "api key",
    ]

    private static func isAboutAuth(_ message: String?) -> Bool {
        guard let text = message?.lowercased() else { return false }
        return self.authWords.contains { text.contains($0) }
    }

    // MARK: Expired

    private func judgeExpiry(_ sessions: [SessionSummary], _ report: inout Report) {
        var last: (attempt: ConnectAttempt, sessionID: Int64, late: Double)?
        var times = 0
        for session in sessions {
            for attempt in session.state.connects.all {
                guard let expiry = attempt.tokenExpiry, expiry > 0 else { continue }
                let late = Double(attempt.mark.at.nanoseconds) / 1e9 - expiry
                guard late > self.skewSeconds else { continue }
                last = (attempt, session.facts.id, late)
                times += 1
            }
        }
        guard let last else { return }
        let isRefused = if case .refused = last.attempt.outcome { true } else { false }
        let result: String =
            switch last.attempt.outcome {
            case .refused(_, let message?): "; the server refused it with \(Phrase.quoted(message))"
            case .refused(_, nil): "; the server refused it"
            case .accepted: "; the server accepted it all the same"
            case .unanswered: ""
            }
        let often = times > 1 ? ", \(times) times in this client's sessions" : ""
        report.add(
            "a CONNECT to \(Phrase.quoted(last.attempt.namespace)) carried a token that had expired "
                + "\(Phrase.duration(Int64(milliseconds: last.late * 1000))) before\(often)\(result)",
            at: last.attempt.mark.at, frameID: last.attempt.mark.frameID, severity: isRefused ? nil : .warning,
            consequence: isRefused ? .shown : .none,
            evidence: Evidence(
                frames: [last.attempt.mark.frameID],
                [("expired_ms", .milliseconds(Int64(milliseconds: last.late * 1000))), ("times", .integer(times))]),
            sessionID: last.sessionID)
    }
}
