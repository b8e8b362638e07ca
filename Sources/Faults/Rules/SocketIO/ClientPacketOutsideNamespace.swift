import TimelineModel

struct ClientPacketOutsideNamespace: SessionRule {
    static let page = RulePage(
        "client-packet-outside-namespace", .socketIO, .error, versions: "Socket.IO 5; 4 but for the root namespace",
        sides: [.client],
        source: """
            Socket.IO protocol 5, "Connection to a namespace"; socket.io lib/client.ts `ondecoded`;
            miguelgrinberg/python-socketio#325, #295, #634
            """,
        summary: "The client sent an event or ack on a namespace that it had not joined",
        finds: """
            An event or ack of the client on a namespace for which it had sent no CONNECT, which the server had refused,
            or which one side had left. Of one namespace the first is reported, with the number of those that follow.
            Where a CONNECT was on its way it is a warning if the server accepted it in the end (the variant
            `event-before-connect-ack`), else an error; where the server's DISCONNECT crossed the packet on the wire it
            is a note.
            """,
        why: """
            Node's server closes the whole session for it, with an empty close frame and no word why; other namespaces
            on it get `forced close`. python-socketio drops the packet and goes on. A packet that follows the CONNECT
            too soon is a race: Node closes where a middleware takes its time, or where both came in one TCP segment.
            """,
        clientFix: """
            Send nothing on a namespace before the server's `40/name,{"sid":...}` has come, and nothing after a `41` or
            `44` of either side; queue events until then.
            """,
        serverFix: "Nothing: the client breaks the protocol. Middleware that answers fast makes the race rarer.",
        falseAlarms: """
            Under Engine.IO 3 the root namespace is joined from the open packet on. A capture that begins later, or
            misses bytes, does not show the CONNECT: then nothing is said.
            """)

    static let sees: Interest = [.events, .acks, .connect, .connectError, .disconnect]

    private enum Trouble: Equatable {
        case unasked
        case pending(since: Timestamp)
        case refused
        case left(by: Sender)
        /// The server's DISCONNECT had hardly been sent.
        case crossed
    }

    private struct Episode {
        var trouble: Trouble
        var first: Frame
        var more = 0
    }

    /// More than this many namespaces at a time are not followed.
    private static let limit = 64

    private var episodes: [String: Episode] = [:]

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard let namespace = frame.namespace else { return }
        switch frame.socketIOType {
        case .connect, .connectError, .disconnect:
            guard !self.episodes.isEmpty, let episode = self.episodes.removeValue(forKey: namespace) else { return }
            self.report(episode, isAccepted: frame.socketIOType == .connect, session, &report)
        default:
            guard frame.sender == .client, let trouble = self.trouble(namespace, frame, session) else { return }
            guard self.episodes[namespace] == nil else {
                self.episodes[namespace]?.more += 1
                return
            }
            guard self.episodes.count < Self.limit else { return }
            self.episodes[namespace] = Episode(trouble: trouble, first: frame)
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        let isClosed = session.facts.completeTail && session.facts.endedBy == .server
        for episode in self.episodes.values.sorted(by: { $0.first.id < $1.first.id }) {
            self.report(episode, isAccepted: !isClosed, session, &report)
        }
    }

    private func trouble(_ namespace: String, _ frame: Frame, _ session: SessionState) -> Trouble? {
        switch session.standing {
        case .connected: return nil
        case .requested(let mark): return .pending(since: mark.at)
        case .refused: return .refused
        case .left(let mark, .server):
            return frame.at.nanoseconds(since: mark.at) < session.reactionNs ? .crossed : .left(by: .server)
        case .left(_, .client):
            // In a session of version 4 the root is no namespace that one leaves and joins.
            return session.isEngineIO3 && namespace == "/" ? nil : .left(by: .client)
        case nil:
            return session.namespaces.isFull ? nil : .unasked
        }
    }

    private func report(_ episode: Episode, isAccepted: Bool, _ session: SessionState, _ report: inout Report) {
        let frame = episode.first
        var severity = Severity.error
        let what: String
        switch episode.trouble {
        case .unasked: what = "without a CONNECT for it"
        case .pending(let since):
            let after = frame.at.nanoseconds(since: since)
            what = "\(Phrase.duration(after)) after its CONNECT, which the server had not answered"
            if isAccepted { severity = .warning }
        case .refused: what = "which the server had refused"
        case .left(let side): what = "after the \(side.rawValue)'s DISCONNECT"
        case .crossed:
            what = "while the server's DISCONNECT was on its way"
            severity = .note
        }
        let more = episode.more > 0 ? ", the first of \(episode.more + 1) such packets" : ""
        report.add(
            "\(Phrase.packet(frame)) on namespace \(Phrase.namespace(frame.namespace)) \(what)\(more)", frame: frame,
            severity: severity, consequence: .end(by: .server),
            over: ClosedRange(between: session.facts.opened, and: frame.at),
            evidence: Evidence(frames: [frame.id], [("packets", .integer(episode.more + 1))]))
    }
}
