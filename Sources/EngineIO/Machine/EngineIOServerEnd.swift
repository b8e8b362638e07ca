import TimelineModel

/// Why a server's Engine.IO session is over.
public enum EngineIOServerEnd: Error, Hashable, Sendable, CustomStringConvertible {
    case closedByServer
    /// The client sent a `close` packet that is honoured.
    case closedByClient
    /// What is below ended.
    case transportClosed(wasReset: Bool)
    /// The client sent no pong (v4) or no ping (v3) in time.
    case heartbeatTimeout(afterMs: Int64)
    case violation(EngineIOViolation)

    public var description: String {
        switch self {
        case .closedByServer: "closed by the server"
        case .closedByClient: "the client sent an Engine.IO close packet"
        case .transportClosed(let wasReset): wasReset ? "the client reset the connection" : "the client hung up"
        case .heartbeatTimeout(let ms): "the client let a heartbeat of \(ms) ms pass"
        case .violation(let violation): "the client broke the protocol: \(violation)"
        }
    }
}

/// What a client does that a strict server answers with the end of the session.
public enum EngineIOViolation: Error, Hashable, Sendable, CustomStringConvertible {
    /// Version 4: only the server pings. Source: engine.io `socket.ts`, "invalid heartbeat direction".
    case clientPing
    /// Version 3: only the server answers.
    case clientPong
    case malformed(EngineIODecodeError)
    case malformedPayload(PollingPayloadError)
    /// A second GET while one waits.
    case pollOverlap
    /// A GET was given up by the client.
    case pollAborted
    /// More bytes in a message than `maxPayload`.
    case tooBig(bytes: Int, limit: Int)

    public var description: String {
        switch self {
        case .clientPing: "a ping from the client under Engine.IO 4, where the server pings"
        case .clientPong: "a pong from the client under Engine.IO 3, where the client pings"
        case .malformed(let error): "no Engine.IO packet: \(error)"
        case .malformedPayload(let error): "no polling payload: \(error)"
        case .pollOverlap: "a second GET while one was waiting"
        case .pollAborted: "a waiting GET was given up"
        case .tooBig(let bytes, let limit): "a message of \(bytes) bytes; maxPayload is \(limit)"
        }
    }
}
