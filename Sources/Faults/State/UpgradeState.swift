public import TimelineModel

/// How far a session has come on its way from polling to WebSocket.
public struct UpgradeState: Hashable, Sendable {
    /// A WebSocket that was opened with the session's sid.
    public struct Socket: Hashable, Sendable {
        public var exchangeID: Int64
        public var connectionID: Int64
        public var requested: Timestamp
        /// The end of its TCP connection; nil while it is open.
        public var closed: Timestamp?
    }

    /// Sockets beyond so many are not followed.
    static let limit = 16

    /// The client's `2probe`.
    public private(set) var probe: Mark?
    /// The connection it came on.
    public private(set) var probeConnectionID: Int64?
    /// The server's `3probe`.
    public private(set) var answer: Mark?
    /// The client's `5`: from here on the WebSocket carries the session.
    public private(set) var upgrade: Mark?
    /// The WebSockets opened with the session's sid, in the order of their requests.
    public private(set) var sockets: [Socket] = []
    /// The connection of the client's last packet over WebSocket that was no probe.
    public private(set) var clientConnectionID: Int64?

    mutating func apply(_ frame: Frame) {
        guard frame.transport == .websocket else { return }
        switch (frame.engineIOType, frame.sender) {
        case (.ping, .client) where frame.isProbe:
            self.probe = Mark(frame)
            self.probeConnectionID = frame.connectionID
            self.answer = nil
        case (.pong, .server) where frame.isProbe:
            self.answer = Mark(frame)
        case (.upgrade, .client):
            self.upgrade = Mark(frame)
        default:
            break
        }
    }

    /// A packet of the client that is no probe.
    mutating func noteClient(on connectionID: Int64) {
        self.clientConnectionID = connectionID
    }

    mutating func apply(_ exchange: ExchangeFacts, connection: ConnectionFacts?) {
        guard exchange.status == 101, exchange.isUpgradeOfSession else { return }
        let socket = Socket(
            exchangeID: exchange.id, connectionID: exchange.connectionID, requested: exchange.requested,
            closed: connection?.closed)
        if let known = self.sockets.firstIndex(where: { $0.exchangeID == exchange.id }) {
            self.sockets[known] = socket
        } else if self.sockets.count < Self.limit {
            self.sockets.append(socket)
        }
    }

    /// A connection has ended.
    mutating func close(_ connectionID: Int64, at closed: Timestamp) {
        for index in self.sockets.indices where self.sockets[index].connectionID == connectionID {
            self.sockets[index].closed = closed
        }
    }

    /// The socket on a connection; nil where its request was not seen.
    public func socket(on connectionID: Int64) -> Socket? {
        self.sockets.last { $0.connectionID == connectionID }
    }

    /// A probe is on its way and the `5` has not come.
    public var isUnderway: Bool { self.probe != nil && self.upgrade == nil }
}
