/// What one session of a server is made with.
public struct EngineIOServerSettings: Hashable, Sendable {
    /// How violations are taken.
    public enum Dialect: Hashable, Sendable {
        /// As engine.io does: the session ends.
        case strict
        /// As python-engineio does: what can be passed over is.
        case lenient
    }

    /// The server's part of the heartbeat.
    public enum Heartbeat: Hashable, Sendable {
        /// Version 4: a ping so long after each pong, and the end without a pong in time. Version 3: the end without a
        /// ping of the client within the sum. Nanoseconds, each more than 0.
        case live(intervalNs: Int64, timeoutNs: Int64)
        /// The caller leads it. Version 4: nothing but its `ping` events pings until so long after the beginning, and
        /// then it goes on as a live one. Version 3: the caller answers the client's pings. It ends as a live one does.
        case led(intervalNs: Int64, timeoutNs: Int64, untilNs: Int64)
        /// Neither pings nor ends.
        case off
    }

    public var version: EngineIOVersion
    /// What the open packet says.
    public var handshake: EngineIOHandshake
    public var heartbeat: Heartbeat
    public var dialect: Dialect
    /// Larger WebSocket messages are a violation; nil for any size.
    public var maxMessageBytes: Int?
    /// From the WebSocket of an upgrade to its `upgrade` packet; engine.io: 10 s.
    public var upgradeTimeoutNs: Int64

    public init(
        _ version: EngineIOVersion, _ handshake: EngineIOHandshake, heartbeat: Heartbeat, dialect: Dialect = .strict,
        maxMessageBytes: Int? = nil, upgradeTimeoutNs: Int64 = 10_000_000_000
    ) {
        self.version = version
        self.handshake = handshake
        self.heartbeat = heartbeat
        self.dialect = dialect
        self.maxMessageBytes = maxMessageBytes
        self.upgradeTimeoutNs = upgradeTimeoutNs
    }
}
