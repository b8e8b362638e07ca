import TimelineModel

/// Joins binary messages to the header that announced them, for one sender of one session.
///
/// Source: Socket.IO protocol v5, "Packet encoding": the binary messages of a packet follow it directly; Engine.IO's
/// own packets may come between, other Socket.IO packets may not.
public struct AttachmentAssembler: Sendable {
    /// What the rows of attachments take from their header.
    public struct Header: Hashable, Sendable {
        public var namespace: String
        public var event: String?
        public var ackID: Int64?
        public var attachments: Int

        public init(namespace: String, event: String?, ackID: Int64?, attachments: Int) {
            self.namespace = namespace
            self.event = event
            self.ackID = ackID
            self.attachments = attachments
        }
    }

    private enum State {
        case idle
        case waiting(Header, received: Int, isInterrupted: Bool)
    }

    private var state = State.idle

    public init() {}

    /// How many attachments are still to come, and of what; nil for none.
    public var missing: (count: Int, header: Header)? {
        guard case .waiting(let header, let received, _) = self.state else { return nil }
        return (header.attachments - received, header)
    }

    /// Another packet came where attachments should follow: what is missing, the first time it happens to a header. The
    /// header goes on waiting, for a sender may have mixed up the order of two packets and still send its attachments.
    public mutating func interrupt() -> (count: Int, header: Header)? {
        guard case .waiting(let header, let received, false) = self.state else { return nil }
        self.state = .waiting(header, received: received, isInterrupted: true)
        return (header.attachments - received, header)
    }

    /// Messages were lost, and attachments may be among them: which of those to come is which cannot be told.
    public mutating func lose() {
        self.state = .idle
    }

    /// A header with `attachments` to come. What an earlier header still missed is given up.
    public mutating func begin(_ header: Header) {
        self.state = header.attachments > 0 ? .waiting(header, received: 0, isInterrupted: false) : .idle
    }

    /// A binary message: its header and its number there, from 0; nil where no header waits for one.
    public mutating func receiveBinary() -> (header: Header, number: Int)? {
        guard case .waiting(let header, let received, let isInterrupted) = self.state else { return nil }
        self.state =
            received + 1 < header.attachments
            ? .waiting(header, received: received + 1, isInterrupted: isInterrupted) : .idle
        return (header, received)
    }
}
