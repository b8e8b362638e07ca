import JSONText
import TimelineModel

struct ReconnectSynchronised: CaptureRule {
    private static let least = Threshold("clients", 10, step: 1, "how many clients must come back together")
    private static let window = Threshold("within_ms", 1000, step: 100, "within which time, in milliseconds")

    static let page = RulePage(
        "reconnect-synchronised", .session, .warning, sides: [.server, .application],
        source:
            "socket.io-client contrib/backo2.ts (the limit is applied after the random part); socketio/socket.io-client#784",
        summary: "Many clients lost their sessions together and came back together",
        finds: """
            Ten or more clients with addresses of their own whose sessions ended within 1 s, and who each made the next
            handshake within 1 s after their end.
            """,
        why: """
            The server that has just restarted gets all of its clients at once, with logins and subscriptions. If it
            fails under that, the next wave is as large.
            """,
        clientFix: "Give waits a random part that is as large as the wait itself, and a longer first one.",
        serverFix: "Close sessions one after the other before a restart; limit handshakes in the proxy.",
        falseAlarms: """
            Clients of one address, as in a load test or behind a proxy that hides them, count once. Seen at a client's
            tap there is only one client.
            """,
        thresholds: [least, window])

    static let telling = Telling.oncePerCapture

    private struct Return {
        var ended: Timestamp
        var back: Timestamp
        var client: String
        var sessionID: Int64
    }

    private let leastClients: Int
    private let windowNs: Int64

    init(_ settings: RuleSettings) {
        self.leastClients = max(1, settings.count(Self.least))
        self.windowNs = settings.nanoseconds(Self.window)
    }

    func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        var latest: [Int64: SessionSummary] = [:]
        var returns: [Return] = []
        for session in sessions where !session.clientAddress.isEmpty {
            let last = latest.updateValue(session, forKey: session.facts.lineage)
            guard let last, let ended = last.facts.ended, last.facts.endClass != .superseded, !last.clientLeft,
                session.facts.completeHead
            else { continue }
            let wait = session.facts.opened.nanoseconds(since: ended)
            guard wait >= 0, wait <= self.windowNs else { continue }
            let client = "\(session.clientAddress) \(session.facts.forwardedFor ?? "")"
            returns.append(
                Return(ended: ended, back: session.facts.opened, client: client, sessionID: session.facts.id))
        }
        self.judge(returns.sorted { $0.ended < $1.ended }, capture, &report)
    }

    private func judge(_ returns: [Return], _ capture: CaptureState, _ report: inout Report) {
        var window: [String: Int] = [:]
        var end = 0
        var start = 0
        while start < returns.count {
            while end < returns.count, returns[end].ended.nanoseconds(since: returns[start].ended) <= self.windowNs {
                window[returns[end].client, default: 0] += 1
                end += 1
            }
            let wave = returns[start..<end]
            if window.count >= self.leastClients {
                self.report(wave, clients: window.count, capture, &report)
                window = [:]
                start = end
            } else {
                let client = returns[start].client
                let count = (window[client] ?? 1) - 1
                window[client] = count > 0 ? count : nil
                start += 1
            }
        }
    }

    private func report(
        _ wave: ArraySlice<Return>, clients: Int, _ capture: CaptureState, _ report: inout Report
    ) {
        guard let first = wave.first, let last = wave.max(by: { $0.back < $1.back }),
            !capture.clockStepped(in: ClosedRange(between: first.ended, and: last.back))
        else { return }
        report.add(
            "\(clients) clients lost their sessions together and were back within "
                + Phrase.duration(last.back.nanoseconds(since: first.ended)),
            at: last.back, consequence: .shown,
            evidence: Evidence([
                ("clients", .integer(clients)),
                ("sessions", .array(wave.prefix(1024).map { .integer($0.sessionID) })),
            ]))
    }
}
