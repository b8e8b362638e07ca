/// How a recorded client is driven against a server.
public struct ReplayClientSettings: Hashable, Sendable {
    public enum TransportChoice: String, Hashable, Sendable, CaseIterable {
        /// What the recorded session used, its upgrade included.
        case asRecorded = "as-recorded"
        /// A WebSocket from the first byte on.
        case websocket
        /// Long-polling to the end.
        case polling
    }

    public var pace: Pace
    public var transport: TransportChoice
    /// The rule that the client breaks; nil for a client that keeps the protocol whatever was recorded.
    public var misbehaviour: Misbehaviour?
    /// Path of the endpoint; nil for the recorded one, or `/socket.io/` where that is not known.
    public var path: String?
    /// What stands in every URL beside the protocol's own parameters, without `?`; nil for what was recorded.
    public var query: String?
    /// The whole replay ends after this time, in nanoseconds.
    public var limitNs: Int64
    /// How long the client waits for something that the server said in the recording, on top of three times the time
    /// that it took there; in nanoseconds. Then it goes on.
    public var waitNs: Int64
    /// How long a connection may take until its open packet is there, in nanoseconds.
    public var openTimeoutNs: Int64
    /// JSON pointers into the arguments of events and acks (`/0/createdAt`, the name not counted; `*` stands for any
    /// one key or index) where any value of the server's is right.
    public var ignoring: [String]

    public init(
        pace: Pace = .recorded, transport: TransportChoice = .asRecorded, misbehaviour: Misbehaviour? = nil,
        path: String? = nil, query: String? = nil, limitNs: Int64 = 3_600_000_000_000, waitNs: Int64 = 5_000_000_000,
        openTimeoutNs: Int64 = 20_000_000_000,
        ignoring: [String] = []
    ) {
        self.pace = pace
        self.transport = transport
        self.misbehaviour = misbehaviour
        self.path = path
        self.query = query
        self.limitNs = limitNs
        self.waitNs = waitNs
        self.openTimeoutNs = openTimeoutNs
        self.ignoring = ignoring
    }
}
