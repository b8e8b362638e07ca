import EngineIO
import TimelineModel

/// A second session of the same client beside the real one: it joins as that did, keeps its heartbeat, and says no more.
struct TwinSession: Sendable {
    /// Numbers that the real session never gets to.
    private static let firstNumber = 1 << 40

    private var link: ClientLink
    private let joining: [EngineIOPacket]

    /// - Parameter joining: the CONNECT of the real one.
    init(_ plan: LinkPlan, joining: [EngineIOPacket]) {
        self.link = ClientLink(plan, numbers: Self.firstNumber)
        self.joining = joining
    }

    var deadline: Timestamp? { self.link.deadline }

    mutating func begin(at now: Timestamp) -> [ClientAction] { self.take(self.link.begin(at: now), at: now) }

    /// Any event of the client: it knows its own by their numbers.
    mutating func handle(_ event: ClientEvent, at now: Timestamp) -> [ClientAction] {
        self.take(self.link.handle(event, at: now), at: now)
    }

    /// The real one is over.
    mutating func leave(at now: Timestamp) -> [ClientAction] {
        self.take(self.link.close(.webSocketClose(code: nil, reason: ""), at: now), at: now)
    }

    private mutating func take(_ out: [LinkOutput], at now: Timestamp) -> [ClientAction] {
        var actions: [ClientAction] = []
        for output in out {
            switch output {
            case .action(let action): actions.append(action)
            case .opened: actions += self.take(self.link.send(self.joining, at: now), at: now)
            case .message, .ended: break
            }
        }
        return actions
    }
}
