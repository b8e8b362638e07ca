public import TimelineModel

/// A session as a timeline holds it, ready to be driven again.
public struct RecordedSession: Sendable {
    public var facts: SessionFacts
    /// In the order of the tap. Between a header and its attachments nothing else of that sender is Socket.IO.
    public var packets: [RecordedPacket]
    /// Of the requests that belong to it, in order: how a polling session ended, for instance.
    public var exchanges: [ExchangeFacts]
    /// What ended its last transport: `frames` of the WebSocket close control frames, in order.
    public var closeFrames: [CloseFrame]
    /// When the client sent bodies that could not be cut into packets, in order.
    public var brokenBodies: [Timestamp]

    public struct CloseFrame: Hashable, Sendable {
        public var at: Timestamp
        public var sender: Sender
        /// Nil for an empty body.
        public var code: UInt16?
        public var reason: String

        public init(at: Timestamp, sender: Sender, code: UInt16? = nil, reason: String = "") {
            self.at = at
            self.sender = sender
            self.code = code
            self.reason = reason
        }
    }

    public init(facts: SessionFacts) {
        self.facts = facts
        self.packets = []
        self.exchanges = []
        self.closeFrames = []
        self.brokenBodies = []
    }

    public func packets(of sender: Sender) -> [RecordedPacket] { self.packets.filter { $0.sender == sender } }
}

/// What one client lived through: sessions in a row, and handshakes that no session came of.
public struct RecordedLineage: Sendable {
    public enum Life: Sendable {
        case session(RecordedSession)
        /// A handshake that the server refused, with what it answered.
        case refused(ExchangeFacts)

        public var began: Timestamp {
            switch self {
            case .session(let session): session.facts.opened
            case .refused(let exchange): exchange.requested
            }
        }
    }

    /// In the order of their beginnings; never empty.
    public var lives: [Life]

    public init(lives: [Life]) { self.lives = lives }

    public var sessions: [RecordedSession] {
        self.lives.compactMap { if case .session(let session) = $0 { session } else { nil } }
    }
}
