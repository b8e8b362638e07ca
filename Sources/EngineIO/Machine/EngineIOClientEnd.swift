import TimelineModel

/// Why a client's Engine.IO session is over.
public enum EngineIOClientEnd: Error, Equatable, Sendable, CustomStringConvertible {
    /// The client's own wish.
    case closedByClient
    /// The server sent a `close` packet. (Node's server ends a WebSocket without one.)
    case closedByServer
    /// What is below ended.
    case transportClosed
    /// No `open` packet came within so many milliseconds.
    case openTimeout(afterMs: Int64)
    /// The first packet was another one.
    case unexpectedBeforeOpen(EngineIOType)
    /// The first packet was an `open` whose data is no JSON object with a `sid`.
    case badOpen
    /// No ping came for so many milliseconds: pingInterval + pingTimeout.
    case pingTimeout(afterMs: Int64)
    /// The server sent what is no packet.
    case malformedPacket(EngineIODecodeError)

    public var description: String {
        switch self {
        case .closedByClient: "closed by the client"
        case .closedByServer: "the server sent an Engine.IO close packet"
        case .transportClosed: "the transport was closed"
        case .openTimeout(let ms): "the server sent no open packet within \(ms) ms"
        case .unexpectedBeforeOpen(let type): "the server's first packet was \(type.name); expected open"
        case .badOpen: "the server's open packet is no JSON object with a sid"
        case .pingTimeout(let ms):
            "the server sent no ping for \(ms) ms (pingInterval + pingTimeout): the connection is dead"
        case .malformedPacket(let error): "the server sent no Engine.IO packet: \(error)"
        }
    }
}
