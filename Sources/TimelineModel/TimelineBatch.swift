/// What a decoder has to say since the last batch: new frames and anomalies, and the newest state of everything that
/// changed. Ids count from 1 within one capture; a writer shifts them behind what its file holds.
public struct TimelineBatch: Sendable {
    public var frames: [Frame] = []
    public var anomalies: [Anomaly] = []
    public var connections: [ConnectionFacts] = []
    public var sessions: [SessionFacts] = []
    public var exchanges: [ExchangeFacts] = []

    public init() {}

    public var isEmpty: Bool {
        self.frames.isEmpty && self.anomalies.isEmpty && self.connections.isEmpty && self.sessions.isEmpty
            && self.exchanges.isEmpty
    }
}
