public import TimelineModel
import Wire

/// Both ends of a connection, as who made it knows them: an address as text without brackets, a port or 0.
public struct ConnectionOpening: Hashable, Sendable {
    public var clientAddress: String
    public var clientPort: Int
    public var serverAddress: String
    public var serverPort: Int
    public var at: Timestamp

    public init(
        clientAddress: String, clientPort: Int, serverAddress: String, serverPort: Int, at: Timestamp
    ) {
        self.clientAddress = clientAddress
        self.clientPort = clientPort
        self.serverAddress = serverAddress
        self.serverPort = serverPort
        self.at = at
    }
}

/// The door for stream bytes: what a proxy passes on, TLS undone. Who is the client is known, and nothing is lost
/// but what the proxy says it could not hand over.
///
/// The order of calls is that of time; pieces of a stream may be cut anywhere. A call for a connection that is over, or
/// never was, is passed over. Memory is bounded by `DecodingLimits`: the open connections, which `connections` does not
/// limit here (the proxy does), and the sessions that are remembered.
public final class StreamDecoder: LiveDoor {
    public private(set) var facts: CaptureFacts
    private let context: DecodingContext
    private var streams: [Int64: StreamLane] = [:]
    public var openConnections: Int { self.streams.count }

    public init(_ facts: CaptureFacts, limits: DecodingLimits = .live) {
        self.facts = facts
        self.context = DecodingContext(limits, isLive: true)
    }

    public var readyFrames: Int { self.context.log.readyFrames }

    /// A connection was made. Its row is written, whatever comes of it.
    ///
    /// - Returns: what the other calls know it by; also its `connections.id` within the capture.
    public func open(_ opening: ConnectionOpening) -> Int64 {
        self.note(opening.at)
        let lane = StreamLane(opening, self.context)
        self.streams[lane.id] = lane
        return lane.id
    }

    /// Bytes as they were read from the connection.
    public func receive(_ id: Int64, _ bytes: Span<UInt8>, from sender: Sender, at: Timestamp) {
        guard let lane = self.streams[id] else { return }
        self.note(at)
        self.facts.packets += 1
        self.facts.bytes += Int64(bytes.count)
        lane.receive(bytes, from: sender, at: at)
    }

    /// So many bytes were passed on and could not be handed over.
    public func gap(_ id: Int64, _ count: Int, from sender: Sender, at: Timestamp) {
        guard count > 0, let lane = self.streams[id] else { return }
        self.note(at)
        lane.gap(count, from: sender, at: at)
    }

    /// The sender will send no more: its FIN. With the second one the connection is over.
    public func end(_ id: Int64, by sender: Sender, at: Timestamp) {
        guard let lane = self.streams[id] else { return }
        self.note(at)
        lane.end(by: sender, at: at)
        if lane.isFinished { self.streams.removeValue(forKey: id) }
    }

    /// The connection was reset, or broke: it is over.
    ///
    /// - Parameter sender: who reset it.
    public func reset(_ id: Int64, by sender: Sender, at: Timestamp) {
        guard let lane = self.streams.removeValue(forKey: id) else { return }
        self.note(at)
        lane.reset(by: sender, at: at)
    }

    /// Something that the source says of itself.
    public func add(_ note: Anomaly) {
        self.context.log.add(note)
    }

    public func tick(at: Timestamp, _ deliver: (TimelineBatch) -> Void) {
        self.context.tick(at: at, deliver)
        self.facts.otherRequests = self.context.otherRequests
    }

    public func finish(_ deliver: (TimelineBatch) -> Void) {
        let at = self.facts.ended ?? .zero
        for lane in self.streams.values.sorted(by: { $0.id < $1.id }) { lane.finish(at: at) }
        self.streams.removeAll()
        self.context.log.releaseAll()
        deliver(self.context.finish(&self.facts))
    }

    private func note(_ at: Timestamp) {
        self.facts.started = min(at, self.facts.started ?? at)
        self.facts.ended = max(at, self.facts.ended ?? at)
    }
}
