import JSONText

/// The JSON of an `open` packet. Source: Engine.IO protocol v4, "Handshake"; v3 has no `maxPayload`.
public struct EngineIOHandshake: Hashable, Sendable {
    /// Key of the session in URLs: a secret. Differs from the Socket.IO socket id in v5.
    public var sid: String
    /// Transports the client may upgrade to.
    public var upgrades: [String]
    /// Milliseconds between two pings; the server's in v4, the client's in v3. Default of the reference server 25 000.
    public var pingIntervalMs: Int?
    /// Milliseconds to wait for the answer. Default 20 000 (5 000 before engine.io 5).
    public var pingTimeoutMs: Int?
    /// Bytes the server accepts in one message or body; since engine.io 6.2.
    public var maxPayload: Int?

    public init(
        sid: String, upgrades: [String] = [], pingIntervalMs: Int? = nil, pingTimeoutMs: Int? = nil,
        maxPayload: Int? = nil
    ) {
        self.sid = sid
        self.upgrades = upgrades
        self.pingIntervalMs = pingIntervalMs
        self.pingTimeoutMs = pingTimeoutMs
        self.maxPayload = maxPayload
    }

    /// Nil where the text is no JSON object with a `sid`.
    public init?(json: Span<UInt8>) {
        guard let value = try? JSONValue(json), let sid = value["sid"]?.string else { return nil }
        func int(_ key: String) -> Int? { value[key]?.integer.flatMap(Int.init(exactly:)) }
        self.sid = sid
        self.upgrades = value["upgrades"]?.array?.compactMap(\.string) ?? []
        self.pingIntervalMs = int("pingInterval")
        self.pingTimeoutMs = int("pingTimeout")
        self.maxPayload = int("maxPayload")
    }

    /// What follows the type digit of an `open` packet.
    public var json: String {
        var members: [JSONValue.Member] = [
            .init("sid", .string(self.sid)), .init("upgrades", .array(self.upgrades.map { .string($0) })),
        ]
        if let pingIntervalMs { members.append(.init("pingInterval", .integer(pingIntervalMs))) }
        if let pingTimeoutMs { members.append(.init("pingTimeout", .integer(pingTimeoutMs))) }
        if let maxPayload { members.append(.init("maxPayload", .integer(maxPayload))) }
        return JSONValue.object(members).description
    }
}
