import TimelineModel

struct PacketLossAtUpgrade: SessionRule {
    static let page = RulePage(
        "transport-packet-loss-at-upgrade", .engineIO, .warning, sides: [.client, .server],
        source: "Engine.IO protocol 4, Upgrade; engine.io-client#18: packets in flight at the change of transports",
        summary: "An event that went by polling around the upgrade was never acknowledged",
        finds: """
            An event with an ack id that went by polling within 1 s of the `5` of the upgrade, before or after it, and no
            ACK of its id for 30 s, while the session and its namespace stayed open.
            """,
        why: """
            While one transport takes over from the other a packet may fall between: sent by polling when the other side
            reads only the WebSocket. Nobody sends it again.
            """,
        clientFix: "Let the pending poll and POST end before the `5` is sent, and keep what is to be sent until then.",
        serverFix: "Flush what is queued into the pending poll before the transports change.",
        falseAlarms: """
            A handler that never calls its acknowledgement looks the same: compare with `ack-unanswered` at other times. A
            session, a namespace or a capture that ends within 30 s is not judged.
            """,
        thresholds: [Self.near, Self.wait])

    static let near = Threshold(
        "near_upgrade_ms", 1000, step: 100, "How near to the upgrade an event counts as in flight, in milliseconds.")
    static let wait = Threshold("wait_ms", 30_000, step: 1000, "How long an acknowledgement may take, in milliseconds.")

    static let sees: Interest = [.events, .acks, .upgrade, .disconnect]

    private struct Asked {
        var mark: Mark
        var sender: Sender
        var namespace: String?
        var ackID: Int64
        var event: String?
    }

    static let limit = 1024
    private let nearNs: Int64
    private let waitNs: Int64
    private var asked: [Asked] = []

    init(_ settings: RuleSettings) {
        self.nearNs = settings.nanoseconds(Self.near)
        self.waitNs = settings.nanoseconds(Self.wait)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        switch frame.socketIOType {
        case .event, .binaryEvent:
            guard let ackID = frame.ackID, frame.transport == .polling,
                Self.isNear(frame.at, session.upgrade.upgrade, self.nearNs)
            else { return }
            // Until the upgrade comes, only the newest ones can be near it.
            if session.upgrade.upgrade == nil {
                let nearNs = self.nearNs
                self.asked.removeAll { frame.at.nanoseconds(since: $0.mark.at) > nearNs }
            }
            guard self.asked.count < Self.limit else { return }
            self.asked.append(
                Asked(
                    mark: Mark(frame), sender: frame.sender, namespace: frame.namespace, ackID: ackID,
                    event: frame.event))
        case .ack, .binaryAck:
            self.asked.removeAll {
                $0.ackID == frame.ackID && $0.namespace == frame.namespace && $0.sender != frame.sender
            }
        case .disconnect:
            self.asked.removeAll { $0.namespace == frame.namespace }
        default:
            // The upgrade: what went long before it was not in flight.
            let (upgrade, nearNs) = (Mark(frame), self.nearNs)
            self.asked.removeAll { !Self.isNear($0.mark.at, upgrade, nearNs) }
        }
    }

    private static func isNear(_ at: Timestamp, _ upgrade: Mark?, _ nearNs: Int64) -> Bool {
        // Before the upgrade nobody knows when it will be.
        guard let upgrade else { return true }
        return at.nanoseconds(since: upgrade.at).magnitude <= nearNs.magnitude
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        guard let upgrade = session.upgrade.upgrade else { return }
        for asked in self.asked {
            let waited = session.lastMoment.nanoseconds(since: asked.mark.at)
            guard waited >= self.waitNs else { continue }
            let event = asked.event.map { " \(Phrase.quoted($0))" } ?? ""
            report.add(
                "event\(event) of the \(asked.sender.rawValue) with ack id \(asked.ackID), by polling "
                    + "\(Phrase.duration(Int64(clamping: asked.mark.at.nanoseconds(since: upgrade.at).magnitude))) from "
                    + "the upgrade, was never acknowledged",
                at: asked.mark.at, frameID: asked.mark.frameID,
                over: ClosedRange(between: asked.mark.at, and: session.lastMoment), isTimed: true,
                evidence: Evidence(
                    frames: [asked.mark.frameID, upgrade.frameID], measuredNs: waited, allowedNs: self.waitNs))
        }
    }
}
