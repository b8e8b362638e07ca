import JSONText
import TimelineModel

struct ConnectErrorLoop: LineageRule {
    private static let least = Threshold("refusals", 3, step: 1, "how many refusals count")
    private static let window = Threshold("within_ms", 10_000, step: 500, "within which time, in milliseconds")

    static let page = RulePage(
        "connect-error-tight-loop", .session, .warning, versions: "Socket.IO 5", sides: [.client, .application],
        source: "Socket.IO protocol 5, Connection to a namespace; tinyhumansai/openhuman#2892",
        summary: "The client asks for a namespace again and again although it is refused",
        finds: """
            At least three CONNECTs of one client for the same namespace that the server answered with CONNECT_ERROR,
            from the first of them to the third refusal within 10 s, over one session or several.
            """,
        why: """
            A refusal stays a refusal until something changes. Each try costs the server its authentication, and
            socket.io-client does not try again by itself: the application's own handler does.
            """,
        clientFix: "In the handler of `connect_error` change what was refused before connecting again, and wait.",
        serverFix: "Limit the tries of a client; say in the refusal's `data` whether another try makes sense.",
        falseAlarms: """
            One try for each of several namespaces is not a loop, nor are tries that grow apart.
            """,
        thresholds: [least, window])

    static let telling = Telling.oncePerClient

    private let leastRefusals: Int
    private let windowNs: Int64

    init(_ settings: RuleSettings) {
        self.leastRefusals = max(1, settings.count(Self.least))
        self.windowNs = settings.nanoseconds(Self.window)
    }

    private struct Refusal {
        var asked: Mark
        var refused: Mark
        var sessionID: Int64
        var message: String?
    }

    func judge(_ sessions: [SessionSummary], _ capture: CaptureState, _ report: inout Report) {
        var refusals: [String: [Refusal]] = [:]
        for session in sessions {
            for attempt in session.state.connects.all {
                guard case .refused(let mark, let message) = attempt.outcome else { continue }
                refusals[attempt.namespace, default: []].append(
                    Refusal(asked: attempt.mark, refused: mark, sessionID: session.facts.id, message: message))
            }
        }
        for (namespace, all) in refusals.sorted(by: { $0.key < $1.key }) {
            guard let end = self.firstTight(all, capture) else { continue }
            let last = all[end]
            let first = all[end - self.leastRefusals + 1]
            let took = last.refused.at.nanoseconds(since: first.asked.at)
            let said = last.message.map { ", with \(Phrase.quoted($0))" } ?? ""
            let more = all.count > self.leastRefusals ? " (\(all.count) times in all)" : ""
            report.add(
                "the client asked for \(Phrase.quoted(namespace)) \(self.leastRefusals) times within "
                    + "\(Phrase.duration(took)) and was refused each time\(more)\(said)",
                at: last.refused.at, frameID: last.refused.frameID, consequence: .shown,
                evidence: Evidence(
                    frames: [first.asked.frameID, last.refused.frameID], measuredNs: took, allowedNs: self.windowNs,
                    [("refusals", .integer(all.count))]),
                sessionID: last.sessionID)
        }
    }

    /// The refusal that fills the first window.
    private func firstTight(_ all: [Refusal], _ capture: CaptureState) -> Int? {
        all.indices.first { end in
            guard end >= self.leastRefusals - 1 else { return false }
            let start = all[end - self.leastRefusals + 1].asked.at
            return all[end].refused.at.nanoseconds(since: start) <= self.windowNs
                && !capture.clockStepped(in: ClosedRange(between: start, and: all[end].refused.at))
        }
    }
}
