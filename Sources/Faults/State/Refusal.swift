import TimelineModel

/// Why a server of Engine.IO refused a request, as its answer says. Sources: engine.io lib/server.ts, `Server.errors`, and
/// `abortUpgrade`, which writes the message alone; python-engineio base_server.py and server.py, which write a JSON text
/// without a code.
enum Refusal: Hashable, Sendable {
    case unknownTransport
    case unknownSid
    case badMethod
    case badRequest
    case forbidden
    case unsupportedVersion

    /// Nil for answers that are no refusal, or that say nothing a server of Engine.IO would.
    init?(_ exchange: ExchangeFacts) {
        guard let status = exchange.status, (400..<500).contains(status) else { return nil }
        let text = exchange.errorMessage ?? exchange.errorBody ?? ""
        switch (status, exchange.errorCode, text) {
        case (400, 0, _), (400, nil, "Transport unknown"), (400, nil, "Invalid transport"): self = .unknownTransport
        case (400, 1, _), (400, nil, "Session ID unknown"): self = .unknownSid
        // python-engineio looks for the session first, also in a handshake that is no GET.
        case (400, nil, "Invalid session None") where exchange.method != "GET": self = .badMethod
        case (400, nil, _) where text.hasPrefix("Invalid session"): self = .unknownSid
        case (400, 2, _), (400, nil, "Bad handshake method"): self = .badMethod
        case (400, 3, _), (400, nil, "Invalid websocket upgrade"), (400, nil, "Bad request"): self = .badRequest
        case (_, 4, _): self = .forbidden
        case (400, 5, _), (400, nil, "Unsupported protocol version"): self = .unsupportedVersion
        case (400, nil, _) where text.contains("unsupported version"): self = .unsupportedVersion
        default: return nil
        }
    }
}
